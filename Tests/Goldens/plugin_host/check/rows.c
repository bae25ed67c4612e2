/* A dataset whose rows are a matter of how often one asks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPluginABI.h"

static int64_t asked;

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, tk_str split,
                        void **instance, tk_error *error) {
  (void)user, (void)host;
  if (split.len != 5) return TK_END;
  if (config.len == 0 || config.ptr[0] != '{') {
    snprintf(error->text, error->capacity, "the configuration is no object");
    return TK_E_CONFIG;
  }
  *instance = &asked;
  return TK_OK;
}

static void destroy(void *instance) { (void)instance; }

static int64_t count(void *instance) { return (void)instance, 9; }

static tk_status read_row(void *instance, int64_t index, int64_t epoch, uint64_t seed,
                          const tk_example_out_v1 *out, tk_error *error) {
  (void)instance, (void)index, (void)epoch, (void)seed, (void)error;
  char text[32];
  snprintf(text, sizeof text, "row %lld", (long long)asked++);
  tk_part_v1 part = {TK_PART_TEXT, 0, {NULL, 0}, {text, strlen(text)}};
  return out->turn(out, TK_SECTION_CONVERSATION, (tk_str){"user", 4}, &part, 1);
}

static const tk_dataset_v1 dataset = {sizeof dataset, 0, create, destroy, count, read_row, {0}};
static const tk_export_v1 exports[] = {{TK_KIND_DATASET, 0, "rows", "", &dataset, NULL}};
static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "rows", "1", "C", 1, exports, NULL, {0}};

const tk_plugin_head *tk_plugin_entry(uint32_t major) {
  (void)major;
  return &plugin.head;
}
