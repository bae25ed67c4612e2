/* Forgets its instances. In order otherwise. */
#define FAULTY_DESTROY
#include "reward.h"

static void destroy(void *instance) { (void)instance; }
