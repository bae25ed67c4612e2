KERNEL_FUNCTION(online_softmax)(REAL *scores, REAL *top, REAL *sum, REAL *factor, int64_t rows,
                                int64_t cols) {
  for (int64_t r = 0; r < rows; r++, scores += cols) {
    REAL highest = NAME(maximum)(scores, cols);
    if (highest < top[r]) highest = top[r];
    factor[r] = highest == top[r] ? 1 : EXP(top[r] - highest);
    sum[r] = sum[r] * factor[r] + NAME(exponentials)(scores, cols, 1, highest);
    top[r] = highest;
  }
}

KERNEL_FUNCTION(softmax_again)(REAL *scores, const REAL *lse, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, scores += cols)
    for (int64_t c = 0; c < cols; c++) scores[c] = EXP(scores[c] - lse[r]);
}

KERNEL_FUNCTION(scale_rows)(REAL *y, const REAL *factor, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, y += cols)
    if (factor[r] != 1)
      for (int64_t c = 0; c < cols; c++) y[c] *= factor[r];
}
