#include "include/CKernels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/philox.h"
#include "ops/table.h"

static const k_table_f32 *const tables[] = {&k_portable_f32, &k_avx2_f32, &k_avx512_f32};
static const char *const names[] = {"portable", "avx2", "avx512"};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic(int) process = -1;
static _Thread_local int forced = -1;
static char fault[160];

k_instruction_set k_best_instruction_set(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return K_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return K_AVX2;
  return K_PORTABLE;
}

static void choose(void) {
  int best = (int)k_best_instruction_set(), set = best;
  const char *wish = getenv("HOST_INSTRUCTION_SET");
  if (wish && *wish) {
    for (set = K_AVX512; set >= 0 && strcmp(wish, names[set]) != 0;) set--;
    if (set < 0)
      snprintf(fault, sizeof fault, "HOST_INSTRUCTION_SET: '%.40s' is none of portable, avx2, avx512",
               wish);
    else if (set > best)
      snprintf(fault, sizeof fault, "HOST_INSTRUCTION_SET: this processor has no %s, at most %s",
               wish, names[best]);
    if (fault[0]) set = best;
  }
  atomic_store(&process, set);
}

k_instruction_set k_process_instruction_set(void) {
  int set = atomic_load_explicit(&process, memory_order_relaxed);
  if (set >= 0) return (k_instruction_set)set;
  pthread_once(&once, choose);
  return (k_instruction_set)atomic_load(&process);
}

void k_lower_process_instruction_set(k_instruction_set set) {
  if (set < k_process_instruction_set()) atomic_store(&process, (int)set);
}

const char *k_instruction_set_fault(void) {
  k_process_instruction_set();
  return fault[0] ? fault : NULL;
}

k_instruction_set k_current_instruction_set(void) {
  return forced >= 0 ? (k_instruction_set)forced : k_process_instruction_set();
}

int k_use_instruction_set(k_instruction_set set) {
  if (set > k_best_instruction_set()) return 0;
  forced = (int)set;
  return 1;
}

#define KERNEL_F32
#define REAL float
#define KERNEL(name, parameters, arguments) \
  void k_##name##_f32 parameters { tables[k_current_instruction_set()]->name arguments; }
#include "include/kernels.def"
#undef KERNEL
#undef REAL
#undef KERNEL_F32
#define REAL double
#define KERNEL(name, parameters, arguments) \
  void k_##name##_f64 parameters { k_portable_f64.name arguments; }
#include "include/kernels.def"

void k_philox(uint32_t out[4], uint64_t key, uint64_t counterLow, uint64_t counterHigh) {
  out[0] = (uint32_t)counterLow, out[1] = (uint32_t)(counterLow >> 32);
  out[2] = (uint32_t)counterHigh, out[3] = (uint32_t)(counterHigh >> 32);
  philox4x32(out, (uint32_t)key, (uint32_t)(key >> 32));
}
