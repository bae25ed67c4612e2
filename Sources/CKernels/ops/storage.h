// Only for REAL = float.
INLINE float NAME(bf16)(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

KERNEL_FUNCTION(from_bf16)(float *y, const uint16_t *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = NAME(bf16)(x[i]);
}

// Shifting the half's exponent and mantissa into place leaves the value 2⁻¹¹² times too small,
// subnormals included; one multiplication mends it. Infinity and NaN need their exponent set.
KERNEL_FUNCTION(from_f16)(float *y, const uint16_t *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    uint32_t magnitude = (uint32_t)(x[i] & 0x7FFF) << 13, sign = (uint32_t)(x[i] & 0x8000) << 16;
    float value;
    memcpy(&value, &magnitude, 4);
    value *= 5.192296858534828e33f;
    uint32_t bits;
    memcpy(&bits, &value, 4);
    bits = (x[i] & 0x7C00) == 0x7C00 ? magnitude | 0x7F800000u : bits;
    bits |= sign;
    memcpy(y + i, &bits, 4);
  }
}

KERNEL_FUNCTION(to_bf16)(uint16_t *y, const float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16, quiet = (bits >> 16) | 0x40;
    y[i] = (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet : rounded);
  }
}

// One pass over a row of w serves up to four rows of x.
#define FEW_ROWS(load)                                                                     \
  for (int64_t r = 0; r < wRows; r++, w += cols)                                           \
    for (int64_t first = 0; first < xRows; first += 4) {                                   \
      int64_t count = xRows - first < 4 ? xRows - first : 4;                               \
      const float *x0 = x + first * xStride, *x1 = x0 + (count > 1 ? xStride : 0),         \
                  *x2 = x0 + (count > 2 ? 2 * xStride : 0),                                \
                  *x3 = x0 + (count > 3 ? 3 * xStride : 0);                                \
      float s0[32] = {0}, s1[32] = {0}, s2[32] = {0}, s3[32] = {0};                        \
      int64_t c = 0;                                                                       \
      if (count == 1)                                                                      \
        for (; c + 32 <= cols; c += 32)                                                    \
          for (int l = 0; l < 32; l++) s0[l] += load(w[c + l]) * x0[c + l];                \
      else                                                                                 \
        for (; c + 32 <= cols; c += 32)                                                    \
          for (int l = 0; l < 32; l++) {                                                   \
            float value = load(w[c + l]);                                                  \
            s0[l] += value * x0[c + l], s1[l] += value * x1[c + l];                        \
            s2[l] += value * x2[c + l], s3[l] += value * x3[c + l];                        \
          }                                                                                \
      for (int l = 0; c < cols; c++, l++) {                                                \
        float value = load(w[c]);                                                          \
        s0[l] += value * x0[c], s1[l] += value * x1[c];                                    \
        s2[l] += value * x2[c], s3[l] += value * x3[c];                                    \
      }                                                                                    \
      const float *sums[4] = {s0, s1, s2, s3};                                             \
      for (int64_t i = 0; i < count; i++) {                                                \
        float lanes[LANES];                                                                \
        for (int l = 0; l < LANES; l++) lanes[l] = sums[i][l] + sums[i][l + LANES];        \
        y[(first + i) * yStride + r] = NAME(lane_sum)(lanes);                              \
      }                                                                                    \
    }

#define SAME(x) (x)
KERNEL_FUNCTION(few_rows_bf16)(float *y, const uint16_t *w, const float *x, int64_t wRows,
                               int64_t cols, int64_t xRows, int64_t yStride, int64_t xStride) {
  FEW_ROWS(NAME(bf16))
}

KERNEL_FUNCTION(few_rows_f32)(float *y, const float *w, const float *x, int64_t wRows,
                              int64_t cols, int64_t xRows, int64_t yStride, int64_t xStride) {
  FEW_ROWS(SAME)
}
#undef SAME
#undef FEW_ROWS

// Twelve independent accumulators of one vector each hide the latency of multiply-add.
KERNEL_FUNCTION(fma_ceiling)(double *flops, int64_t rounds) {
  typedef float vector __attribute__((vector_size(VECTOR_BYTES)));
  vector s[12], a = {0}, b = {0};
  a += 0.999f, b += 0.001f;
  for (int i = 0; i < 12; i++) s[i] = b * (float)i;
  for (int64_t round = 0; round < rounds; round++)
    for (int i = 0; i < 12; i++) s[i] = s[i] * a + b;
  vector total = {0};
  for (int i = 0; i < 12; i++) total += s[i];
  volatile float sink = total[0];
  (void)sink;
  *flops = (double)rounds * 12 * (VECTOR_BYTES / 4) * 2;
}
