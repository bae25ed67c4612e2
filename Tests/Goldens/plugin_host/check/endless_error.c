/* Fills the error's buffer without a NUL. */
#define FAULTY_CREATE
#include "reward.h"

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                        tk_error *error) {
  (void)user, (void)host, (void)config, (void)instance;
  memset(error->text, 'x', error->capacity);
  return TK_E_CONFIG;
}
