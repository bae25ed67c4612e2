/* A reward that counts tokens with the host's tokenizer, and checks that they lead back. */
#include <stdio.h>
#include <string.h>

#include "CPluginABI.h"

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                        tk_error *error) {
  (void)user, (void)config;
  *instance = (void *)host->service(host, TK_SERVICE_TOKENIZER);
  if (*instance) return TK_OK;
  snprintf(error->text, error->capacity, "needs a tokenizer");
  return TK_E_UNSUPPORTED;
}

static void destroy(void *instance) { (void)instance; }

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  const tk_tokenizer_v1 *tokenizer = instance;
  int32_t ids[512], unknown = -1;
  char text[4096];
  for (size_t i = 0; i < batch->count; i++) {
    const tk_str completion = batch->completions[i];
    const int64_t needed = tokenizer->encode(tokenizer, completion, NULL, 0);
    const int64_t count = tokenizer->encode(tokenizer, completion, ids, 512);
    const int64_t size = tokenizer->decode(tokenizer, ids, (size_t)count, text, sizeof text);
    if (needed != count || size != (int64_t)completion.len ||
        memcmp(text, completion.ptr, completion.len) != 0 ||
        tokenizer->decode(tokenizer, &unknown, 1, text, sizeof text) >= 0) {
      snprintf(error->text, error->capacity, "the tokens do not lead back");
      return TK_E_INTERNAL;
    }
    out->scores[i] = (float)count;
  }
  return TK_OK;
}

static const tk_reward_v1 reward = {sizeof reward, TK_THREAD_SAFE, create, destroy, score, {0}};
static const tk_export_v1 exports[] = {
    {TK_KIND_REWARD, 0, "tokens", "Counts tokens.", &reward, NULL}};
static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "tokens", "1", "C", 1, exports, NULL,
    {0}};

const tk_plugin_head *tk_plugin_entry(uint32_t host_abi_major) {
  return host_abi_major == TK_ABI_MAJOR ? &plugin.head : NULL;
}
