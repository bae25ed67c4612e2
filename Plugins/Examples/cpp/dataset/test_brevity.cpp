// Calls the dataset through tk_plugin_entry, as the host does.
#include "taskkit_test.h"

static void rows(void) {
  const char *config = "{\"words\": [\"a\", \"b\", \"c\", \"d\", \"\\u00e9\\\"\"], \"seed\": 7}";
  tk_test_answer made = tk_test_row("brevity.rows", config, "train", 3);
  CHECK(made.status == TK_OK && made.count == 4);
  CHECK(strcmp(made.text, "user: Shorten: d d d\nassistant: d\nmetadata: {\"word\": \"d\"}") == 0);
  made = tk_test_row("brevity.rows", config, "validation", 0);
  CHECK(made.status == TK_OK && made.count == 1);
  CHECK(strstr(made.text, "user: Shorten: é\" é\" é\"\nassistant: é\"\n"));
  CHECK(strstr(made.text, "metadata: {\"word\": \"é\\\"\"}"));
  CHECK(tk_test_row("brevity.rows", config, "test", 0).status == TK_END);
  CHECK(tk_test_row("brevity.rows", "{\"seed\": 7}", "train", 7).count == 8);
  CHECK(tk_test_row("brevity.rows", "{\"seed\": 7}", "validation", 1).count == 2);
}

static void configurations(void) {
  static const char *const wrong[] = {"{\"words\": []}", "{\"words\": \"a\"}",
                                      "{\"words\": [\"a\", 1]}", "{\"words\": null}"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    const tk_test_answer made = tk_test_row("brevity.rows", wrong[i], "train", 0);
    CHECK(made.status == TK_E_CONFIG && strstr(made.error, "'words"));
  }
  CHECK(tk_test_row("brevity.rows", "{\"words\": [\"a\"", "train", 0).status == TK_E_CONFIG);
  CHECK(tk_test_row("brevity.rows", "[]", "train", 0).status == TK_E_CONFIG);
  const char *hosts = "{\"seed\": 7, \"shuffle\": true, \"train\": \"a\", \"test\": null}";
  CHECK(tk_test_row("brevity.rows", hosts, "train", 0).status == TK_OK);
  const tk_test_answer made = tk_test_row("brevity.rows", "{\"wrods\": [\"a\"]}", "train", 0);
  CHECK(made.status == TK_E_CONFIG);
  CHECK(strcmp(made.error, "unknown key 'wrods'; known: 'words'") == 0);
}

int main(void) {
  rows();
  configurations();
  CHECK(tk_plugin_entry(TK_ABI_MAJOR + 1) == nullptr);
  return tk_test_result();
}
