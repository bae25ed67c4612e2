/* Remembers the last completion's address, and compares with it in the next call. */
#define FAULTY_SCORE
#include "reward.h"

static const char *last;

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  (void)instance, (void)error;
  for (size_t i = 0; i < batch->count; i++) out->scores[i] = last && *last == 'J' ? 1 : 0;
  last = batch->completions[0].ptr;
  return TK_OK;
}
