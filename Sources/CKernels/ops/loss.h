KERNEL_FUNCTION(cross_entropy)(REAL *loss, REAL *logits, const int32_t *targets, int64_t rows,
                               int64_t cols, REAL scale) {
  for (int64_t r = 0; r < rows; r++, logits += cols) {
    REAL top = NAME(maximum)(logits, cols), chosen = logits[targets[r]];
    REAL sum = NAME(exponentials)(logits, cols, 1, top), factor = scale / sum;
    loss[r] = top + LOG(sum) - chosen;
    for (int64_t c = 0; c < cols; c++) logits[c] *= factor;
    logits[targets[r]] -= scale;
  }
}

KERNEL_FUNCTION(log_probability)(REAL *logProbability, const REAL *logits, const int32_t *targets,
                                 int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, logits += cols) {
    REAL top = NAME(maximum)(logits, cols), lanes[LANES] = {0};
    int64_t c = 0;
    for (; c + LANES <= cols; c += LANES)
      for (int l = 0; l < LANES; l++) lanes[l] += EXP(logits[c + l] - top);
    REAL sum = NAME(lane_sum)(lanes);
    for (; c < cols; c++) sum += EXP(logits[c] - top);
    logProbability[r] = logits[targets[r]] - top - LOG(sum);
  }
}
