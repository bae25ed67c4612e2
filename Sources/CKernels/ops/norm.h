KERNEL_FUNCTION(rms_norm)(REAL *y, REAL *rstd, const REAL *x, const REAL *w, int64_t rows,
                          int64_t cols, REAL eps) {
  for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
    REAL scale = 1 / SQRT(NAME(dot)(x, x, cols) / (REAL)cols + eps);
    rstd[r] = scale;
    for (int64_t c = 0; c < cols; c++) y[c] = x[c] * scale * w[c];
  }
}

// With n = x·rstd and g = dy·w:  dx = rstd · (g − n · mean(g·n))
KERNEL_FUNCTION(rms_norm_backward)(REAL *dx, const REAL *dy, const REAL *x, const REAL *w,
                                   const REAL *rstd, int64_t rows, int64_t cols, REAL beta) {
  for (int64_t r = 0; r < rows; r++, x += cols, dy += cols, dx += cols) {
    REAL lanes[LANES] = {0}, sum;
    int64_t c = 0;
    for (; c + LANES <= cols; c += LANES)
      for (int l = 0; l < LANES; l++) lanes[l] += dy[c + l] * w[c + l] * x[c + l];
    sum = NAME(lane_sum)(lanes);
    for (; c < cols; c++) sum += dy[c] * w[c] * x[c];
    REAL s = rstd[r], k = sum * s * s * s / (REAL)cols;
    if (beta == 0)
      for (c = 0; c < cols; c++) dx[c] = dy[c] * w[c] * s - x[c] * k;
    else
      for (c = 0; c < cols; c++) dx[c] += dy[c] * w[c] * s - x[c] * k;
  }
}

KERNEL_FUNCTION(rms_norm_weight_backward)(REAL *dw, const REAL *dy, const REAL *x,
                                          const REAL *rstd, int64_t rows, int64_t cols,
                                          int64_t from, int64_t to, REAL beta) {
  if (beta == 0) memset(dw + from, 0, (size_t)(to - from) * sizeof(REAL));
  for (int64_t r = 0; r < rows; r++, x += cols, dy += cols)
    for (int64_t c = from; c < to; c++) dw[c] += dy[c] * x[c] * rstd[r];
}
