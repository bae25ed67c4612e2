// Stored matrices to f32. Values are bitsandbytes' to the last bit: products and sums of scales are
// rounded one by one.

static const float NAME(nf4_values)[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
    -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
    0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};

/// Asks for `count` numbers of w, from the flattened index `first` on, ahead of their turn, when they
/// come from memory: by cache lines, since rows of a mapped file begin anywhere.
INLINE void NAME(prefetch)(const k_weight *w, int64_t first, int64_t count) {
  static const int bitsOf[] = {32, 16, 16, 4, 8};  // by k_weight_type
  const int64_t bits = bitsOf[w->type];
  uintptr_t start = (uintptr_t)w->data + (uintptr_t)(first * bits / 8);
  uintptr_t end = start + (uintptr_t)(count * bits / 8);
  for (uintptr_t line = start & ~(uintptr_t)63; line < end; line += 64)
    __builtin_prefetch((const void *)line, 0, 2);
}

/// The scale of NF4 block `block`.
INLINE float NAME(nf4_scale)(const k_weight *w, int64_t block) {
  if (!w->scale_codes) return w->scales[block];
  float product = w->scale_map[w->scale_codes[block]] * w->nested_scales[block / K_NF4_NESTED];
  return product + w->offset;
}

INLINE float NAME(nf4_code)(const uint8_t *codes, int64_t index) {
  uint8_t pair = codes[index >> 1];
  return NAME(nf4_values)[index & 1 ? pair & 15 : pair >> 4];
}

#if VECTOR_BYTES == 64
/// Sixteen codes looked up at once.
INLINE void NAME(nf4_sixteen)(float *y, const uint8_t *codes, float scale) {
  __m128i bytes = _mm_loadl_epi64((const __m128i *)codes);
  // The look-up reads the low four bits of each lane alone, so the high nibbles need no mask.
  __m128i pairs = _mm_unpacklo_epi8(_mm_srli_epi16(bytes, 4), bytes);
  __m512 values = _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(pairs),
                                        _mm512_loadu_ps(NAME(nf4_values)));
  _mm512_storeu_ps(y, _mm512_mul_ps(values, _mm512_set1_ps(scale)));
}
#elif VECTOR_BYTES == 32
INLINE __m256 NAME(nf4_eight)(__m128i codes) {
  __m256i index = _mm256_cvtepu8_epi32(codes);
  __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(NAME(nf4_values)), index);
  __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(NAME(nf4_values) + 8), index);
  return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
}
INLINE void NAME(nf4_sixteen)(float *y, const uint8_t *codes, float scale) {
  __m128i bytes = _mm_loadl_epi64((const __m128i *)codes);
  __m128i pairs = _mm_unpacklo_epi8(_mm_srli_epi16(bytes, 4), bytes);
  __m256 factor = _mm256_set1_ps(scale);
  _mm256_storeu_ps(y, _mm256_mul_ps(NAME(nf4_eight)(pairs), factor));
  _mm256_storeu_ps(y + 8, _mm256_mul_ps(NAME(nf4_eight)(_mm_srli_si128(pairs, 8)), factor));
}
#else
INLINE void NAME(nf4_sixteen)(float *y, const uint8_t *codes, float scale) {
  for (int i = 0; i < 16; i++) y[i] = NAME(nf4_code)(codes, i) * scale;
}
#endif

INLINE void NAME(nf4_run)(float *y, const k_weight *w, int64_t first, int64_t count) {
  const uint8_t *codes = w->data;
  for (int64_t i = first, end; i < first + count; i = end) {
    int64_t block = i / K_NF4_BLOCK;
    end = (block + 1) * K_NF4_BLOCK;
    if (end > first + count) end = first + count;
    float scale = NAME(nf4_scale)(w, block);
    int64_t at = i;
    if (at % 2 == 0)
      for (; at + 16 <= end; at += 16) NAME(nf4_sixteen)(y + at - first, codes + at / 2, scale);
    for (; at < end; at++) y[at - first] = NAME(nf4_code)(codes, at) * scale;
  }
}

INLINE void NAME(int8_run)(float *y, const k_weight *w, int64_t first, int64_t count) {
  const int8_t *x = w->data;
  for (int64_t i = first, end; i < first + count; i = end) {
    int64_t row = i / w->columns;
    end = (row + 1) * w->columns;
    if (end > first + count) end = first + count;
    float scale = w->scales[row];
    for (int64_t at = i; at < end; at++)
      y[at - first] = (float)x[at] * scale * 7.874015718698502e-3f;
  }
}

/// count numbers from the flattened index `first` on; `type`, w's, may be a constant.
INLINE void NAME(run)(float *y, const k_weight *w, int64_t first, int64_t count,
                      const k_weight_type type) {
  switch (type) {
    case K_F32: memcpy(y, (const float *)w->data + first, (size_t)count * 4); break;
    case K_F16: NAME(f16_run)(y, (const uint16_t *)w->data + first, count); break;
    case K_BF16: NAME(bf16_run)(y, (const uint16_t *)w->data + first, count); break;
    case K_NF4: NAME(nf4_run)(y, w, first, count); break;
    case K_INT8: NAME(int8_run)(y, w, first, count); break;
  }
}

KERNEL_FUNCTION(weight_run)(float *y, const k_weight *w, int64_t first, int64_t count) {
  NAME(run)(y, w, first, count, w->type);
}
