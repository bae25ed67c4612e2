/* The task's evaluator: the share of answers that are the reference, word for word. */
#include <stdio.h>
#include <string.h>

#include "brevity.h"
#include "taskkit_json.h"

/* The evaluator has no configuration and keeps nothing: its instance is never looked at. */
static tk_status create(void *user, const tk_host_v1 *host, tk_str config, tk_str split,
                        void **instance, tk_error *error) {
  (void)user, (void)host, (void)config, (void)split, (void)error;
  *instance = NULL;
  return TK_OK;
}

static void destroy(void *instance) { (void)instance; }

static int is_space(char c) { return memchr(" \t\n\v\f\r", c, 6) != NULL; }

static tk_str trimmed(tk_str text) {
  while (text.len > 0 && is_space(text.ptr[0])) text.ptr++, text.len--;
  while (text.len > 0 && is_space(text.ptr[text.len - 1])) text.len--;
  return text;
}

static int equal(tk_str a, tk_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Whether the first word of the row's first user text is the reference. */
static int echo_is_right(tk_str example, tk_str reference) {
  tk_str turns, turn, role, parts, part, text;
  size_t next_turn = 0, next_part = 0;
  if (tk_json_member(example, "turns", &turns) != TK_JSON_FOUND) return 0;
  while (tk_json_next(turns, &next_turn, &turn) == TK_JSON_FOUND) {
    if (tk_json_member(turn, "role", &role) != TK_JSON_FOUND) return 0;
    if (!tk_json_equal(role, "user")) continue;
    if (tk_json_member(turn, "parts", &parts) != TK_JSON_FOUND) return 0;
    while (tk_json_next(parts, &next_part, &part) == TK_JSON_FOUND) {
      if (tk_json_member(part, "text", &text) != TK_JSON_FOUND) continue;
      char start[256]; /* a longer word is cut */
      int64_t length = tk_json_string(text, start, sizeof start);
      if (length > (int64_t)sizeof start) length = sizeof start;
      tk_str word = trimmed((tk_str){start, length < 0 ? 0 : (size_t)length});
      for (size_t i = 0; i < word.len; i++) {
        if (is_space(word.ptr[i])) word.len = i;
      }
      return equal(word, reference);
    }
    return 0;
  }
  return 0;
}

/* snippet: evaluate */
static tk_status evaluate(void *instance, const tk_predictions_v1 *all,
                          const tk_text_out_v1 *report_json, tk_error *error) {
  (void)instance;
  size_t exact = 0, echo = 0;
  for (size_t i = 0; i < all->count; i++) {
    if (!all->references[i].ptr) {
      snprintf(error->text, error->capacity, "prediction %zu: its row has no reference", i);
      return TK_E_DATA;
    }
    exact += (size_t)equal(trimmed(all->texts[i]), all->references[i]);
    echo += (size_t)echo_is_right(all->examples_json[i], all->references[i]);
  }
  const double count = all->count > 0 ? (double)all->count : 1;
  char json[256];
  const int length = snprintf(
      json, sizeof json,
      "{\"count\": %zu, \"primary\": \"exact\", \"metrics\": {\"exact\": {\"value\": %.17g,"
      " \"count\": %zu}}, \"baselines\": {\"echo\": {\"exact\": %.17g}}}",
      all->count, (double)exact / count, all->count, (double)echo / count);
  report_json->write(report_json, (tk_str){json, (size_t)length});
  return TK_OK;
}
/* end snippet */

const tk_evaluator_v1 brevity_exact = {
    sizeof brevity_exact, TK_THREAD_SAFE, create, destroy, evaluate, {0}};
