/* Fails without a word. */
#define FAULTY_SCORE
#include "reward.h"

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  (void)instance, (void)error;
  (void)batch, (void)out;
  return TK_E_INTERNAL;
}
