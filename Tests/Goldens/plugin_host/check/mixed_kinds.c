/* Preference pairs and, further on, a row that is none; the evaluator wants its pairs' numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPluginABI.h"

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, tk_str split,
                        void **instance, tk_error *error) {
  (void)user, (void)host;
  if (config.len == 0 || config.ptr[0] != '{') {
    snprintf(error->text, error->capacity, "the configuration is no object");
    return TK_E_CONFIG;
  }
  *instance = malloc(1);
  *(char *)*instance = split.ptr[0];
  return TK_OK;
}

static int64_t count(void *instance) { return *(char *)instance == 't' ? 3 : 2; }

static tk_status turn(const tk_example_out_v1 *out, int32_t section, const char *role,
                      const char *text) {
  const tk_part_v1 part = {TK_PART_TEXT, 0, {NULL, 0}, {text, strlen(text)}};
  return out->turn(out, section, (tk_str){role, strlen(role)}, &part, 1);
}

static tk_status read_row(void *instance, int64_t index, int64_t epoch, uint64_t seed,
                          const tk_example_out_v1 *out, tk_error *error) {
  (void)instance, (void)epoch, (void)seed, (void)error;
  turn(out, TK_SECTION_CONVERSATION, "user", "q");
  if (index == 2) return turn(out, TK_SECTION_CONVERSATION, "assistant", "a");
  turn(out, TK_SECTION_CHOSEN, "assistant", "a");
  return turn(out, TK_SECTION_REJECTED, "assistant", "b");
}

static tk_status evaluate(void *instance, const tk_predictions_v1 *all,
                          const tk_text_out_v1 *json, tk_error *error) {
  (void)instance;
  double sum = 0;
  for (size_t i = 0; i < all->count; i++) {
    if (all->choice_counts[i] != 2 && all->choice_counts[i] != 4) {
      snprintf(error->text, error->capacity, "%zu numbers of a pair", all->choice_counts[i]);
      return TK_E_DATA;
    }
    const double *each = all->choice_log_likelihoods[i];
    sum += each[0] - each[1] - (all->choice_counts[i] == 4 ? each[2] - each[3] : 0);
  }
  char text[256];
  snprintf(text, sizeof text,
           "{\"count\": %zu, \"primary\": \"margin\", \"metrics\": {\"margin\": {\"value\": %g}}}",
           all->count, sum / (double)all->count);
  json->write(json, (tk_str){text, strlen(text)});
  return TK_OK;
}

static tk_status describe(void *user, const tk_text_out_v1 *json, tk_error *error) {
  (void)user, (void)error;
  const char *text = "{\"name\": \"mixed\", \"summary\": \"\", \"dataset\": \"rows\", "
                     "\"evaluator\": \"margin\", \"defaults\": {}}";
  json->write(json, (tk_str){text, strlen(text)});
  return TK_OK;
}

static const tk_task_v1 task = {sizeof task, TK_THREAD_SAFE, describe, {0}};
static const tk_dataset_v1 dataset = {sizeof dataset, 0, create, free, count, read_row, {0}};
static const tk_evaluator_v1 evaluator = {sizeof evaluator, 0, create, free, evaluate, {0}};
static const tk_export_v1 exports[] = {{TK_KIND_TASK, 0, "mixed", "", &task, NULL},
                                       {TK_KIND_DATASET, 0, "rows", "", &dataset, NULL},
                                       {TK_KIND_EVALUATOR, 0, "margin", "", &evaluator, NULL}};
static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "mixed", "1", "C", 3, exports, NULL, {0}};

const tk_plugin_head *tk_plugin_entry(uint32_t major) {
  (void)major;
  return &plugin.head;
}
