/* Uses the sink of the call before. */
#define FAULTY_SCORE
#include "reward.h"

static tk_reward_out_v1 kept;

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  (void)instance, (void)error;
  for (size_t i = 0; i < batch->count; i++) out->scores[i] = 1;
  if (kept.abstain) kept.abstain(&kept, 0, (tk_str){"late", 4});
  kept = *out;
  return TK_OK;
}
