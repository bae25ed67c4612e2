/* Scores by chance. */
#define FAULTY_SCORE
#include "reward.h"

static float calls;

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  (void)instance, (void)error;
  calls++;
  for (size_t i = 0; i < batch->count; i++) out->scores[i] = calls;
  return TK_OK;
}
