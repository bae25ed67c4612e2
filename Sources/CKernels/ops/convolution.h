KERNEL_FUNCTION(unfold)(REAL *y, const REAL *x, int64_t rows, int64_t cols, int64_t stride,
                        int64_t from, int64_t to) {
  for (int64_t i = from; i < to; i++, y += 3 * cols)
    for (int64_t k = 0; k < 3; k++) {
      int64_t row = stride * i + k - 1;
      const REAL *source = x + row * cols;
      if (row >= 0 && row < rows)
        for (int64_t c = 0; c < cols; c++) y[3 * c + k] = source[c];
      else
        for (int64_t c = 0; c < cols; c++) y[3 * c + k] = 0;
    }
}

// Row r was read as row k of window i where stride · i + k − 1 = r.
KERNEL_FUNCTION(fold)(REAL *dx, const REAL *dy, int64_t windows, int64_t cols, int64_t stride,
                      int64_t from, int64_t to, REAL beta) {
  for (int64_t r = from; r < to; r++) {
    REAL *target = dx + r * cols;
    if (beta == 0) memset(target, 0, (size_t)cols * sizeof(REAL));
    for (int64_t k = 0; k < 3; k++) {
      int64_t place = r + 1 - k, i = place / stride;
      if (place < 0 || place % stride != 0 || i >= windows) continue;
      const REAL *source = dy + i * 3 * cols;
      for (int64_t c = 0; c < cols; c++) target[c] += source[3 * c + k];
    }
  }
}
