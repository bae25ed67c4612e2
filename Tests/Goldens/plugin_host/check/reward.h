/* What the faulty rewards beside this file have in common: a table, and functions that are in order
 * unless one of them is defined before this file is included (#define FAULTY_SCORE, ...). */
#ifndef CHECK_REWARD_H
#define CHECK_REWARD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPluginABI.h"

#ifndef FLAGS
#define FLAGS 0
#endif

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                        tk_error *error);
static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error);
static void destroy(void *instance);

#ifndef FAULTY_CREATE
static tk_status create(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                        tk_error *error) {
  (void)user, (void)host;
  if (config.len == 2 && memcmp(config.ptr, "{}", 2) == 0) {
    *instance = malloc(64);
    return TK_OK;
  }
  snprintf(error->text, error->capacity, "the configuration must be {}");
  return TK_E_CONFIG;
}
#endif

#ifndef FAULTY_DESTROY
static void destroy(void *instance) { free(instance); }
#endif

#ifndef FAULTY_SCORE
static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  (void)instance, (void)error;
  for (size_t i = 0; i < batch->count; i++) out->scores[i] = (float)batch->completions[i].len;
  return TK_OK;
}
#endif

static const tk_reward_v1 reward = {sizeof reward, FLAGS, create, destroy, score, {0}};
static const tk_export_v1 exports[] = {{TK_KIND_REWARD, 0, "faulty", "", &reward, NULL}};
static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "faulty", "1", "C", 1, exports, NULL,
    {0}};

TK_EXPORT const tk_plugin_head *tk_plugin_entry(uint32_t major) {
  (void)major;
  return &plugin.head;
}

#endif
