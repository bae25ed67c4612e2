/* Calls the reward through tk_plugin_entry, as the host does. */
#include "taskkit_test.h"

static void scores(void) {
  const char *completions[] = {"four", "eight ch", "größer", "", " \n"};
  const tk_test_scores made = tk_test_reward("brevity", "{\"target\": 4}", completions, 5);
  CHECK(made.status == TK_OK);
  CHECK(made.scores[0] == 1.0f && made.scores[1] == 0.5f);
  CHECK(fabsf(made.scores[2] - 4.0f / 6) < 1e-6f); /* six characters in eight bytes */
  CHECK(isnan(made.scores[3]) && strcmp(made.reasons[3], "empty completion") == 0);
  CHECK(isnan(made.scores[4]) && strcmp(made.reasons[4], "empty completion") == 0);
  CHECK(made.reasons[0][0] == 0);
  CHECK(strcmp(made.component, "characters") == 0);
  CHECK(made.values[1] == 8 && made.values[2] == 6 && made.values[3] == 0);
}

static void configurations(void) {
  const char *completions[] = {"a"};
  static const char *const wrong[] = {
      "{}", "{\"targe\": 40}", "{\"target\": \"40\"}", "{\"target\": 0}", "{\"target\": -3}",
      "{\"target\": 4.5}", "{\"target\": null}", "{\"target\": 99999999999999999999}"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    const tk_test_scores made = tk_test_reward("brevity", wrong[i], completions, 1);
    CHECK(made.status == TK_E_CONFIG && strstr(made.error, "'target'"));
  }
  static const char *const garbage[] = {
      "", "[]", "{\"target\": 40", "{\"target\": 40} 1", "{\"target\": 040}",
      "{\"target\": 1, \"target\": 2}"};
  for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
    const tk_test_scores made = tk_test_reward("brevity", garbage[i], completions, 1);
    CHECK(made.status == TK_E_CONFIG && strstr(made.error, "the configuration"));
  }
  CHECK(tk_test_reward("brevity", " {\"t\\u0061rget\": 1} ", completions, 1).scores[0] == 1);
  const char *misspelled = "{\"target\": 1, \"tagret\": 40}";
  const tk_test_scores made = tk_test_reward("brevity", misspelled, completions, 1);
  CHECK(made.status == TK_E_CONFIG);
  CHECK(strcmp(made.error, "unknown key 'tagret'; known: 'target'") == 0);
}

int main(void) {
  scores();
  configurations();
  CHECK(tk_plugin_entry(TK_ABI_MAJOR + 1) == NULL);
  return tk_test_result();
}
