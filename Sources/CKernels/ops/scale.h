KERNEL_FUNCTION(scale_columns)(REAL *y, const REAL *x, const REAL *factor, int64_t rows,
                               int64_t cols, REAL beta) {
  for (int64_t r = 0; r < rows; r++, y += cols, x += cols)
    if (beta == 0)
      for (int64_t c = 0; c < cols; c++) y[c] = x[c] * factor[c];
    else
      for (int64_t c = 0; c < cols; c++) y[c] += x[c] * factor[c];
}

KERNEL_FUNCTION(column_dots)(REAL *dots, const REAL *a, const REAL *b, int64_t rows, int64_t cols,
                             int64_t from, int64_t to, REAL beta) {
  if (beta == 0) memset(dots + from, 0, (size_t)(to - from) * sizeof(REAL));
  for (int64_t r = 0; r < rows; r++, a += cols, b += cols)
    for (int64_t c = from; c < to; c++) dots[c] += a[c] * b[c];
}

KERNEL_FUNCTION(row_dots)(REAL *dots, const REAL *a, const REAL *b, int64_t rows, int64_t cols,
                          REAL beta) {
  for (int64_t r = 0; r < rows; r++, a += cols, b += cols) {
    double lanes[LANES] = {0}, total = 0;
    int64_t c = 0;
    for (; c + LANES <= cols; c += LANES)
      for (int l = 0; l < LANES; l++) lanes[l] += (double)a[c + l] * (double)b[c + l];
    for (; c < cols; c++) total += (double)a[c] * (double)b[c];
    for (int l = 0; l < LANES; l++) total += lanes[l];
    dots[r] = (REAL)(beta == 0 ? total : total + (double)dots[r]);
  }
}

KERNEL_FUNCTION(sensitivity)(REAL *mean, REAL *deviation, const REAL *w, const REAL *g, REAL scale,
                             REAL beta1, REAL beta2, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    REAL now = w[i] * (scale * g[i]);
    now = now < 0 ? -now : now;
    mean[i] = beta1 * mean[i] + (1 - beta1) * now;
    REAL off = now - mean[i];
    deviation[i] = beta2 * deviation[i] + (1 - beta2) * (off < 0 ? -off : off);
  }
}
