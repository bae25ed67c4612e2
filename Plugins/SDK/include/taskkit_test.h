/* A host in miniature for the tests of a plugin, in C11 and C++17: it calls the exports of the
 * program's own tk_plugin_entry as the host does, with fixed buffers. Not part of a plugin.
 *
 *     tk_test_scores s = tk_test_reward("brevity", "{\"target\": 4}", completions, 3);
 *     CHECK(s.status == TK_OK && s.scores[0] == 1);
 *     return tk_test_result();
 */
#ifndef TASKKIT_TEST_H
#define TASKKIT_TEST_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CPluginABI.h"

enum { TK_TEST_SAMPLES = 16, TK_TEST_TEXT = 4096 };

static int tk_test_failures = 0;

/* Reports a condition that does not hold; the test goes on. */
#define CHECK(condition) \
  ((condition) ? (void)0 \
               : (void)(tk_test_failures++, \
                        fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition)))

/* What main returns. */
static inline int tk_test_result(void) {
  fprintf(stderr, tk_test_failures ? "%d checks failed\n" : "all checks passed\n",
          tk_test_failures);
  return tk_test_failures ? 1 : 0;
}

static inline tk_str tk_test_str(const char *text) {
  const tk_str str = {text, text ? strlen(text) : 0};
  return str;
}

/* ---- the host's side ------------------------------------------------------------------------ */

static inline void tk_test_log(const tk_host_v1 *host, int32_t level, tk_str message) {
  (void)host;
  fprintf(stderr, "log %d: %.*s\n", (int)level, (int)message.len, message.ptr);
}

static inline int32_t tk_test_cancelled(const tk_host_v1 *host) {
  (void)host;
  return 0;
}

/* This host offers no service, as a host without a model. */
static inline const void *tk_test_service(const tk_host_v1 *host, const char *id) {
  (void)host, (void)id;
  return NULL;
}

static const tk_host_v1 tk_test_host = {
    TK_ABI_MINOR,    sizeof(tk_host_v1), NULL, tk_test_log, tk_test_cancelled,
    tk_test_service, {NULL, NULL, NULL, NULL}};

/* The export of that kind and name, its table checked; NULL: there is none. */
static inline const tk_export_v1 *tk_test_export(int32_t kind, const char *name) {
  const tk_plugin_head *head = tk_plugin_entry(TK_ABI_MAJOR);
  if (!head || head->magic != TK_MAGIC || head->abi_major != TK_ABI_MAJOR) return NULL;
  if (head->struct_size != sizeof(tk_plugin_v1)) return NULL;
  const tk_plugin_v1 *plugin = (const tk_plugin_v1 *)(const void *)head;
  for (size_t i = 0; i < plugin->export_count; i++) {
    const tk_export_v1 *each = &plugin->exports[i];
    if (each->kind == kind && strcmp(each->name, name) == 0) return each;
  }
  return NULL;
}

/* What a call wrote: text, and one sentence if status is negative. */
typedef struct tk_test_answer {
  tk_status status;
  int64_t count; /* of a dataset: its rows */
  char text[TK_TEST_TEXT], error[512];
} tk_test_answer;

static inline void tk_test_append(tk_test_answer *answer, const char *label, tk_str text) {
  const size_t used = strlen(answer->text);
  snprintf(answer->text + used, sizeof answer->text - used, "%s%.*s", label, (int)text.len,
           text.ptr ? text.ptr : "");
}

static inline void tk_test_write(const tk_text_out_v1 *out, tk_str chunk) {
  tk_test_append((tk_test_answer *)out->ctx, "", chunk);
}

/* ---- rewards -------------------------------------------------------------------------------- */

typedef struct tk_test_scores {
  tk_status status;
  float scores[TK_TEST_SAMPLES];
  char reasons[TK_TEST_SAMPLES][128]; /* why the reward abstained; empty: it did not */
  char component[64];                 /* the name and values of the last component */
  float values[TK_TEST_SAMPLES];
  char error[512];
} tk_test_scores;

static inline tk_status tk_test_component(const tk_reward_out_v1 *out, tk_str name,
                                          const float *values, size_t count) {
  tk_test_scores *made = (tk_test_scores *)out->ctx;
  snprintf(made->component, sizeof made->component, "%.*s", (int)name.len, name.ptr);
  memcpy(made->values, values, count * sizeof *values);
  return TK_OK;
}

static inline tk_status tk_test_abstain(const tk_reward_out_v1 *out, size_t index, tk_str why) {
  tk_test_scores *made = (tk_test_scores *)out->ctx;
  snprintf(made->reasons[index], sizeof made->reasons[index], "%.*s", (int)why.len, why.ptr);
  return TK_OK;
}

/* Makes the reward with this configuration, scores up to 16 completions and destroys it. */
static inline tk_test_scores tk_test_reward(const char *name, const char *config,
                                            const char *const *completions, size_t count) {
  tk_test_scores made;
  memset(&made, 0, sizeof made);
  for (size_t i = 0; i < TK_TEST_SAMPLES; i++) made.scores[i] = NAN;
  tk_error error = {made.error, sizeof made.error};
  const tk_export_v1 *each = tk_test_export(TK_KIND_REWARD, name);
  made.status = TK_E_UNSUPPORTED;
  if (!each || count > TK_TEST_SAMPLES) return made;
  tk_str prompts[TK_TEST_SAMPLES], texts[TK_TEST_SAMPLES], metadata[TK_TEST_SAMPLES];
  for (size_t i = 0; i < count; i++) {
    prompts[i] = tk_test_str("a prompt");
    texts[i] = tk_test_str(completions[i]);
    metadata[i] = tk_test_str("{}");
  }
  const tk_reward_v1 *reward = (const tk_reward_v1 *)each->vtable;
  void *instance = NULL;
  made.status = reward->create(each->user, &tk_test_host, tk_test_str(config), &instance, &error);
  if (made.status != TK_OK) return made;
  const tk_reward_batch_v1 batch = {count, prompts, texts, metadata, NULL, NULL, {NULL, NULL}};
  const tk_reward_out_v1 out = {
      &made, made.scores, tk_test_component, tk_test_abstain, {NULL, NULL}};
  made.status = reward->score(instance, &batch, &out, &error);
  reward->destroy(instance);
  return made;
}

/* ---- datasets, evaluators, tasks ------------------------------------------------------------ */

static inline tk_status tk_test_turn(const tk_example_out_v1 *out, int32_t section, tk_str role,
                                     const tk_part_v1 *parts, size_t count) {
  const char *names[] = {"", "chosen ", "rejected "};
  if (section < 0 || section > TK_SECTION_REJECTED) return TK_E_INTERNAL;
  tk_test_append((tk_test_answer *)out->ctx, names[section], role);
  for (size_t i = 0; i < count; i++) {
    tk_test_append((tk_test_answer *)out->ctx, ": ", parts[i].value);
  }
  tk_test_append((tk_test_answer *)out->ctx, "\n", tk_test_str(""));
  return TK_OK;
}

static inline tk_status tk_test_metadata(const tk_example_out_v1 *out, tk_str json) {
  tk_test_append((tk_test_answer *)out->ctx, "metadata: ", json);
  return TK_OK;
}

static inline tk_status tk_test_choices(const tk_example_out_v1 *out, const tk_str *choices,
                                        size_t count) {
  for (size_t i = 0; i < count; i++) {
    tk_test_append((tk_test_answer *)out->ctx, "choice: ", choices[i]);
  }
  return TK_OK;
}

static inline tk_status tk_test_tensor(const tk_example_out_v1 *out, tk_str name, int32_t dtype,
                                       const int64_t *shape, size_t rank, const void *data,
                                       size_t bytes) {
  (void)dtype, (void)shape, (void)rank, (void)data, (void)bytes;
  tk_test_append((tk_test_answer *)out->ctx, "tensor: ", name);
  return TK_OK;
}

static inline tk_status tk_test_details(const tk_example_out_v1 *out, uint32_t flags,
                                        tk_str members_json) {
  if (flags & TK_TURN_UNTRAINED) {
    tk_test_append((tk_test_answer *)out->ctx, "untrained\n", tk_test_str(""));
  }
  if (members_json.len) tk_test_append((tk_test_answer *)out->ctx, "members: ", members_json);
  return TK_OK;
}

static inline tk_status tk_test_variables(const tk_example_out_v1 *out, tk_str json) {
  tk_test_append((tk_test_answer *)out->ctx, "variables: ", json);
  return TK_OK;
}

static inline tk_status tk_test_label(const tk_example_out_v1 *out, int32_t label) {
  tk_test_append((tk_test_answer *)out->ctx, "label: ", tk_test_str(label ? "1\n" : "0\n"));
  return TK_OK;
}

/* Makes the dataset of a split, reads one row and destroys it: count, and the row as lines
 * "role: text" ("chosen assistant: text" of a pair's answers) and "metadata: {...}". An index outside the rows is not read. */
static inline tk_test_answer tk_test_row(const char *name, const char *config, const char *split,
                                         int64_t index) {
  tk_test_answer made;
  memset(&made, 0, sizeof made);
  tk_error error = {made.error, sizeof made.error};
  const tk_export_v1 *each = tk_test_export(TK_KIND_DATASET, name);
  made.status = TK_E_UNSUPPORTED;
  if (!each) return made;
  const tk_dataset_v1 *dataset = (const tk_dataset_v1 *)each->vtable;
  void *instance = NULL;
  made.status = dataset->create(each->user, &tk_test_host, tk_test_str(config),
                                tk_test_str(split), &instance, &error);
  if (made.status != TK_OK) return made;
  made.count = dataset->count(instance);
  const tk_example_out_v1 sink = {
      &made, tk_test_turn, tk_test_metadata, tk_test_choices, tk_test_tensor,
      tk_test_details, tk_test_variables, tk_test_label, {NULL}};
  if (index >= 0 && index < made.count) {
    made.status = dataset->read(instance, index, 0, 1, &sink, &error);
  }
  dataset->destroy(instance);
  return made;
}

/* Judges up to 16 predictions with the evaluator: the report is the answer's text. */
static inline tk_test_answer tk_test_evaluate(const char *name, const char *const *texts,
                                              const char *const *references,
                                              const char *const *examples_json, size_t count) {
  tk_test_answer made;
  memset(&made, 0, sizeof made);
  tk_error error = {made.error, sizeof made.error};
  const tk_export_v1 *each = tk_test_export(TK_KIND_EVALUATOR, name);
  made.status = TK_E_UNSUPPORTED;
  if (!each || count > TK_TEST_SAMPLES) return made;
  int64_t indices[TK_TEST_SAMPLES];
  tk_str columns[4][TK_TEST_SAMPLES];
  const double *scores[TK_TEST_SAMPLES];
  size_t score_counts[TK_TEST_SAMPLES];
  for (size_t i = 0; i < count; i++) {
    indices[i] = (int64_t)i;
    columns[0][i] = tk_test_str(texts[i]);
    columns[1][i] = tk_test_str(examples_json[i]);
    columns[2][i] = tk_test_str(references[i]);
    columns[3][i] = tk_test_str("{}");
    scores[i] = NULL;
    score_counts[i] = 0;
  }
  const tk_predictions_v1 all = {count,      indices, columns[0],   columns[1],
                                 columns[2], columns[3], scores, score_counts,
                                 NULL,       NULL,    {NULL, NULL}};
  const tk_evaluator_v1 *evaluator = (const tk_evaluator_v1 *)each->vtable;
  const tk_text_out_v1 out = {&made, tk_test_write};
  void *instance = NULL;
  made.status = evaluator->create(each->user, &tk_test_host, tk_test_str("{}"),
                                  tk_test_str("validation"), &instance, &error);
  if (made.status != TK_OK) return made;
  made.status = evaluator->evaluate(instance, &all, &out, &error);
  evaluator->destroy(instance);
  return made;
}

/* What a task says it is made of. */
static inline tk_test_answer tk_test_describe(const char *name) {
  tk_test_answer made;
  memset(&made, 0, sizeof made);
  tk_error error = {made.error, sizeof made.error};
  const tk_export_v1 *each = tk_test_export(TK_KIND_TASK, name);
  made.status = TK_E_UNSUPPORTED;
  if (!each) return made;
  const tk_text_out_v1 out = {&made, tk_test_write};
  made.status = ((const tk_task_v1 *)each->vtable)->describe(each->user, &out, &error);
  return made;
}

#endif
