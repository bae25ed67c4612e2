/* A plugin of ABI 1.0: it knows nothing but the header beside it, and must load for ever into every
 * host of major version 1. It asks for services that may or may not be there and does without. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPluginABI.h"

#if TK_ABI_MAJOR != 1 || TK_ABI_MINOR != 0
#error "this plugin is to be built against the header of ABI 1.0"
#endif

static tk_str str(const char *text) { return (tk_str){text, strlen(text)}; }

/* The instance is one number: whether the host offers a tokenizer. */
static tk_status create(const tk_host_v1 *host, void **instance, tk_error *error) {
  if (host->struct_size != sizeof *host) {
    snprintf(error->text, error->capacity, "the host's table has %u bytes", host->struct_size);
    return TK_E_INTERNAL;
  }
  if (host->service(host, "tk.no-such-service/1") != NULL) {
    snprintf(error->text, error->capacity, "the host offers a service that does not exist");
    return TK_E_INTERNAL;
  }
  int *made = malloc(sizeof *made);
  if (!made) return TK_E_INTERNAL;
  *made = host->service(host, TK_SERVICE_TOKENIZER) != NULL;
  host->log(host, TK_LOG_INFO, str(*made ? "a tokenizer is there" : "no tokenizer is there"));
  *instance = made;
  return host->cancelled(host) ? TK_E_CANCELLED : TK_OK;
}

static tk_status create_reward(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                               tk_error *error) {
  (void)user, (void)config;
  return create(host, instance, error);
}

static void destroy(void *instance) { free(instance); }

/* Half the length in bytes; nothing for an empty completion. */
static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  (void)instance, (void)error;
  float *lengths = calloc(batch->count, sizeof *lengths);
  if (!lengths) return TK_E_INTERNAL;
  for (size_t i = 0; i < batch->count; i++) {
    lengths[i] = (float)batch->completions[i].len;
    if (lengths[i] > 0) {
      out->scores[i] = lengths[i] / 2;
    } else {
      out->abstain(out, i, str("empty"));
    }
  }
  tk_status status = out->component(out, str("bytes"), lengths, batch->count);
  free(lengths);
  return status;
}

static const tk_reward_v1 reward = {
    sizeof reward, TK_THREAD_SAFE, create_reward, destroy, score, {0}};

static tk_status create_dataset(void *user, const tk_host_v1 *host, tk_str config, tk_str split,
                                void **instance, tk_error *error) {
  (void)user, (void)config;
  if (split.len != 5 || memcmp(split.ptr, "train", 5) != 0) return TK_END;
  return create(host, instance, error);
}

static int64_t count(void *instance) {
  (void)instance;
  return 3;
}

static tk_status read_row(void *instance, int64_t index, int64_t epoch, uint64_t seed,
                          const tk_example_out_v1 *sink, tk_error *error) {
  (void)instance, (void)epoch, (void)seed, (void)error;
  char text[32];
  snprintf(text, sizeof text, "row %d", (int)index);
  const tk_part_v1 part = {TK_PART_TEXT, 0, {NULL, 0}, str(text)};
  tk_status status = sink->turn(sink, TK_SECTION_CONVERSATION, str("user"), &part, 1);
  return status == TK_OK ? sink->metadata(sink, str("{\"abi\": \"1.0\"}")) : status;
}

static const tk_dataset_v1 dataset = {
    sizeof dataset, TK_THREAD_SAFE, create_dataset, destroy, count, read_row, {0}};

static tk_status describe(void *user, const tk_text_out_v1 *json, tk_error *error) {
  (void)user, (void)error;
  json->write(json, str("{\"name\": \"old\", \"dataset\": \"old.rows\", \"rewards\": [\"old\"]}"));
  return TK_OK;
}

static const tk_task_v1 task = {sizeof task, TK_THREAD_SAFE, describe, {0}};

static const tk_export_v1 exports[] = {
    {TK_KIND_TASK, 0, "old", "A task of ABI 1.0.", &task, NULL},
    {TK_KIND_REWARD, 0, "old", "Half the length.", &reward, NULL},
    {TK_KIND_DATASET, 0, "old.rows", "Three rows.", &dataset, NULL},
};

static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin},
    "old", "1.0.0", "C",
    sizeof exports / sizeof *exports, exports, NULL, {0}};

TK_EXPORT const tk_plugin_head *tk_plugin_entry(uint32_t host_abi_major) {
  return host_abi_major == TK_ABI_MAJOR ? &plugin.head : NULL;
}
