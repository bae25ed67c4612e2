INLINE REAL NAME(maximum)(const REAL *x, int64_t n) {
  REAL lanes[LANES];
  for (int l = 0; l < LANES; l++) lanes[l] = NEGATIVE_INFINITY;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int l = 0; l < LANES; l++) lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
  for (; i < n; i++) lanes[0] = x[i] > lanes[0] ? x[i] : lanes[0];
  REAL top = lanes[0];
  for (int l = 1; l < LANES; l++) top = lanes[l] > top ? lanes[l] : top;
  return top;
}

/// x[i] = exp(x[i]·scale − shift); returns the sum.
INLINE REAL NAME(exponentials)(REAL *x, int64_t n, REAL scale, REAL shift) {
  REAL lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int l = 0; l < LANES; l++) lanes[l] += x[i + l] = EXP(x[i + l] * scale - shift);
  REAL sum = NAME(lane_sum)(lanes);
  for (; i < n; i++) sum += x[i] = EXP(x[i] * scale - shift);
  return sum;
}

KERNEL_FUNCTION(causal_softmax)(REAL *scores, REAL *lse, const int64_t *seen, int64_t rows,
                                int64_t cols) {
  for (int64_t r = 0; r < rows; r++, scores += cols) {
    REAL top = NAME(maximum)(scores, seen[r]);
    REAL sum = NAME(exponentials)(scores, seen[r], 1, top), inverse = 1 / sum;
    for (int64_t c = 0; c < seen[r]; c++) scores[c] *= inverse;
    for (int64_t c = seen[r]; c < cols; c++) scores[c] = 0;
    lse[r] = top + LOG(sum);
  }
}

KERNEL_FUNCTION(causal_softmax_again)(REAL *scores, const REAL *lse, const int64_t *seen,
                                      int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, scores += cols) {
    for (int64_t c = 0; c < seen[r]; c++) scores[c] = EXP(scores[c] - lse[r]);
    for (int64_t c = seen[r]; c < cols; c++) scores[c] = 0;
  }
}

KERNEL_FUNCTION(softmax_backward)(REAL *dp, const REAL *p, int64_t rows, int64_t cols, REAL scale) {
  for (int64_t r = 0; r < rows; r++, dp += cols, p += cols) {
    REAL delta = NAME(dot)(dp, p, cols);
    for (int64_t c = 0; c < cols; c++) dp[c] = p[c] * (dp[c] - delta) * scale;
  }
}
