// f32 to stored codes. Every rounding is bitsandbytes' on the CPU (0.50), so that codes and scales
// have its bits on every instruction set: one operation a statement, nothing contracted.
#pragma STDC FP_CONTRACT OFF

/// The largest magnitude; a NaN among the numbers wins, since its bits are the greatest.
INLINE float NAME(absmax)(const float *x, int64_t n) {
  int32_t largest = 0;
  for (int64_t i = 0; i < n; i++) {
    int32_t bits;
    memcpy(&bits, x + i, 4);
    bits &= 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  float result;
  memcpy(&result, &largest, 4);
  return result;
}

/// The NF4 codes of n ≤ 64 scaled numbers: how many midpoints of the table lie below each. A number
/// on a midpoint takes the lower code.
INLINE void NAME(nf4_codes)(uint8_t *codes, const float *scaled, int64_t n) {
  float midpoints[15];
  for (int m = 0; m < 15; m++)
    midpoints[m] = (NAME(nf4_values)[m] + NAME(nf4_values)[m + 1]) * 0.5f;
  int32_t counts[K_NF4_BLOCK] = {0};
  for (int m = 0; m < 15; m++)
    for (int64_t i = 0; i < n; i++) counts[i] += !(midpoints[m] >= scaled[i]);
  for (int64_t i = 0; i < n; i++) codes[i] = (uint8_t)counts[i];
}

/// Whole blocks are multiplied by their scale's reciprocal. A short last block is divided by its
/// scale, which is then at least 1e-38 itself: so does bitsandbytes.
KERNEL_FUNCTION(quantize_nf4)(uint8_t *codes, float *scales, const float *x, int64_t count) {
  for (int64_t first = 0; first < count; first += K_NF4_BLOCK) {
    int64_t n = count - first < K_NF4_BLOCK ? count - first : K_NF4_BLOCK;
    float scaled[K_NF4_BLOCK] = {0};
    float scale = NAME(absmax)(x + first, n), divisor = scale < 1e-38f ? 1e-38f : scale;
    if (n == K_NF4_BLOCK) {
      float factor = 1.0f / divisor;
      for (int64_t i = 0; i < K_NF4_BLOCK; i++) scaled[i] = x[first + i] * factor;
    } else {
      for (int64_t i = 0; i < n; i++) scaled[i] = x[first + i] / divisor;
      scale = divisor;
    }
    scales[first / K_NF4_BLOCK] = scale;
    uint8_t one[K_NF4_BLOCK];
    NAME(nf4_codes)(one, scaled, K_NF4_BLOCK);
    uint8_t *packed = codes + first / 2;
    for (int64_t i = 0; i < (n + 1) / 2; i++)
      packed[i] = (uint8_t)(one[2 * i] << 4 | one[2 * i + 1]);
  }
}

/// The code of x in [-1, 1]. bitsandbytes looks it up in a table of 65536 steps; this is the entry:
/// the number of the map's midpoints below the step's value.
INLINE uint8_t NAME(map_code)(const float *map, float x) {
  x = x < -1.0f ? -1.0f : x > 1.0f ? 1.0f : x;
  float half = (x + 1.0f) * 0.5f;
  float place = (float)((double)half * 65535.0 + 0.5);  // exact, then rounded: a fused product
  int32_t step = place == place ? (int32_t)place : 0;
  float ratio = (float)(2 * step) / 65535.0f;
  float value = -1.0f + ratio;
  int low = 0, high = 255;
  while (low < high) {
    int middle = (low + high) / 2;
    float midpoint = (map[middle] + map[middle + 1]) * 0.5f;
    if (midpoint < value) low = middle + 1;
    else high = middle;
  }
  return (uint8_t)low;
}

KERNEL_FUNCTION(quantize_scales)(uint8_t *codes, float *nested, const float *scales, float offset,
                                 const float *map, int64_t count) {
  for (int64_t first = 0; first < count; first += K_NF4_NESTED) {
    int64_t n = count - first < K_NF4_NESTED ? count - first : K_NF4_NESTED;
    float rest[K_NF4_NESTED], largest = 0;
    for (int64_t i = 0; i < n; i++) rest[i] = scales[first + i] - offset;
    for (int64_t i = 0; i < n; i++) largest = fabsf(rest[i]) > largest ? fabsf(rest[i]) : largest;
    nested[first / K_NF4_NESTED] = largest;
    float factor = 1.0f / largest;
    for (int64_t i = 0; i < n; i++)
      codes[first + i] = largest == 0 ? 0 : NAME(map_code)(map, rest[i] * factor);
  }
}

/// Sums `rows` rows of 32 numbers in the four levels of torch's cascade: a level is emptied into the
/// next each time it has taken `1 << power` rows.
INLINE void NAME(cascade)(float *sum, const float *x, int64_t rows) {
  int64_t power = 0;
  while (((int64_t)1 << power) < rows) power++;
  power = power / 4 > 4 ? power / 4 : 4;
  int64_t step = (int64_t)1 << power, mask = step - 1, row = 0;
  float level[4][32] = {{0}};
  while (row + step <= rows) {
    for (int64_t end = row + step; row < end; row++)
      for (int i = 0; i < 32; i++) level[0][i] += x[row * 32 + i];
    for (int j = 1; j < 4; j++) {
      for (int i = 0; i < 32; i++) level[j][i] += level[j - 1][i], level[j - 1][i] = 0;
      if (row & mask << j * power) break;
    }
  }
  for (; row < rows; row++)
    for (int i = 0; i < 32; i++) level[0][i] += x[row * 32 + i];
  for (int j = 1; j < 4; j++)
    for (int i = 0; i < 32; i++) level[0][i] += level[j][i];
  memcpy(sum, level[0], sizeof level[0]);
}

/// torch's mean on one thread (2.13, SumKernel.cpp): four vectors of eight lanes side by side, then
/// the vectors left over, then the four folded, then the numbers left over before the lanes.
KERNEL_FUNCTION(mean)(float *mean, const float *x, int64_t count) {
  float lanes[32], sum = 0;
  if (count < 8) {
    for (int i = 0; i < 4; i++) lanes[i] = count >= 4 ? x[i] : 0;
    for (int64_t i = count / 4 * 4; i < count; i++) lanes[0] += x[i];
    for (int i = 0; i < 4; i++) sum += lanes[i];
  } else {
    int64_t rows = count / 32;
    NAME(cascade)(lanes, x, rows);
    for (int64_t first = rows * 32; first + 8 <= count; first += 8)
      for (int i = 0; i < 8; i++) lanes[i] += x[first + i];
    for (int part = 8; part < 32; part += 8)
      for (int i = 0; i < 8; i++) lanes[i] += lanes[part + i];
    for (int64_t i = count / 8 * 8; i < count; i++) sum += x[i];
    for (int i = 0; i < 8; i++) sum += lanes[i];
  }
  *mean = sum / (float)count;
}

/// x rounded to the nearest f16, ties to even.
INLINE float NAME(as_f16)(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  uint32_t sign = bits & 0x80000000u, magnitude = bits ^ sign;
  // Below 2⁻¹⁴ the numbers of f16 are 2⁻²⁴ apart, as those of f32 are from 0.5 on.
  float small;
  memcpy(&small, &magnitude, 4);
  small = small + 0.5f;
  small = small - 0.5f;
  uint32_t smallBits;
  memcpy(&smallBits, &small, 4);
  uint32_t rounded = (magnitude + 0xfff + (magnitude >> 13 & 1)) & ~0x1fffu;
  rounded = rounded >= 0x47800000u ? 0x7f800000u : rounded;  // from 65520 on: infinity
  rounded = magnitude > 0x7f800000u ? magnitude : rounded;
  bits = sign | (magnitude < 0x38800000u ? smallBits : rounded);
  memcpy(&x, &bits, 4);
  return x;
}

/// The reciprocal is rounded before it is multiplied, as torch divides a number by a tensor. A zero
/// row has codes 0; one that f16 cannot hold has an infinite scale.
KERNEL_FUNCTION(quantize_int8)(int8_t *codes, float *scales, const float *x, int64_t rows,
                               int64_t cols) {
  for (int64_t row = 0; row < rows; row++, codes += cols, x += cols) {
    float largest = NAME(as_f16)(NAME(absmax)(x, cols));
    scales[row] = largest;
    float reciprocal = 1.0f / largest, factor = reciprocal * 127.0f;
    for (int64_t i = 0; i < cols; i++) {
      float code = rintf(NAME(as_f16)(x[i]) * factor);
      codes[i] = code >= -128.0f && code <= 127.0f ? (int8_t)(int32_t)code : 0;
    }
  }
}

#pragma STDC FP_CONTRACT DEFAULT
