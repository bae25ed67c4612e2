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

KERNEL_FUNCTION(layer_norm)(REAL *y, REAL *mean, REAL *rstd, const REAL *x, const REAL *w,
                            const REAL *b, int64_t rows, int64_t cols, REAL eps) {
  for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
    REAL lanes[LANES] = {0}, squares[LANES] = {0}, m, variance;
    int64_t c = 0;
    for (; c + LANES <= cols; c += LANES)
      for (int l = 0; l < LANES; l++) lanes[l] += x[c + l];
    m = NAME(lane_sum)(lanes);
    for (; c < cols; c++) m += x[c];
    m /= (REAL)cols;
    // Of the differences, not of x² − mean²: where the mean is large, that would cancel.
    for (c = 0; c + LANES <= cols; c += LANES)
      for (int l = 0; l < LANES; l++) squares[l] += (x[c + l] - m) * (x[c + l] - m);
    variance = NAME(lane_sum)(squares);
    for (; c < cols; c++) variance += (x[c] - m) * (x[c] - m);
    REAL scale = 1 / SQRT(variance / (REAL)cols + eps);
    mean[r] = m, rstd[r] = scale;
    for (c = 0; c < cols; c++) y[c] = (x[c] - m) * scale * w[c] + b[c];
  }
}

// With n = (x − mean)·rstd and g = dy·w:  dx = rstd · (g − mean(g) − n · mean(g·n))
KERNEL_FUNCTION(layer_norm_backward)(REAL *dx, const REAL *dy, const REAL *x, const REAL *w,
                                     const REAL *mean, const REAL *rstd, int64_t rows,
                                     int64_t cols, REAL beta) {
  for (int64_t r = 0; r < rows; r++, x += cols, dy += cols, dx += cols) {
    REAL lanes[LANES] = {0}, products[LANES] = {0}, sum, product, m = mean[r], s = rstd[r];
    int64_t c = 0;
    for (; c + LANES <= cols; c += LANES)
      for (int l = 0; l < LANES; l++) {
        REAL g = dy[c + l] * w[c + l];
        lanes[l] += g;
        products[l] += g * (x[c + l] - m);
      }
    sum = NAME(lane_sum)(lanes), product = NAME(lane_sum)(products);
    for (; c < cols; c++) sum += dy[c] * w[c], product += dy[c] * w[c] * (x[c] - m);
    REAL shift = sum / (REAL)cols, k = product * s * s / (REAL)cols;
    if (beta == 0)
      for (c = 0; c < cols; c++) dx[c] = s * (dy[c] * w[c] - shift - (x[c] - m) * k);
    else
      for (c = 0; c < cols; c++) dx[c] += s * (dy[c] * w[c] - shift - (x[c] - m) * k);
  }
}

KERNEL_FUNCTION(layer_norm_weight_backward)(REAL *dw, const REAL *dy, const REAL *x,
                                            const REAL *mean, const REAL *rstd, int64_t rows,
                                            int64_t cols, int64_t from, int64_t to, REAL beta) {
  if (beta == 0) memset(dw + from, 0, (size_t)(to - from) * sizeof(REAL));
  for (int64_t r = 0; r < rows; r++, x += cols, dy += cols)
    for (int64_t c = from; c < to; c++) dw[c] += dy[c] * (x[c] - mean[r]) * rstd[r];
}
