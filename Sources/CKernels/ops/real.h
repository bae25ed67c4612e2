// What every template file needs: the work type's functions, and sums in sixteen lanes, so that
// the compiler can use vectors without being allowed to reorder floating-point arithmetic at will.
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "philox.h"

#define LANES 16
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

#ifdef KERNEL_F32
#define SQRT sqrtf
#define LOG logf
#define NEGATIVE_INFINITY (-INFINITY)
/// exp by range reduction to 2ⁿ·eʳ, |r| ≤ ln2/2, and a degree-6 polynomial; error below 2 ulp.
INLINE float NAME(exponential)(float x) {
  x = x < -87.33654f ? -87.33654f : x > 88.37f ? 88.37f : x;
  float n = x * 1.44269504f + 12582912.0f;  // rounds to an integer in the low mantissa bits
  int32_t bits;
  memcpy(&bits, &n, 4);
  n -= 12582912.0f;
  float r = x - n * 0.693145752f - n * 1.42860677e-6f;
  float p = 1.38888889e-3f;
  p = p * r + 8.33333333e-3f;
  p = p * r + 4.16666667e-2f;
  p = p * r + 1.66666667e-1f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  int32_t power = (bits + 127) << 23;  // the magic constant's bits vanish in the shift
  float scale;
  memcpy(&scale, &power, 4);
  return p * scale;
}
#define EXP NAME(exponential)
#else
#define SQRT sqrt
#define LOG log
#define NEGATIVE_INFINITY (-INFINITY)
#define EXP exp
#endif

INLINE REAL NAME(lane_sum)(const REAL *lanes) {
  REAL half[8];
  for (int i = 0; i < 8; i++) half[i] = lanes[i] + lanes[i + 8];
  for (int i = 0; i < 4; i++) half[i] += half[i + 4];
  return (half[0] + half[2]) + (half[1] + half[3]);
}

INLINE REAL NAME(dot)(const REAL *a, const REAL *b, int64_t n) {
  REAL lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int l = 0; l < LANES; l++) lanes[l] += a[i + l] * b[i + l];
  REAL sum = NAME(lane_sum)(lanes);
  for (; i < n; i++) sum += a[i] * b[i];
  return sum;
}
