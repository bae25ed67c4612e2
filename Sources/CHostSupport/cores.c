#define _GNU_SOURCE
#include "include/CHostSupport.h"

#include <sched.h>

size_t hs_allowed_cores(int *cores, size_t capacity) {
  cpu_set_t set;
  size_t count = 0;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  for (int core = 0; core < CPU_SETSIZE && count < capacity; core++)
    if (CPU_ISSET(core, &set)) cores[count++] = core;
  return count;
}
