KERNEL_FUNCTION(axpby)(REAL *y, const REAL *x, REAL a, REAL beta, int64_t n) {
  if (beta == 0)
    for (int64_t i = 0; i < n; i++) y[i] = a * x[i];
  else
    for (int64_t i = 0; i < n; i++) y[i] = a * x[i] + beta * y[i];
}

KERNEL_FUNCTION(add)(REAL *y, const REAL *a, const REAL *b, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

KERNEL_FUNCTION(add_row)(REAL *y, const REAL *row, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, y += cols)
    for (int64_t c = 0; c < cols; c++) y[c] += row[c];
}

KERNEL_FUNCTION(column_sum)(REAL *sum, const REAL *x, int64_t rows, int64_t cols, int64_t from,
                            int64_t to, REAL beta) {
  if (beta == 0) memset(sum + from, 0, (size_t)(to - from) * sizeof(REAL));
  for (int64_t r = 0; r < rows; r++, x += cols)
    for (int64_t c = from; c < to; c++) sum[c] += x[c];
}

// The mask of elements first ... first + count - 1, one word each, for count up to DROPOUT_BLOCK and
// first a multiple of 4: sixteen counters side by side, so that the rounds run in vectors.
#define DROPOUT_BLOCK (4 * LANES)
INLINE void NAME(dropout_words)(uint32_t *words, uint64_t key, uint64_t stream, uint64_t first) {
  uint32_t c[4][LANES], k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int l = 0; l < LANES; l++) {
    uint64_t counter = (first >> 2) + (uint64_t)l;
    c[0][l] = (uint32_t)counter, c[1][l] = (uint32_t)(counter >> 32);
    c[2][l] = (uint32_t)stream, c[3][l] = (uint32_t)(stream >> 32);
  }
  for (int round = 0; round < 10; round++) {
    for (int l = 0; l < LANES; l++) {
      uint64_t p0 = (uint64_t)0xD2511F53u * c[0][l], p1 = (uint64_t)0xCD9E8D57u * c[2][l];
      uint32_t n0 = (uint32_t)(p1 >> 32) ^ c[1][l] ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c[3][l] ^ k1;
      c[1][l] = (uint32_t)p1, c[3][l] = (uint32_t)p0, c[0][l] = n0, c[2][l] = n2;
    }
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  for (int l = 0; l < LANES; l++)
    for (int i = 0; i < 4; i++) words[4 * l + i] = c[i][l];
}

KERNEL_FUNCTION(dropout)(REAL *y, const REAL *x, int64_t n, uint64_t key, uint64_t stream,
                         int64_t offset, REAL keep, REAL beta) {
  // A word below keep · 2³² keeps its element; four elements share a counter.
  double bound = (double)keep * 4294967296.0;
  uint32_t last = bound >= 4294967295.0 ? 0xFFFFFFFFu : (uint32_t)bound, words[DROPOUT_BLOCK];
  REAL scale = 1 / keep;
  int64_t skipped = offset & 3;
  for (int64_t start = -skipped; start < n; start += DROPOUT_BLOCK) {
    NAME(dropout_words)(words, key, stream, (uint64_t)(offset + start));
    int64_t from = start < 0 ? -start : 0, to = n - start < DROPOUT_BLOCK ? n - start : DROPOUT_BLOCK;
    REAL *out = y + start;
    const REAL *in = x + start;
    if (beta == 0)
      for (int64_t i = from; i < to; i++) out[i] = words[i] < last ? in[i] * scale : 0;
    else
      for (int64_t i = from; i < to; i++) out[i] += words[i] < last ? in[i] * scale : 0;
  }
}
