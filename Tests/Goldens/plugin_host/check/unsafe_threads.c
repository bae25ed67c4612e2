/* Says that calls may overlap, and keeps what it works on in one place. */
#define FAULTY_SCORE
#define FLAGS TK_THREAD_SAFE
#include <sched.h>

#include "reward.h"

static volatile size_t length;

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  (void)instance, (void)error;
  for (size_t i = 0; i < batch->count; i++) {
    length = batch->completions[i].len;
    sched_yield();
    out->scores[i] = (float)length;
  }
  return TK_OK;
}
