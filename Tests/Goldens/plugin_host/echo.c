/* A plugin in plain C: a task, its dataset and its evaluator. The configuration is searched for
 * words, each of which makes one thing go wrong; rows of the second kind are by index. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPluginABI.h"

static tk_str str(const char *text) { return (tk_str){text, strlen(text)}; }

static int has(tk_str text, const char *word) {
  return memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

typedef struct { int64_t count; int inside; } rows;

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, tk_str split,
                        void **instance, tk_error *error) {
  host->log(host, TK_LOG_INFO, (tk_str){user, strlen(user)});
  if (has(split, "test")) return TK_END;
  if (has(config, "\"wrong\"")) {
    snprintf(error->text, error->capacity, "'wrong' is not allowed: réponse");
    return TK_E_CONFIG;
  }
  if (has(config, "\"silent\"")) return TK_E_DATA;
  if (has(config, "\"unterminated\"")) {
    memset(error->text, 'x', error->capacity);
    return TK_E_INTERNAL;
  }
  if (has(config, "\"latin1\"")) {
    snprintf(error->text, error->capacity, "caf\xe9");
    return TK_E_UNSUPPORTED;
  }
  rows *made = calloc(1, sizeof *made);
  made->count = has(config, "\"uncountable\"") ? TK_E_DATA : 9;
  *instance = made;
  return host->cancelled(host) ? TK_E_CANCELLED : TK_OK;
}

static void destroy(void *instance) { free(instance); }

static int64_t count(void *instance) { return ((rows *)instance)->count; }

static tk_status turn(const tk_example_out_v1 *out, const char *role, const char *text) {
  tk_part_v1 part = {TK_PART_TEXT, 0, {NULL, 0}, str(text)};
  return out->turn(out, TK_SECTION_CONVERSATION, str(role), &part, 1);
}

static tk_status clip(const tk_example_out_v1 *out, const char *tensor) {
  tk_part_v1 parts[2] = {{TK_PART_MEDIA, 0, str("audio"), str(tensor)},
                         {TK_PART_TEXT, 0, {NULL, 0}, str("listen")}};
  return out->turn(out, TK_SECTION_CONVERSATION, str("user"), parts, 2);
}

static tk_status read_row(void *instance, int64_t index, int64_t epoch, uint64_t seed,
                          const tk_example_out_v1 *out, tk_error *error) {
  rows *all = instance;
  if (__sync_add_and_fetch(&all->inside, 1) != 1) {
    snprintf(error->text, error->capacity, "two calls at once");
    return TK_E_INTERNAL;
  }
  static const int64_t shape[2] = {2, 2};
  static const float values[4] = {1, 2, 3, 4};
  static const uint8_t bytes[4] = {5, 6, 7, 255};
  tk_status status = TK_OK;
  char text[80];
  snprintf(text, sizeof text, "row %lld epoch %lld seed %llu", (long long)index, (long long)epoch,
           (unsigned long long)seed);
  switch (index) {
  case 0: case 8: {
    tk_str choices[2] = {str("Yes"), str("No")};
    turn(out, "user", text);
    turn(out, "assistant", "Yes");
    out->metadata(out, str("{\"id\": 7}"));
    status = out->choices(out, choices, 2);
    break; }
  case 1:
    clip(out, "clip");
    out->tensor(out, str("clip"), TK_F32, shape, 2, values, sizeof values);
    out->tensor(out, str("mask"), TK_U8, shape, 2, bytes, sizeof bytes);
    break;
  case 2:
    snprintf(error->text, error->capacity, "line 3 of data.jsonl is empty");
    status = TK_E_DATA;
    break;
  case 3: break;
  case 4: clip(out, "nowhere"); break;
  case 5:
    turn(out, "user", "x");
    out->tensor(out, str("t"), TK_F32, shape, 2, values, 8);
    break;
  case 6: status = turn(out, "robot", "x"); break;
  case 7: turn(out, "user", "x"); out->metadata(out, str("[1]")); break;
  }
  __sync_sub_and_fetch(&all->inside, 1);
  return status;
}

static const tk_dataset_v1 dataset = {sizeof dataset, 0, create, destroy, count, read_row, {0}};

static tk_status evaluate(void *instance, const tk_predictions_v1 *all, const tk_text_out_v1 *out,
                          tk_error *error) {
  (void)instance, (void)error;
  size_t right = 0, absent = 0;
  double sum = 0;
  for (size_t i = 0; i < all->count; i++) {
    if (!all->references[i].ptr) absent++;
    else if (all->references[i].len == all->texts[i].len &&
             memcmp(all->references[i].ptr, all->texts[i].ptr, all->texts[i].len) == 0) right++;
    for (size_t j = 0; j < all->choice_counts[i]; j++) sum += all->choice_log_likelihoods[i][j];
  }
  if (all->count == 0) {
    out->write(out, str("{\"count\": 0, \"primary\": \"none\", \"metrics\": {}}"));
    return TK_OK;
  }
  char text[200];
  snprintf(text, sizeof text,
           "{\"count\": %zu, \"primary\": \"right\", \"metrics\": {\"right\": {\"value\": %zu},"
           " \"sum\": {\"value\": %g}}, \"details\": {\"absent\": %zu, \"first\": ",
           all->count, right, sum, absent);
  out->write(out, str(text));
  out->write(out, all->examples_json[0]);
  out->write(out, str("}}"));
  return TK_OK;
}

static const tk_evaluator_v1 evaluator = {sizeof evaluator, 0, create, destroy, evaluate, {0}};

static tk_status describe(void *user, const tk_text_out_v1 *out, tk_error *error) {
  (void)error;
  out->write(out, str("{\"name\": \"echo\", \"summary\": \"Echoes.\","));
  out->write(out, str("\"dataset\": \"echo.rows\", "));
  out->write(out, str(user));
  return TK_OK;
}

static const tk_task_v1 task = {sizeof task, TK_THREAD_SAFE, describe, {0}};

static const tk_export_v1 exports[] = {
    {TK_KIND_TASK, 0, "echo", "Echoes.", &task,
     "\"evaluator\": \"echo.right\", \"defaults\": {\"training_args\": {\"seed\": 1}}}"},
    {TK_KIND_TASK, 0, "lame", "", &task, "\"evaluator\": \"echo.nowhere\"}"},
    {TK_KIND_TASK, 0, "mute", "", &task, "oops"},
    {TK_KIND_DATASET, 0, "echo.rows", "Nine rows.", &dataset, "opening"},
    {TK_KIND_EVALUATOR, 0, "echo.right", "", &evaluator, "judging"},
    {99, 0, "from the future", "", &task, NULL},
};

static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "echo", "1.2.3", "C",
    sizeof exports / sizeof exports[0], exports, NULL, {0}};

const tk_plugin_head *tk_plugin_entry(uint32_t major) {
  (void)major;
  return &plugin.head;
}
