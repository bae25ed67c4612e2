/* A task in C: say in one word what was said three times. */
#include <string.h>

#include "brevity.h"

/* snippet: task */
static tk_status describe(void *user, const tk_text_out_v1 *json, tk_error *error) {
  (void)user, (void)error;
  static const char text[] =
      "{\"name\": \"brevity\", \"summary\": \"Say once what was said three times.\","
      " \"dataset\": \"brevity.rows\", \"evaluator\": \"brevity.exact\","
      " \"defaults\": {\"training_args\": {\"max_length\": 64}}}";
  json->write(json, (tk_str){text, sizeof text - 1});
  return TK_OK;
}

static const tk_task_v1 task = {sizeof task, TK_THREAD_SAFE, describe, {0}};
/* end snippet */

/* snippet: entry */
static const tk_export_v1 exports[] = {
    {TK_KIND_TASK, 0, "brevity", "Say once what was said three times.", &task, NULL},
    {TK_KIND_DATASET, 0, "brevity.rows", "Words said three times.", &brevity_rows, NULL},
    {TK_KIND_EVALUATOR, 0, "brevity.exact", "The share of exact answers.", &brevity_exact, NULL},
};

static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin},
    "brevity", "1.0.0", "C",
    sizeof exports / sizeof *exports, exports, NULL, {0}};

TK_EXPORT const tk_plugin_head *tk_plugin_entry(uint32_t host_abi_major) {
  return host_abi_major == TK_ABI_MAJOR ? &plugin.head : NULL;
}
/* end snippet */
