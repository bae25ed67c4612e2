// Attention of one query over cached keys and values. Keys lie in blocks of sixteen tokens, number
// by number, so that a block's scores are one vector and no sum runs across lanes. A head's keys
// and its values are one stretch of memory each.

KERNEL_FUNCTION(append_to_cache)(REAL *keys, REAL *values, const REAL *k, const REAL *v,
                                 int64_t past, int64_t rows, int64_t stride, int64_t width) {
  for (int64_t r = 0; r < rows; r++, k += stride, v += stride) {
    int64_t token = past + r;
    REAL *key = keys + token / LANES * LANES * width + token % LANES;
    REAL *value = values + token * width;
    for (int64_t c = 0; c < width; c++) key[c * LANES] = k[c], value[c] = v[c];
  }
}

/// The scores of sixteen keys.
INLINE void NAME(key_scores)(REAL *scores, const REAL *q, const REAL *keys, int64_t width) {
  REAL sums[4][LANES] = {0};
  int64_t i = 0;
  for (; i + 4 <= width; i += 4)
    for (int part = 0; part < 4; part++)
      for (int l = 0; l < LANES; l++)
        sums[part][l] += q[i + part] * keys[(i + part) * LANES + l];
  for (; i < width; i++)
    for (int l = 0; l < LANES; l++) sums[0][l] += q[i] * keys[i * LANES + l];
  for (int l = 0; l < LANES; l++) scores[l] = (sums[0][l] + sums[1][l]) + (sums[2][l] + sums[3][l]);
}

/// y = scale · Σ p[j] · values[j], `columns` of them, a constant.
INLINE void NAME(weighted_sum)(REAL *y, const REAL *p, const REAL *values, int64_t count,
                               int64_t width, REAL scale, const int columns) {
  REAL sums[4 * LANES] = {0};
  for (int64_t j = 0; j < count; j++, values += width)
    for (int l = 0; l < columns; l++) sums[l] += p[j] * values[l];
  for (int l = 0; l < columns; l++) y[l] = sums[l] * scale;
}

KERNEL_FUNCTION(attend_row)(REAL *y, const REAL *q, const REAL *keys, const REAL *values,
                            int64_t from, int64_t count, int64_t width, REAL scale,
                            REAL *scratch) {
  for (int64_t j = from / LANES * LANES; j < count; j += LANES)
    NAME(key_scores)(scratch + j, q, keys + j * width, width);
  scratch += from, values += from * width, count -= from;
  REAL top = NAME(maximum)(scratch, count) * scale;
  REAL inverse = 1 / NAME(exponentials)(scratch, count, scale, top);
  int64_t i = 0;
  for (; i + 4 * LANES <= width; i += 4 * LANES)
    NAME(weighted_sum)(y + i, scratch, values + i, count, width, inverse, 4 * LANES);
  for (; i + LANES <= width; i += LANES)
    NAME(weighted_sum)(y + i, scratch, values + i, count, width, inverse, LANES);
  for (; i < width; i++)
    NAME(weighted_sum)(y + i, scratch, values + i, count, width, inverse, 1);
}
