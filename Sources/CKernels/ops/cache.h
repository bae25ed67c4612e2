// Attention of queries over cached keys and values. Keys lie in blocks of sixteen tokens, number by
// number, so that a block's scores are one vector and no sum runs across lanes. A head's keys and
// its values are one stretch of memory each.
//
// Several queries read a stretch together. Each has sums of its own, in the order of the tokens: its
// result has the same bits alone and among others, over one stretch of memory or several.

typedef REAL NAME(sixteen) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL))));

/// Queries that share what is loaded: as many as leave registers for their sums.
#if defined(KERNEL_F32) && VECTOR_BYTES == 64
#define TOGETHER 4
#else
#define TOGETHER 1
#endif

KERNEL_FUNCTION(append_to_cache)(REAL *keys, REAL *values, const REAL *k, const REAL *v,
                                 int64_t past, int64_t rows, int64_t stride, int64_t width) {
  for (int64_t r = 0; r < rows; r++, k += stride, v += stride) {
    int64_t token = past + r;
    REAL *key = keys + token / LANES * LANES * width + token % LANES;
    REAL *value = values + token * width;
    for (int64_t c = 0; c < width; c++) key[c * LANES] = k[c], value[c] = v[c];
  }
}

/// The scores of sixteen keys with `queries` queries, a constant.
INLINE void NAME(key_scores)(REAL *scores, int64_t stride, const REAL *const *q, const REAL *keys,
                             int64_t width, const int queries) {
  NAME(sixteen) sums[TOGETHER][4] = {0};
  int64_t i = 0;
  for (; i + 4 <= width; i += 4)
    UNROLL for (int part = 0; part < 4; part++) {
      NAME(sixteen) key;
      memcpy(&key, keys + (i + part) * LANES, sizeof key);
      UNROLL for (int r = 0; r < queries; r++) sums[r][part] += q[r][i + part] * key;
    }
  for (; i < width; i++) {
    NAME(sixteen) key;
    memcpy(&key, keys + i * LANES, sizeof key);
    UNROLL for (int r = 0; r < queries; r++) sums[r][0] += q[r][i] * key;
  }
  UNROLL for (int r = 0; r < queries; r++) {
    NAME(sixteen) sum = (sums[r][0] + sums[r][1]) + (sums[r][2] + sums[r][3]);
    memcpy(scores + r * stride, &sum, sizeof sum);
  }
}

KERNEL_FUNCTION(cache_scores)(REAL *scores, int64_t stride, const REAL *const *q, int64_t queries,
                              const REAL *keys, int64_t from, int64_t to, int64_t width) {
  for (int64_t j = from / LANES * LANES; j < to; j += LANES) {
    const REAL *block = keys + j * width;
    int64_t r = 0;
    for (; r + TOGETHER <= queries; r += TOGETHER)
      NAME(key_scores)(scores + r * stride + j, stride, q + r, block, width, TOGETHER);
    for (; r < queries; r++)
      NAME(key_scores)(scores + r * stride + j, stride, q + r, block, width, 1);
  }
}

KERNEL_FUNCTION(cache_weights)(REAL *scores, REAL *sum, int64_t count, REAL scale) {
  REAL top = NAME(maximum)(scores, count) * scale;
  *sum = NAME(exponentials)(scores, count, scale, top);
}

/// y[r] += Σ p[r][j] · values[j] for `queries` rows and `parts` · sixteen columns, constants.
INLINE void NAME(weighted_sum)(REAL *const *y, int64_t at, const REAL *p, int64_t stride,
                               const REAL *values, int64_t count, int64_t width,
                               const int queries, const int parts) {
  NAME(sixteen) sums[TOGETHER][4];
  UNROLL for (int r = 0; r < queries; r++) memcpy(sums[r], y[r] + at, parts * sizeof **sums);
  for (int64_t j = 0; j < count; j++, values += width) {
    NAME(sixteen) value[4];
    memcpy(value, values + at, parts * sizeof *value);
    UNROLL for (int r = 0; r < queries; r++)
      UNROLL for (int part = 0; part < parts; part++)
        sums[r][part] += p[r * stride + j] * value[part];
  }
  UNROLL for (int r = 0; r < queries; r++) memcpy(y[r] + at, sums[r], parts * sizeof **sums);
}

INLINE void NAME(weighted_sums)(REAL *const *y, const REAL *p, int64_t stride, const REAL *values,
                                int64_t count, int64_t width, const int queries) {
  int64_t i = 0;
  for (; i + 4 * LANES <= width; i += 4 * LANES)
    NAME(weighted_sum)(y, i, p, stride, values, count, width, queries, 4);
  for (; i + LANES <= width; i += LANES)
    NAME(weighted_sum)(y, i, p, stride, values, count, width, queries, 1);
  for (; i < width; i++)
    UNROLL for (int r = 0; r < queries; r++) {
      REAL sum = y[r][i];
      for (int64_t j = 0; j < count; j++) sum += p[r * stride + j] * values[j * width + i];
      y[r][i] = sum;
    }
}

KERNEL_FUNCTION(cache_values)(REAL *const *y, const REAL *p, int64_t stride, int64_t queries,
                              const REAL *values, int64_t count, int64_t width) {
  int64_t r = 0;
  for (; r + TOGETHER <= queries; r += TOGETHER)
    NAME(weighted_sums)(y + r, p + r * stride, stride, values, count, width, TOGETHER);
  for (; r < queries; r++)
    NAME(weighted_sums)(y + r, p + r * stride, stride, values, count, width, 1);
}
#undef TOGETHER
