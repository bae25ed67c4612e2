/* A reward that lets the host's model judge: the score is the number that it answers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPluginABI.h"

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                        tk_error *error) {
  (void)user, (void)config;
  *instance = (void *)host->service(host, TK_SERVICE_GENERATE);
  if (*instance) return TK_OK;
  snprintf(error->text, error->capacity, "needs a model to ask");
  return TK_E_UNSUPPORTED;
}

static void destroy(void *instance) { (void)instance; }

static void answer(const tk_answers_out_v1 *out, size_t index, tk_str text) {
  char number[32] = {0};
  memcpy(number, text.ptr, text.len < 31 ? text.len : 31);
  ((float *)out->ctx)[index] = (float)atof(number);
}

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  const tk_generate_v1 *model = instance;
  float *likelihoods = malloc(batch->count * sizeof *likelihoods);
  float *counts = malloc(batch->count * sizeof *counts);
  for (size_t i = 0; i < batch->count; i++) {
    const tk_answers_out_v1 sink = {out->scores + i, answer};
    const tk_generation_v1 how = {.max_new_tokens = 4};
    double sum = NAN;
    int64_t tokens = 0;
    char text[64];
    tk_error reason = {text, sizeof text};
    likelihoods[i] = counts[i] = NAN;
    if (model->complete(model, &how, batch->prompts + i, 1, &sink, &reason) != TK_OK) {
      out->abstain(out, i, (tk_str){text, strlen(text)});
      continue;
    }
    tk_status status =
        model->log_likelihoods(model, TK_MODEL_BASE, TK_PROMPT_TEXT, batch->prompts + i,
                               batch->completions + i, 1, &sum, &tokens, error);
    if (status != TK_OK) return status;
    likelihoods[i] = (float)sum;
    counts[i] = (float)tokens;
  }
  out->component(out, (tk_str){"likelihood", 10}, likelihoods, batch->count);
  out->component(out, (tk_str){"tokens", 6}, counts, batch->count);
  free(likelihoods);
  free(counts);
  return TK_OK;
}

static const tk_reward_v1 reward = {sizeof reward, 0, create, destroy, score, {0}};
static const tk_export_v1 exports[] = {
    {TK_KIND_REWARD, 0, "judge", "Asks the model.", &reward, NULL}};
static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "judge", "1", "C", 1, exports, NULL,
    {0}};

const tk_plugin_head *tk_plugin_entry(uint32_t host_abi_major) {
  return host_abi_major == TK_ABI_MAJOR ? &plugin.head : NULL;
}
