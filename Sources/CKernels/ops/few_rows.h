// y = x · Wᵀ for few rows of x. A row of w is read and decoded once for up to eight rows of x.
//
// Each sum is kept in one vector of lanes, to which the columns are added in rising order whatever
// the number of rows on either side: a row of x has the same result alone and among others.
// Numbers are decoded as weight_run decodes them, but for int8: a row's scale multiplies its sum.

typedef float NAME(lanes) __attribute__((vector_size(VECTOR_BYTES), aligned(4)));

enum {
  NAME(WIDTH) = VECTOR_BYTES / 4,
  /// Columns decoded at a time: an NF4 block.
  NAME(STEP) = K_NF4_BLOCK,
  /// Vectors in a step.
  NAME(PARTS) = NAME(STEP) / NAME(WIDTH),
  /// Bytes that are asked for in advance: by itself the processor stops at the ends of rows that
  /// are read several at a time, and reads a third less.
  NAME(AHEAD) = 4096,
};

/// What is constant while a block of NF4 is decoded: its values times its scale.
typedef struct {
#if VECTOR_BYTES == 64
  __m512 values;
#elif VECTOR_BYTES == 32
  __m256 low, high;
#else
  float values[16];
#endif
} NAME(nf4_table);

/// Multiplies as weight_run does, once for each code instead of once for each number.
INLINE NAME(nf4_table) NAME(nf4_scaled)(float scale) {
  NAME(nf4_table) table;
#if VECTOR_BYTES == 64
  table.values = _mm512_mul_ps(_mm512_loadu_ps(NAME(nf4_values)), _mm512_set1_ps(scale));
#elif VECTOR_BYTES == 32
  table.low = _mm256_mul_ps(_mm256_loadu_ps(NAME(nf4_values)), _mm256_set1_ps(scale));
  table.high = _mm256_mul_ps(_mm256_loadu_ps(NAME(nf4_values) + 8), _mm256_set1_ps(scale));
#else
  UNROLL for (int i = 0; i < 16; i++) table.values[i] = NAME(nf4_values)[i] * scale;
#endif
  return table;
}

/// WIDTH numbers of the block whose codes begin at `codes`: part·WIDTH and on, or in another order.
INLINE NAME(lanes) NAME(nf4_part)(const NAME(nf4_table) *table, const uint8_t *codes, int part) {
#if VECTOR_BYTES == 64
  // All 32 bytes lie in either half of the lanes; a shift leaves a code lowest in each, and no more
  // than those four bits of an index are read. Lane l of the lower half has number 8·l + 2·part,
  // of the upper half the one after it: `few_rows_order` brings x into this order.
  __m512i bytes = _mm512_broadcast_i32x8(_mm256_loadu_si256((const __m256i *)codes));
  __m512i odd = _mm512_set1_epi32(8 * part);
  __m512i shift = _mm512_mask_set1_epi32(odd, 0xFF, 8 * part + 4);
  return _mm512_permutexvar_ps(_mm512_srlv_epi32(bytes, shift), table->values);
#elif VECTOR_BYTES == 32
  int32_t four;
  memcpy(&four, codes + part * 4, 4);
  __m256i index = _mm256_srlv_epi32(
      _mm256_set1_epi32(four), _mm256_set_epi32(24, 28, 16, 20, 8, 12, 0, 4));
  __m256 low = _mm256_permutevar8x32_ps(table->low, index);
  __m256 high = _mm256_permutevar8x32_ps(table->high, index);
  return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
#else
  NAME(lanes) value;
  for (int l = 0; l < NAME(WIDTH); l += 2) {
    uint8_t pair = codes[(part * NAME(WIDTH) + l) / 2];
    value[l] = table->values[pair >> 4], value[l + 1] = table->values[pair & 15];
  }
  return value;
#endif
}

KERNEL_FUNCTION(few_rows_order)(float *y, const float *x, int64_t rows, int64_t columns) {
#if VECTOR_BYTES == 64
  // Block by block in nf4_part's order: a table of 8 × 4 pairs becomes one of 4 × 2 × 8 numbers.
  // Shuffling x once costs less than shuffling each block of w.
  if (columns % NAME(STEP) == 0) {
    for (int64_t i = 0; i < rows * columns; i += NAME(STEP)) {
      NAME(lanes) in[4], half[2][2], out;
      memcpy(in, x + i, sizeof in);
#define QUARTERS(h, p)                                                                       \
  half[h][p] = __builtin_shufflevector(                                                      \
      in[2 * h], in[2 * h + 1], 4 * p, 4 * p + 8, 4 * p + 16, 4 * p + 24, 4 * p + 1,         \
      4 * p + 9, 4 * p + 17, 4 * p + 25, 4 * p + 2, 4 * p + 10, 4 * p + 18, 4 * p + 26,      \
      4 * p + 3, 4 * p + 11, 4 * p + 19, 4 * p + 27);
      QUARTERS(0, 0) QUARTERS(0, 1) QUARTERS(1, 0) QUARTERS(1, 1)
#undef QUARTERS
#define HALVES(part, p, f)                                                                   \
  out = __builtin_shufflevector(half[0][p], half[1][p], f, f + 1, f + 2, f + 3, f + 16,      \
                                f + 17, f + 18, f + 19, f + 4, f + 5, f + 6, f + 7, f + 20,  \
                                f + 21, f + 22, f + 23);                                     \
  memcpy(y + i + part * NAME(WIDTH), &out, sizeof out);
      HALVES(0, 0, 0) HALVES(1, 0, 8) HALVES(2, 1, 0) HALVES(3, 1, 8)
#undef HALVES
    }
    return;
  }
#endif
  memcpy(y, x, (size_t)(rows * columns) * 4);
}

INLINE float NAME(sum_of_lanes)(NAME(lanes) sum) {
  float lanes[NAME(WIDTH)];
  memcpy(lanes, &sum, sizeof sum);
  for (int half = NAME(WIDTH) / 2; half > 0; half /= 2)
    for (int l = 0; l < half; l++) lanes[l] += lanes[l + half];
  return lanes[0];
}

/// Numbers part·WIDTH and on of a step whose stored numbers begin at `data`.
INLINE NAME(lanes) NAME(stored_part)(const uint8_t *data, const NAME(nf4_table) *table,
                                     const k_weight_type type, int part) {
  typedef uint16_t halves __attribute__((vector_size(VECTOR_BYTES / 2)));
  typedef int8_t bytes __attribute__((vector_size(VECTOR_BYTES / 4)));
  typedef uint32_t words __attribute__((vector_size(VECTOR_BYTES)));
  const int first = part * NAME(WIDTH);
  NAME(lanes) value;
  halves half;
  bytes byte;
  switch (type) {
    case K_F32:
      memcpy(&value, data + first * 4, sizeof value);
      return value;
    case K_BF16:
      memcpy(&half, data + first * 2, sizeof half);
      return (NAME(lanes))(__builtin_convertvector(half, words) << 16);
    case K_F16:
      memcpy(&half, data + first * 2, sizeof half);
#if VECTOR_BYTES == 64
      return _mm512_cvtph_ps((__m256i)half);
#elif VECTOR_BYTES == 32
      return _mm256_cvtph_ps((__m128i)half);
#else
      NAME(from_f16)((float *)&value, (const uint16_t *)&half, NAME(WIDTH));
      return value;
#endif
    case K_INT8:
      memcpy(&byte, data + first, sizeof byte);
      return __builtin_convertvector(byte, NAME(lanes));
    case K_NF4: return NAME(nf4_part)(table, data, part);
  }
}

/// sums[j][i] += this step's part of row j of w times row i of x.
INLINE void NAME(few_step)(NAME(lanes) sums[4][8], const uint8_t *const data[4],
                           const float scales[4], const float *const x[8],
                           const k_weight_type type, const int wRows, const int xRows) {
  NAME(nf4_table) tables[4];
  if (type == K_NF4)
    UNROLL for (int j = 0; j < wRows; j++) tables[j] = NAME(nf4_scaled)(scales[j]);
  UNROLL for (int part = 0; part < NAME(PARTS); part++) {
    NAME(lanes) values[4];
    UNROLL for (int j = 0; j < wRows; j++)
      values[j] = NAME(stored_part)(data[j], tables + j, type, part);
    UNROLL for (int i = 0; i < xRows; i++) {
      NAME(lanes) number;
      memcpy(&number, x[i] + part * NAME(WIDTH), sizeof number);
      UNROLL for (int j = 0; j < wRows; j++) sums[j][i] += values[j] * number;
    }
  }
}

/// The columns from `c` on in steps of any length, decoded in memory: the end of a row, and all of
/// it where NF4 blocks cross the ends of rows.
INLINE void NAME(few_tail)(NAME(lanes) sums[4][8], const k_weight *w, const int64_t rows[4],
                           const float *const x[8], int64_t c, const int wRows, const int xRows) {
  float decoded[4][NAME(STEP)], padded[8][NAME(STEP)];
  const uint8_t *data[4];
  const float *xs[8];
  UNROLL for (int j = 0; j < wRows; j++) data[j] = (const uint8_t *)decoded[j];
  UNROLL for (int i = 0; i < xRows; i++) xs[i] = padded[i];
  for (; c < w->columns; c += NAME(STEP)) {
    int64_t count = w->columns - c < NAME(STEP) ? w->columns - c : NAME(STEP);
    memset(decoded, 0, sizeof decoded), memset(padded, 0, sizeof padded);
    UNROLL for (int j = 0; j < wRows; j++)
      NAME(weight_run)(decoded[j], w, rows[j] * w->columns + c, count);
    UNROLL for (int i = 0; i < xRows; i++) memcpy(padded[i], x[i] + c, (size_t)count * 4);
    NAME(few_step)(sums, data, NULL, xs, K_F32, wRows, xRows);
  }
}

/// The size of a stored number.
INLINE int NAME(bits)(const k_weight_type type) {
  return type == K_F32 ? 32 : type == K_INT8 ? 8 : type == K_NF4 ? 4 : 16;
}

/// The products of wRows rows of w from `first` on and xRows of x, of which `wCount` and `xCount`
/// are wanted: where there are fewer, the last one stands in for the missing.
INLINE void NAME(few_block)(float *y, const k_weight *w, const float *x, int64_t first,
                            int64_t wCount, int64_t xCount, int64_t yStride,
                            const k_weight_type type, const int wRows, const int xRows) {
  const int bits = NAME(bits)(type);
  const int bytes = NAME(STEP) * bits / 8;
  const int64_t columns = w->columns;
  const uint8_t *data[4];
  const float *xs[8];
  int64_t rows[4], c = 0;
  float scales[4];
  NAME(lanes) sums[4][8] = {0};
  UNROLL for (int j = 0; j < wRows; j++) {
    rows[j] = first + (j < wCount ? j : wCount - 1);
    data[j] = (const uint8_t *)w->data + rows[j] * columns * bits / 8;
  }
  UNROLL for (int i = 0; i < xRows; i++) xs[i] = x + (i < xCount ? i : xCount - 1) * columns;
  if (type != K_NF4 || columns % K_NF4_BLOCK == 0)
    for (; c + NAME(STEP) <= columns; c += NAME(STEP)) {
      const float *at[8];
      if (type == K_NF4)
        UNROLL for (int j = 0; j < wRows; j++)
          scales[j] = NAME(nf4_scale)(w, (rows[j] * columns + c) / K_NF4_BLOCK);
      UNROLL for (int i = 0; i < xRows; i++) at[i] = xs[i] + c;
      UNROLL for (int j = 0; j < wRows; j++)
        UNROLL for (int line = 0; line < bytes; line += 64)
          __builtin_prefetch(data[j] + NAME(AHEAD) + line);
      NAME(few_step)(sums, data, scales, at, type, wRows, xRows);
      UNROLL for (int j = 0; j < wRows; j++) data[j] += bytes;
    }
  if (type == K_INT8)
    UNROLL for (int j = 0; j < wRows; j++) {
      const float scale = w->scales[rows[j]] * 7.874015718698502e-3f;
      UNROLL for (int i = 0; i < xRows; i++) sums[j][i] *= scale;
    }
  if (c < columns) NAME(few_tail)(sums, w, rows, xs, c, wRows, xRows);
  UNROLL for (int j = 0; j < wRows; j++)
    UNROLL for (int i = 0; i < xRows; i++)
      if (j < wCount && i < xCount) y[i * yStride + first + j] = NAME(sum_of_lanes)(sums[j][i]);
}

INLINE void NAME(few_of_type)(float *y, const k_weight *w, const float *x, int64_t from,
                              int64_t to, int64_t xCount, int64_t yStride,
                              const k_weight_type type) {
  // As many sums as leave registers for the rest: 32 of them with AVX-512, else 16.
  enum { WIDE = VECTOR_BYTES == 64 ? 2 : 1, CACHED = 1 << 17 };
  // More rows of x than a block has: they take turns at a part of w that stays in the cache.
  int64_t bytes = w->columns * NAME(bits)(type) / 8 + 1, part = (CACHED / bytes / 4 + 1) * 4;
  for (int64_t first = from, last; first < to; first = last) {
    last = xCount > 8 && part < to - first ? first + part : to;
    for (int64_t i = 0; i < xCount; i += 8)
      for (int64_t r = first, rows; r < last; r += rows) {
#define BLOCK(wRows, xRows)                                                                   \
  rows = wRows, NAME(few_block)(y + i * yStride, w, x + i * w->columns, r,                    \
                                last - r < rows ? last - r : rows, xCount - i, yStride, type, \
                                wRows, xRows)
        if (xCount - i > 4) BLOCK(WIDE, 8);
        else if (xCount - i > 2) BLOCK(2 * WIDE, 4);
        else if (xCount - i > 1) BLOCK(4, 2);
        else BLOCK(4, 1);
#undef BLOCK
      }
  }
}

KERNEL_FUNCTION(few_rows)(float *y, const k_weight *w, const float *x, int64_t from, int64_t to,
                          int64_t xRows, int64_t yStride) {
#define CASE(type) \
  case type: NAME(few_of_type)(y, w, x, from, to, xRows, yStride, type); break
  switch (w->type) {
    CASE(K_F32);
    CASE(K_F16);
    CASE(K_BF16);
    CASE(K_NF4);
    CASE(K_INT8);
  }
#undef CASE
}
