/* A reward in C: 1 up to a target length, then target / length. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPluginABI.h"
#include "taskkit_json.h"

typedef struct brevity {
  int64_t target; /* characters */
} brevity;

static tk_status fail(tk_error *error, tk_status status, const char *sentence) {
  snprintf(error->text, error->capacity, "%s", sentence);
  return status;
}

/* snippet: config */
static tk_status create(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                        tk_error *error) {
  (void)user, (void)host;
  static const char *const keys[] = {"target"};
  tk_str value;
  int64_t target;
  if (tk_json_unknown(config, keys, 1, &value) == TK_JSON_FOUND) {
    snprintf(error->text, error->capacity, "unknown key '%.*s'; known: 'target'", (int)value.len,
             value.ptr);
    return TK_E_CONFIG;
  }
  const int found = tk_json_member(config, "target", &value);
  if (found == TK_JSON_INVALID) return fail(error, TK_E_CONFIG, "the configuration is no object");
  if (found == TK_JSON_ABSENT) return fail(error, TK_E_CONFIG, "'target' is required");
  if (!tk_json_integer(value, &target) || target <= 0) {
    return fail(error, TK_E_CONFIG, "'target' must be an integer greater than 0");
  }
  brevity *made = malloc(sizeof *made);
  if (!made) return fail(error, TK_E_INTERNAL, "out of memory");
  made->target = target;
  *instance = made;
  return TK_OK;
}

static void destroy(void *instance) { free(instance); }
/* end snippet */

/* Unicode scalars: every byte of UTF-8 that does not continue one. */
static size_t characters(tk_str text) {
  size_t count = 0;
  for (size_t i = 0; i < text.len; i++) count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
  return count;
}

static int is_blank(tk_str text) {
  for (size_t i = 0; i < text.len; i++) {
    if (!memchr(" \t\n\v\f\r", text.ptr[i], 6)) return 0;
  }
  return 1;
}

/* snippet: score */
static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  const brevity *self = instance;
  float *lengths = malloc(batch->count * sizeof *lengths);
  if (!lengths) return fail(error, TK_E_INTERNAL, "out of memory");
  for (size_t i = 0; i < batch->count; i++) {
    const size_t length = characters(batch->completions[i]);
    lengths[i] = (float)length;
    if (is_blank(batch->completions[i])) {
      out->abstain(out, i, (tk_str){"empty completion", 16});
    } else if (length <= (size_t)self->target) {
      out->scores[i] = 1;
    } else {
      out->scores[i] = (float)self->target / (float)length;
    }
  }
  tk_status status = out->component(out, (tk_str){"characters", 10}, lengths, batch->count);
  free(lengths);
  return status;
}
/* end snippet */

/* snippet: entry */
/* Calls on one instance may overlap: score only reads it. */
static const tk_reward_v1 reward = {sizeof reward, TK_THREAD_SAFE, create, destroy, score, {0}};

static const tk_export_v1 exports[] = {
    {TK_KIND_REWARD, 0, "brevity", "1 up to a target length, then target / length.", &reward, NULL},
};

static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin},
    "brevity", "1.0.0", "C",
    sizeof exports / sizeof *exports, exports, NULL, {0}};

TK_EXPORT const tk_plugin_head *tk_plugin_entry(uint32_t host_abi_major) {
  return host_abi_major == TK_ABI_MAJOR ? &plugin.head : NULL;
}
/* end snippet */
