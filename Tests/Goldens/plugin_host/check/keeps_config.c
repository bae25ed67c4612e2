/* Reads its configuration when it is destroyed. */
#define FAULTY_CREATE
#define FAULTY_DESTROY
#include "reward.h"

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                        tk_error *error) {
  (void)user, (void)host, (void)error;
  *instance = (void *)config.ptr;
  return TK_OK;
}

static void destroy(void *instance) {
  if (*(volatile const char *)instance != '{') abort();
}
