/* A reward that says what it is told of completions: their tokens, the length of the row's own answer,
 * whether they were cut off. */
#include <math.h>
#include <stdio.h>

#include "CPluginABI.h"

enum { MOST = 16 };

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                        tk_error *error) {
  (void)user, (void)config;
  if (host->abi_minor < 6) {
    snprintf(error->text, error->capacity, "needs a host of ABI 1.6");
    return TK_E_UNSUPPORTED;
  }
  *instance = (void *)&create;
  return TK_OK;
}

static void destroy(void *instance) { (void)instance; }

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  (void)instance;
  float bytes[MOST], truncated[MOST];
  if (!batch->facts || batch->count > MOST) {
    snprintf(error->text, error->capacity, "no facts, or too many samples");
    return TK_E_INTERNAL;
  }
  for (size_t i = 0; i < batch->count; i++) {
    const tk_str reference = batch->facts->references[i];
    bytes[i] = reference.ptr ? (float)reference.len : NAN;
    truncated[i] = batch->facts->truncated[i];
    if (batch->facts->tokens[i] < 0) {
      out->abstain(out, i, (tk_str){"tokens unknown", 14});
    } else {
      out->scores[i] = (float)batch->facts->tokens[i];
    }
  }
  out->component(out, (tk_str){"bytes", 5}, bytes, batch->count);
  return out->component(out, (tk_str){"truncated", 9}, truncated, batch->count);
}

static const tk_reward_v1 reward = {sizeof reward, TK_THREAD_SAFE, create, destroy, score, {0}};

static const tk_export_v1 exports[] = {
    {TK_KIND_REWARD, 0, "facts", "What is known of completions.", &reward, NULL},
};

static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin},
    "facts", "1.0.0", "C", 1, exports, NULL, {0}};

TK_EXPORT const tk_plugin_head *tk_plugin_entry(uint32_t host_abi_major) {
  return host_abi_major == TK_ABI_MAJOR ? &plugin.head : NULL;
}
