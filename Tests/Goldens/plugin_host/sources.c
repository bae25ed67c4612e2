/* What ABI 1.3 brought, in plain C: a dataset that says where its rows come from, and a reward;
 * both tell the host how far they are. `user` of the dataset is what it says of its rows. */
#include <string.h>

#include "CPluginABI.h"

static tk_str str(const char *text) { return (tk_str){text, strlen(text)}; }

static void tell(const tk_host_v1 *host) {
  const tk_progress_v1 *progress = host->service(host, TK_SERVICE_PROGRESS);
  if (!progress) return;
  for (int64_t done = 0; done <= 1000; done++) progress->show(progress, str("reading"), done, 1000);
  progress->show(progress, str("sort\ning"), 7, 3);
}

static tk_status open_rows(void *user, const tk_host_v1 *host, tk_str config, tk_str split,
                           void **instance, tk_error *error) {
  (void)config, (void)split, (void)error;
  tell(host);
  *instance = user;
  return TK_OK;
}

static tk_status open_reward(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                             tk_error *error) {
  return open_rows(user, host, config, str(""), instance, error);
}

static void destroy(void *instance) { (void)instance; }

static int64_t count(void *instance) { return (void)instance, 0; }

static tk_status read_row(void *instance, int64_t index, int64_t epoch, uint64_t seed,
                          const tk_example_out_v1 *out, tk_error *error) {
  (void)instance, (void)index, (void)epoch, (void)seed, (void)out, (void)error;
  return TK_E_INTERNAL;
}

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  (void)instance, (void)error;
  for (size_t i = 0; i < batch->count; i++) out->scores[i] = 1;
  return TK_OK;
}

static tk_status describe_task(void *user, const tk_text_out_v1 *out, tk_error *error) {
  (void)error;
  out->write(out, str("{\"name\": \""));
  out->write(out, str(user));
  out->write(out, str("\", \"dataset\": \""));
  out->write(out, str(user));
  out->write(out, str("\"}"));
  return TK_OK;
}

static tk_status describe_rows(tk_str dataset, void *instance, const tk_text_out_v1 *json,
                               tk_error *error) {
  (void)error;
  if (dataset.len == 0) return TK_E_INTERNAL;
  json->write(json, str(instance));
  return TK_OK;
}

static const tk_task_v1 task = {sizeof task, TK_THREAD_SAFE, describe_task, {0}};
static const tk_dataset_v1 rows = {
    sizeof rows, TK_THREAD_SAFE, open_rows, destroy, count, read_row, {0}};
static const tk_reward_v1 reward = {
    sizeof reward, TK_THREAD_SAFE, open_reward, destroy, score, {0}};
static const tk_dataset_sources_v1 sources = {sizeof sources, 0, describe_rows, {0}};

static const tk_export_v1 exports[] = {
    {TK_KIND_TASK, 0, "steady", "", &task, "steady"},
    {TK_KIND_TASK, 0, "broken", "", &task, "broken"},
    {TK_KIND_DATASET, 0, "steady", "", &rows,
     "{\"sources\": [\"/data/a.csv\", \"b\"], \"varies_by_epoch\": false, \"else\": 1}"},
    {TK_KIND_DATASET, 0, "broken", "", &rows, "{\"sources\": [\"\"], \"varies_by_epoch\": false}"},
    {TK_KIND_REWARD, 0, "one", "", &reward, NULL},
};

static const void *extension(const char *id) {
  return strcmp(id, TK_EXTENSION_DATASET_SOURCES) == 0 ? &sources : NULL;
}

static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "sources", "1", "C",
    sizeof exports / sizeof exports[0], exports, extension, {0}};

const tk_plugin_head *tk_plugin_entry(uint32_t major) {
  return major == TK_ABI_MAJOR ? &plugin.head : NULL;
}
