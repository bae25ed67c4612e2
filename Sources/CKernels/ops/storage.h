// Only for REAL = float.
INLINE float NAME(bf16)(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

INLINE void NAME(bf16_run)(float *y, const uint16_t *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = NAME(bf16)(x[i]);
}

KERNEL_FUNCTION(from_bf16)(float *y, const uint16_t *x, int64_t n) { NAME(bf16_run)(y, x, n); }

// Shifting the half's exponent and mantissa into place leaves the value 2⁻¹¹² times too small,
// subnormals included; one multiplication mends it. Infinity and NaN need their exponent set.
INLINE void NAME(f16_run)(float *y, const uint16_t *x, int64_t n) {
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

KERNEL_FUNCTION(from_f16)(float *y, const uint16_t *x, int64_t n) { NAME(f16_run)(y, x, n); }

KERNEL_FUNCTION(to_bf16)(uint16_t *y, const float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16, quiet = (bits >> 16) | 0x40;
    y[i] = (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet : rounded);
  }
}

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

KERNEL_FUNCTION(read_ceiling)(float *sum, const float *x, int64_t n) {
  float lanes[128] = {0};
  for (int64_t i = 0; i + 128 <= n; i += 128)
    for (int l = 0; l < 128; l++) lanes[l] += x[i + l];
  *sum = 0;
  for (int l = 0; l < 128; l++) *sum += lanes[l];
}
