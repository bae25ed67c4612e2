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

KERNEL_FUNCTION(dropout)(REAL *y, const REAL *x, int64_t n, uint64_t key, uint64_t stream,
                         int64_t offset, REAL keep, REAL beta) {
  // A word below keep · 2³² keeps its element; four elements share a counter.
  double bound = (double)keep * 4294967296.0;
  uint64_t threshold = (uint64_t)bound;
  REAL scale = 1 / keep;
  uint32_t words[4] = {0};
  for (int64_t i = 0; i < n; i++) {
    uint64_t element = (uint64_t)(offset + i);
    if (i == 0 || (element & 3) == 0) {
      uint64_t counter = element >> 2;
      words[0] = (uint32_t)counter, words[1] = (uint32_t)(counter >> 32);
      words[2] = (uint32_t)stream, words[3] = (uint32_t)(stream >> 32);
      philox4x32(words, (uint32_t)key, (uint32_t)(key >> 32));
    }
    REAL value = words[element & 3] < threshold ? x[i] * scale : 0;
    y[i] = beta == 0 ? value : y[i] + value;
  }
}
