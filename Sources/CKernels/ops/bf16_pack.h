// Operands of products of bf16, packed: as in gemm_pack.h, but two neighbouring depths share 32 bits,
// and numbers are rounded (to nearest even) on the way.

INLINE __mmask16 lanes(int64_t count) {
  return (__mmask16)(count >= WIDTH ? 0xFFFF : count > 0 ? (1 << count) - 1 : 0);
}

/// Sixteen of each, rounded: low's numbers, then high's.
INLINE __m512i rounded(__m512 low, __m512 high) {
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/// Sixteen numbers and sixteen others become sixteen pairs of one and another.
INLINE __m512i paired(__m512i both) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, both);
}

/// Sixteen pairs of x[0..<32], of which `count` exist; the others are 0.
INLINE __m512i pairs_f32(const float *x, int64_t count, __m512 alpha) {
  __m512 low = _mm512_maskz_loadu_ps(lanes(count), x);
  __m512 high = _mm512_maskz_loadu_ps(lanes(count - WIDTH), x + WIDTH);
  return rounded(_mm512_mul_ps(low, alpha), _mm512_mul_ps(high, alpha));
}

/// The same from stored bf16, which needs no rounding.
INLINE __m512i pairs_bf16(const uint16_t *x, int64_t count) {
  __mmask32 mask = count >= 32 ? 0xFFFFFFFFu : ((__mmask32)1 << count) - 1;
  return _mm512_maskz_loadu_epi16(mask, x);
}

/// Sixteen rows of sixteen pairs, transposed in registers.
INLINE void transpose(__m512i *r) {
  __m512i t[16];
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i += 4)
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + j + 2]);
      r[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + j + 2]);
    }
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++)
    for (int half = 0; half < 16; half += 8) {
      t[half + j] = _mm512_shuffle_i32x4(r[half + j], r[half + 4 + j], 0x88);
      t[half + 4 + j] = _mm512_shuffle_i32x4(r[half + j], r[half + 4 + j], 0xDD);
    }
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) {
    r[j] = _mm512_shuffle_i32x4(t[j], t[8 + j], 0x88);
    r[8 + j] = _mm512_shuffle_i32x4(t[j], t[8 + j], 0xDD);
  }
}

void k_gemm_pack_rows_bf16(uint32_t *packed, const float *x, int64_t rows, int64_t depth,
                           int64_t stride, float alpha) {
  __m512 factor = _mm512_set1_ps(alpha);
  for (int64_t row = 0; row < rows; row += ROWS, x += ROWS * stride) {
    for (int64_t k = 0; k < depth; k += 2 * WIDTH) {
      __m512i r[WIDTH];
#pragma clang loop unroll(full)
      for (int i = 0; i < WIDTH; i++)
        r[i] = i < ROWS && row + i < rows ? pairs_f32(x + i * stride + k, depth - k, factor)
                                          : _mm512_setzero_si512();
      transpose(r);
      int64_t pairs = (depth - k + 1) / 2;
#pragma clang loop unroll(full)
      for (int i = 0; i < WIDTH; i++)
        if (i < pairs) _mm512_mask_storeu_epi32(packed + i * ROWS, lanes(ROWS), r[i]);
      packed += (pairs < WIDTH ? pairs : WIDTH) * ROWS;
    }
  }
}

void k_gemm_pack_bands_bf16(uint32_t *packed, const float *x, int64_t rows, int64_t depth,
                            float alpha) {
  __m512 factor = _mm512_set1_ps(alpha);
  for (int64_t row = 0; row < rows; row += K_BAND, x += K_BAND * depth)
    for (int64_t k = 0; k < depth; k += 2 * WIDTH) {
      __m512i r[WIDTH];
      for (int i = 0; i < WIDTH; i++)
        r[i] = row + i < rows ? pairs_f32(x + i * depth + k, depth - k, factor)
                              : _mm512_setzero_si512();
      transpose(r);
      int64_t pairs = (depth - k + 1) / 2;
      for (int i = 0; i < WIDTH && i < pairs; i++, packed += K_BAND)
        _mm512_storeu_si512(packed, r[i]);
    }
}

void k_gemm_pack_columns_bf16(uint32_t *packed, const float *x, int64_t rows, int64_t depth,
                              int64_t stride, float alpha) {
  __m512 factor = _mm512_set1_ps(alpha);
  for (int64_t row = 0; row < rows; row += ROWS) {
    __mmask16 exist = lanes(rows - row < ROWS ? rows - row : ROWS);
    for (int64_t k = 0; k < depth; k += 2, packed += ROWS) {
      const float *from = x + k * stride + row;
      __m512 one = _mm512_maskz_loadu_ps(exist, from);
      __m512 other = _mm512_maskz_loadu_ps(k + 1 < depth ? exist : 0, from + stride);
      __m512i both = rounded(_mm512_mul_ps(one, factor), _mm512_mul_ps(other, factor));
      _mm512_mask_storeu_epi32(packed, lanes(ROWS), paired(both));
    }
  }
}

/// A strip of Wᵀ: b[panel][k / 2][column] = w[first + column][from + k] and its neighbour.
static void pack_transposed(uint32_t *b, const k_weight *w, int64_t first, int64_t columns,
                            int64_t from, int64_t depth) {
  float scratch[WIDTH * DEPTH] __attribute__((aligned(64)));
  const __m512 one = _mm512_set1_ps(1);
  int64_t pairs = (depth + 1) / 2;
  for (int64_t at = 0; at < columns; at += WIDTH) {
    int64_t count = columns - at < WIDTH ? columns - at : WIDTH;
    int64_t start = (first + at) * w->columns + from, stride = w->columns;
    const float *x = (const float *)w->data + start;
    if (w->type != K_F32 && w->type != K_BF16) {
      for (int64_t i = 0; i < count; i++)
        k_weight_run_f32(scratch + i * depth, w, start + i * stride, depth);
      x = scratch, stride = depth;
    }
    uint32_t *y = b + at / COLUMNS * COLUMNS * pairs + at % COLUMNS;
    for (int64_t k = 0; k < depth; k += 2 * WIDTH) {
      __m512i r[WIDTH];
#pragma clang loop unroll(full)
      for (int i = 0; i < WIDTH; i++)
        if (i >= count) r[i] = _mm512_setzero_si512();
        else if (w->type == K_BF16)
          r[i] = pairs_bf16((const uint16_t *)w->data + start + i * stride + k, depth - k);
        else r[i] = pairs_f32(x + i * stride + k, depth - k, one);
      transpose(r);
#pragma clang loop unroll(full)
      for (int i = 0; i < WIDTH; i++)
        if (k / 2 + i < pairs) _mm512_storeu_si512(y + (k / 2 + i) * COLUMNS, r[i]);
    }
  }
}

/// A strip of W: b[panel][k / 2][column] = w[from + k][first + column] and w[from + k + 1]'s.
static void pack_plain(uint32_t *b, const k_weight *w, int64_t first, int64_t columns, int64_t from,
                       int64_t depth) {
  float scratch[2][K_GEMM_STRIP] __attribute__((aligned(64)));
  int64_t pairs = (depth + 1) / 2;
  for (int64_t k = 0; k < depth; k += 2) {
    int64_t start = (from + k) * w->columns + first, next = start + w->columns;
    int hasNext = k + 1 < depth;
    const float *one = (const float *)w->data + start, *other = (const float *)w->data + next;
    if (w->type != K_F32 && w->type != K_BF16) {
      k_weight_run_f32(scratch[0], w, start, columns);
      if (hasNext) k_weight_run_f32(scratch[1], w, next, columns);
      one = scratch[0], other = scratch[1];
    }
    for (int64_t at = 0; at < columns; at += WIDTH) {
      __mmask16 exist = lanes(columns - at), alsoNext = hasNext ? exist : 0;
      __m512i both;
      if (w->type == K_BF16) {
        const uint16_t *x = (const uint16_t *)w->data + at;
        __m256i low = _mm256_maskz_loadu_epi16(exist, x + start);
        __m256i high = _mm256_maskz_loadu_epi16(alsoNext, x + next);
        both = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
      } else {
        both = rounded(_mm512_maskz_loadu_ps(exist, one + at),
                       _mm512_maskz_loadu_ps(alsoNext, other + at));
      }
      uint32_t *y = b + at / COLUMNS * COLUMNS * pairs + k / 2 * COLUMNS + at % COLUMNS;
      _mm512_storeu_si512(y, paired(both));
    }
  }
}

/// Asks for the numbers of the part that is packed next, when they come from memory.
static void prefetch_strip(const k_term *term, int64_t first, int64_t columns, int64_t at) {
  const k_weight *w = &term->b;
  int64_t depth = term->depth - at < DEPTH ? term->depth - at : DEPTH;
  int64_t row = term->bFirst + (term->isTransposed ? first : at);
  int64_t rows = term->isTransposed ? columns : depth, from = term->isTransposed ? at : first;
  for (int64_t i = 0; i < rows && depth > 0; i++)
    NAME(prefetch)(w, (row + i) * w->columns + from, term->isTransposed ? depth : columns);
}
