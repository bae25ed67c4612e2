/* Dies while it is loaded. */
#include <stdlib.h>

#include "reward.h"

__attribute__((constructor)) static void start(void) { abort(); }
