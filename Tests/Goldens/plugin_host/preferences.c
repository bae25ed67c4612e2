/* Preference pairs, or answers with labels where the configuration says "labels", and an evaluator
 * that adds up what the models give them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPluginABI.h"

typedef struct { int labels, mixed, validation; } rows;

static tk_str str(const char *text) { return (tk_str){text, strlen(text)}; }

static int has(tk_str text, const char *word) {
  return memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, tk_str split,
                        void **instance, tk_error *error) {
  (void)user, (void)host, (void)error;
  if (has(split, "test")) return TK_END;
  rows *made = malloc(sizeof *made);
  *made = (rows){has(config, "\"labels\""), has(config, "\"mixed\""), has(split, "validation")};
  *instance = made;
  return TK_OK;
}

static int64_t count(void *instance) { return ((rows *)instance)->validation ? 3 : 4; }

static tk_status turn(const tk_example_out_v1 *out, int32_t section, const char *role,
                      const char *text) {
  const tk_part_v1 part = {TK_PART_TEXT, 0, {NULL, 0}, str(text)};
  return out->turn(out, section, str(role), &part, 1);
}

/* Of the validation rows the first asks what a training row asks. */
static tk_status read_row(void *instance, int64_t index, int64_t epoch, uint64_t seed,
                          const tk_example_out_v1 *out, tk_error *error) {
  (void)epoch, (void)seed, (void)error;
  const rows *all = instance;
  const int number = (int)index + (all->validation ? 3 : 0);
  char text[64];
  snprintf(text, sizeof text, "How much is %d?", number);
  turn(out, TK_SECTION_CONVERSATION, "user", text);
  snprintf(text, sizeof text, "{\"number\": %d}", number);
  out->metadata(out, str(text));
  snprintf(text, sizeof text, "It is %d, as far as I know.", number);
  if (all->labels || (all->mixed && index == 1)) {
    turn(out, TK_SECTION_CONVERSATION, "assistant", text);
    return out->label(out, index % 2 == 0);
  }
  turn(out, TK_SECTION_CHOSEN, "assistant", text);
  turn(out, TK_SECTION_REJECTED, "assistant", "Hm.");
  if (index == 2) {
    turn(out, TK_SECTION_REJECTED, "user", "Well?");
    turn(out, TK_SECTION_REJECTED, "assistant", "I would not say, and nobody else here would.");
  }
  return TK_OK;
}

static tk_status evaluate(void *instance, const tk_predictions_v1 *all,
                          const tk_text_out_v1 *json, tk_error *error) {
  (void)instance, (void)error;
  size_t numbers = 0, ahead = 0, written = 0;
  for (size_t i = 0; i < all->count; i++) {
    const double *each = all->choice_log_likelihoods[i];
    numbers += all->choice_counts[i];
    ahead += all->choice_counts[i] > 1 && each[0] > each[1];
    written += all->texts[i].len > 0;
  }
  char text[512];
  snprintf(text, sizeof text,
           "{\"count\": %zu, \"primary\": \"ahead\", \"metrics\": {\"ahead\": {\"value\": %zu}, "
           "\"numbers\": {\"value\": %zu}, \"written\": {\"value\": %zu}}}",
           all->count, ahead, numbers, written);
  json->write(json, str(text));
  return TK_OK;
}

static tk_status describe(void *user, const tk_text_out_v1 *json, tk_error *error) {
  (void)user, (void)error;
  json->write(json, str("{\"name\": \"preferences\", \"summary\": \"\", \"dataset\": \"rows\", "
                        "\"evaluator\": \"ahead\", \"defaults\": {}}"));
  return TK_OK;
}

static const tk_task_v1 task = {sizeof task, TK_THREAD_SAFE, describe, {0}};
static const tk_dataset_v1 dataset = {sizeof dataset, TK_THREAD_SAFE, create, free,
                                      count, read_row, {0}};
static const tk_evaluator_v1 evaluator = {sizeof evaluator, TK_THREAD_SAFE, create, free,
                                          evaluate, {0}};
static const tk_export_v1 exports[] = {{TK_KIND_TASK, 0, "preferences", "", &task, NULL},
                                       {TK_KIND_DATASET, 0, "rows", "", &dataset, NULL},
                                       {TK_KIND_EVALUATOR, 0, "ahead", "", &evaluator, NULL}};
static const tk_plugin_v1 plugin = {{TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin},
                                    "preferences", "1", "C", 3, exports, NULL, {0}};

const tk_plugin_head *tk_plugin_entry(uint32_t major) {
  (void)major;
  return &plugin.head;
}
