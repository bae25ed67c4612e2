KERNEL_FUNCTION(rope)(REAL *y, const REAL *x, const REAL *cosine, const REAL *sine, int64_t rows,
                      int64_t heads, int64_t head, REAL sign, REAL beta) {
  int64_t half = head / 2;
  for (int64_t r = 0; r < rows; r++, cosine += half, sine += half)
    for (int64_t h = 0; h < heads; h++, x += head, y += head)
      for (int64_t i = 0; i < half; i++) {
        REAL a = x[i], b = x[i + half], c = cosine[i], s = sine[i] * sign;
        REAL first = a * c - b * s, second = b * c + a * s;
        y[i] = beta == 0 ? first : y[i] + first;
        y[i + half] = beta == 0 ? second : y[i + half] + second;
      }
}
