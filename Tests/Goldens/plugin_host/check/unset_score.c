/* Leaves out the last score. */
#define FAULTY_SCORE
#include "reward.h"

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  (void)instance, (void)error;
  for (size_t i = 0; i + 1 < batch->count; i++) out->scores[i] = 1;
  return TK_OK;
}
