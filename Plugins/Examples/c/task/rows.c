/* The task's dataset: "Shorten: <a word three times>", answered by the word. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brevity.h"
#include "taskkit_json.h"

/* The rows of one split; every fifth word is the validation split's. */
typedef struct rows {
  tk_str *words; /* each allocated */
  size_t count;
  int validation;
} rows;

static const char *const builtin_words[] = {"river", "lantern", "quiet", "meadow", "copper",
                                            "window", "thunder", "paper", "garden", "silver"};

static tk_status fail(tk_error *error, tk_status status, const char *sentence) {
  snprintf(error->text, error->capacity, "%s", sentence);
  return status;
}

static tk_str str(const char *text) { return (tk_str){text, strlen(text)}; }

static void destroy(void *instance) {
  rows *self = instance;
  for (size_t i = 0; i < self->count; i++) free((char *)self->words[i].ptr);
  free(self->words);
  free(self);
}

/* Appends a word of this length; its bytes, for the caller to fill. NULL: out of memory. */
static char *add(rows *self, size_t length) {
  tk_str *grown = realloc(self->words, (self->count + 1) * sizeof *grown);
  if (!grown) return NULL;
  self->words = grown;
  char *text = malloc(length + 1);
  if (text) self->words[self->count++] = (tk_str){text, length};
  return text;
}

/* snippet: config */
static tk_status read_words(rows *self, tk_str config, tk_error *error) {
  static const char wrong[] = "'words' must be an array of strings with at least one element";
  static const char *const keys[] = {"words", TK_DATA_KEYS};
  tk_str array, element;
  if (tk_json_unknown(config, keys, sizeof keys / sizeof *keys, &element) == TK_JSON_FOUND) {
    snprintf(error->text, error->capacity, "unknown key '%.*s'; known: 'words'", (int)element.len,
             element.ptr);
    return TK_E_CONFIG;
  }
  int found = tk_json_member(config, "words", &array);
  if (found == TK_JSON_INVALID) return fail(error, TK_E_CONFIG, "the configuration is no object");
  if (found == TK_JSON_ABSENT) {
    for (size_t i = 0; i < sizeof builtin_words / sizeof *builtin_words; i++) {
      tk_str word = str(builtin_words[i]);
      char *text = add(self, word.len);
      if (!text) return fail(error, TK_E_INTERNAL, "out of memory");
      memcpy(text, word.ptr, word.len);
    }
    return TK_OK;
  }
  size_t offset = 0;
  while ((found = tk_json_next(array, &offset, &element)) == TK_JSON_FOUND) {
    int64_t length = tk_json_string(element, NULL, 0);
    if (length < 0) return fail(error, TK_E_CONFIG, wrong);
    char *text = add(self, (size_t)length);
    if (!text) return fail(error, TK_E_INTERNAL, "out of memory");
    tk_json_string(element, text, (size_t)length);
  }
  return found == TK_JSON_ABSENT && self->count > 0 ? TK_OK : fail(error, TK_E_CONFIG, wrong);
}
/* end snippet */

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, tk_str split,
                        void **instance, tk_error *error) {
  (void)user, (void)host;
  const int train = split.len == 5 && memcmp(split.ptr, "train", 5) == 0;
  const int validation = split.len == 10 && memcmp(split.ptr, "validation", 10) == 0;
  if (!train && !validation) return TK_END;
  rows *made = calloc(1, sizeof *made);
  if (!made) return fail(error, TK_E_INTERNAL, "out of memory");
  made->validation = validation;
  tk_status status = read_words(made, config, error);
  if (status == TK_OK) {
    *instance = made;
  } else {
    destroy(made);
  }
  return status;
}

static int64_t count(void *instance) {
  const rows *self = instance;
  const size_t fifths = self->count / 5;
  return (int64_t)(self->validation ? fifths : self->count - fifths);
}

/* snippet: row */
static tk_status turn(const tk_example_out_v1 *sink, const char *role, tk_str text) {
  const tk_part_v1 part = {TK_PART_TEXT, 0, {NULL, 0}, text};
  return sink->turn(sink, TK_SECTION_CONVERSATION, str(role), &part, 1);
}

/* A row is the same in every epoch, so epoch and seed are not needed. */
static tk_status read_row(void *instance, int64_t index, int64_t epoch, uint64_t seed,
                          const tk_example_out_v1 *sink, tk_error *error) {
  (void)epoch, (void)seed;
  const rows *self = instance;
  const size_t i = (size_t)index;
  const tk_str word = self->words[self->validation ? 5 * i + 4 : i + i / 4];
  /* The longest of the texts: {"word": …}, where a byte becomes up to six. */
  const size_t capacity = 64 + 6 * word.len;
  char *text = malloc(capacity);
  if (!text) return fail(error, TK_E_INTERNAL, "out of memory");

  size_t length = (size_t)snprintf(text, capacity, "Shorten:");
  for (int times = 0; times < 3; times++) {
    text[length++] = ' ';
    memcpy(text + length, word.ptr, word.len);
    length += word.len;
  }
  tk_status status = turn(sink, "user", (tk_str){text, length});
  if (status == TK_OK) status = turn(sink, "assistant", word);

  length = (size_t)snprintf(text, capacity, "{\"word\": ");
  length += tk_json_quote(word, text + length, capacity - length);
  text[length++] = '}';
  if (status == TK_OK) status = sink->metadata(sink, (tk_str){text, length});
  free(text);
  return status;
}
/* end snippet */

/* Calls on one instance may overlap: count and read_row only read it. */
const tk_dataset_v1 brevity_rows = {
    sizeof brevity_rows, TK_THREAD_SAFE, create, destroy, count, read_row, {0}};
