// Attention of one query over cached keys and values. Keys lie in blocks of sixteen tokens, number
// by number, so that a block's scores are one vector and no sum runs across lanes.

KERNEL_FUNCTION(append_keys)(REAL *cache, const REAL *k, int64_t past, int64_t rows,
                             int64_t cols) {
  for (int64_t r = 0; r < rows; r++) {
    int64_t token = past + r;
    REAL *place = cache + token / LANES * LANES * cols + token % LANES;
    for (int64_t c = 0; c < cols; c++) place[c * LANES] = k[r * cols + c];
  }
}

/// The scores of sixteen keys.
INLINE void NAME(key_scores)(REAL *scores, const REAL *q, const REAL *k, int64_t head) {
  REAL sums[4][LANES] = {0};
  int64_t i = 0;
  for (; i + 4 <= head; i += 4)
    for (int part = 0; part < 4; part++)
      for (int l = 0; l < LANES; l++)
        sums[part][l] += q[i + part] * k[(i + part) * LANES + l];
  for (; i < head; i++)
    for (int l = 0; l < LANES; l++) sums[0][l] += q[i] * k[i * LANES + l];
  for (int l = 0; l < LANES; l++) scores[l] = (sums[0][l] + sums[1][l]) + (sums[2][l] + sums[3][l]);
}

/// y = scale · Σ p[j] · v[j] for `count` numbers, a constant.
INLINE void NAME(weighted_sum)(REAL *y, const REAL *p, const REAL *v, int64_t keys,
                               int64_t stride, REAL scale, const int count) {
  REAL sums[4 * LANES] = {0};
  for (int64_t j = 0; j < keys; j++, v += stride)
    for (int l = 0; l < count; l++) sums[l] += p[j] * v[l];
  for (int l = 0; l < count; l++) y[l] = sums[l] * scale;
}

KERNEL_FUNCTION(attend_row)(REAL *y, const REAL *q, const REAL *k, const REAL *v, int64_t keys,
                            int64_t cols, int64_t head, REAL scale, REAL *scratch) {
  for (int64_t j = 0; j < keys; j += LANES)
    NAME(key_scores)(scratch + j, q, k + j * cols, head);
  REAL top = NAME(maximum)(scratch, keys) * scale;
  REAL inverse = 1 / NAME(exponentials)(scratch, keys, scale, top);
  int64_t i = 0;
  for (; i + 4 * LANES <= head; i += 4 * LANES)
    NAME(weighted_sum)(y + i, scratch, v + i, keys, cols, inverse, 4 * LANES);
  for (; i + LANES <= head; i += LANES)
    NAME(weighted_sum)(y + i, scratch, v + i, keys, cols, inverse, LANES);
  for (; i < head; i++) NAME(weighted_sum)(y + i, scratch, v + i, keys, cols, inverse, 1);
}
