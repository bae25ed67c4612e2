#include "include/CKernels.h"

#include <stdatomic.h>

#include "ops/philox.h"
#include "ops/table.h"

static const k_table_f32 *const tables[] = {&k_portable_f32, &k_avx2_f32, &k_avx512_f32};
static _Atomic(int) best = -1;
static _Thread_local int forced = -1;

k_instruction_set k_best_instruction_set(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return K_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return K_AVX2;
  return K_PORTABLE;
}

k_instruction_set k_current_instruction_set(void) {
  if (forced >= 0) return (k_instruction_set)forced;
  int set = atomic_load_explicit(&best, memory_order_relaxed);
  if (set < 0) atomic_store_explicit(&best, set = k_best_instruction_set(), memory_order_relaxed);
  return (k_instruction_set)set;
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
