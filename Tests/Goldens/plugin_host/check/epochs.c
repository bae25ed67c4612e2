/* A dataset that says its rows do not vary by epoch, though they do. */
#include <stdio.h>
#include <string.h>

#include "CPluginABI.h"

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, tk_str split,
                        void **instance, tk_error *error) {
  (void)user, (void)host;
  if (split.len != 5) return TK_END;
  if (config.len == 0 || config.ptr[0] != '{') {
    snprintf(error->text, error->capacity, "the configuration is no object");
    return TK_E_CONFIG;
  }
  *instance = NULL;
  return TK_OK;
}

static void destroy(void *instance) { (void)instance; }

static int64_t count(void *instance) { return (void)instance, 9; }

static tk_status read_row(void *instance, int64_t index, int64_t epoch, uint64_t seed,
                          const tk_example_out_v1 *out, tk_error *error) {
  (void)instance, (void)seed, (void)error;
  char text[64];
  snprintf(text, sizeof text, "row %lld of epoch %lld", (long long)index, (long long)epoch);
  tk_part_v1 part = {TK_PART_TEXT, 0, {NULL, 0}, {text, strlen(text)}};
  return out->turn(out, TK_SECTION_CONVERSATION, (tk_str){"user", 4}, &part, 1);
}

static tk_status describe(tk_str dataset, void *instance, const tk_text_out_v1 *json,
                          tk_error *error) {
  (void)dataset, (void)instance, (void)error;
  static const char text[] = "{\"sources\": [\"/\"], \"varies_by_epoch\": false}";
  json->write(json, (tk_str){text, sizeof text - 1});
  return TK_OK;
}

static const tk_dataset_v1 dataset = {sizeof dataset, 0, create, destroy, count, read_row, {0}};
static const tk_dataset_sources_v1 sources = {sizeof sources, 0, describe, {0}};
static const tk_export_v1 exports[] = {{TK_KIND_DATASET, 0, "epochs", "", &dataset, NULL}};

static const void *extension(const char *id) {
  return strcmp(id, TK_EXTENSION_DATASET_SOURCES) == 0 ? &sources : NULL;
}

static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "epochs", "1", "C", 1, exports,
    extension, {0}};

const tk_plugin_head *tk_plugin_entry(uint32_t major) {
  (void)major;
  return &plugin.head;
}
