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

/// The first column that a row sees, of whose `seen` tokens the last `window` count and the first
/// `skipped` have no column.
INLINE int64_t NAME(first_seen)(int64_t seen, int64_t window, int64_t skipped) {
  return seen > window && seen - window > skipped ? seen - window - skipped : 0;
}

KERNEL_FUNCTION(causal_softmax)(REAL *scores, REAL *lse, const int64_t *seen, int64_t window,
                                int64_t skipped, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, scores += cols) {
    int64_t from = NAME(first_seen)(seen[r], window, skipped), to = seen[r] - skipped;
    REAL top = NAME(maximum)(scores + from, to - from);
    REAL sum = NAME(exponentials)(scores + from, to - from, 1, top), inverse = 1 / sum;
    for (int64_t c = 0; c < from; c++) scores[c] = 0;
    for (int64_t c = from; c < to; c++) scores[c] *= inverse;
    for (int64_t c = to; c < cols; c++) scores[c] = 0;
    lse[r] = top + LOG(sum);
  }
}

KERNEL_FUNCTION(causal_softmax_again)(REAL *scores, const REAL *lse, const int64_t *seen,
                                      int64_t window, int64_t skipped, int64_t rows,
                                      int64_t cols) {
  for (int64_t r = 0; r < rows; r++, scores += cols) {
    int64_t from = NAME(first_seen)(seen[r], window, skipped), to = seen[r] - skipped;
    for (int64_t c = 0; c < from; c++) scores[c] = 0;
    for (int64_t c = from; c < to; c++) scores[c] = EXP(scores[c] - lse[r]);
    for (int64_t c = to; c < cols; c++) scores[c] = 0;
  }
}

KERNEL_FUNCTION(softmax_backward)(REAL *dp, const REAL *p, int64_t rows, int64_t cols, REAL scale) {
  for (int64_t r = 0; r < rows; r++, dp += cols, p += cols) {
    REAL delta = NAME(dot)(dp, p, cols);
    for (int64_t c = 0; c < cols; c++) dp[c] = p[c] * (dp[c] - delta) * scale;
  }
}
