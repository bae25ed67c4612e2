/* Writes 16 bytes of error, whatever the capacity is. */
#define FAULTY_CREATE
#include "reward.h"

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                        tk_error *error) {
  (void)user, (void)host, (void)config, (void)instance;
  memcpy(error->text, "what a nonsense", 16);
  return TK_E_CONFIG;
}
