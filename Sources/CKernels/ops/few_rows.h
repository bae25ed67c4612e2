// One pass over a row of w serves all rows of x.
KERNEL_FUNCTION(few_rows)(float *y, const k_weight *w, const float *x, int64_t from, int64_t to,
                          int64_t xRows, int64_t yStride, int64_t xStride) {
  enum { STEP = 512 };
  for (int64_t i = 0; i < xRows; i++)
    for (int64_t r = from; r < to; r++) y[i * yStride + r] = 0;
  for (int64_t r = from; r < to; r++)
    for (int64_t c = 0; c < w->columns; c += STEP) {
      float values[STEP];
      int64_t count = w->columns - c < STEP ? w->columns - c : STEP;
      NAME(weight_run)(values, w, r * w->columns + c, count);
      for (int64_t i = 0; i < xRows; i++)
        y[i * yStride + r] += NAME(dot)(values, x + i * xStride + c, count);
    }
}
