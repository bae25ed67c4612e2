KERNEL_FUNCTION(adamw)(REAL *p, const REAL *g, REAL *m, REAL *v, int64_t n, REAL gradientScale,
                       REAL lr, REAL beta1, REAL beta2, REAL epsilon, REAL decay, REAL c1,
                       REAL c2) {
  REAL rate = lr / c1, root = 1 / SQRT(c2), kept = 1 - lr * decay;
  for (int64_t i = 0; i < n; i++) {
    REAL gradient = g[i] * gradientScale;
    m[i] = beta1 * m[i] + (1 - beta1) * gradient;
    v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
    p[i] = p[i] * kept - rate * m[i] / (SQRT(v[i]) * root + epsilon);
  }
}

KERNEL_FUNCTION(sum_of_squares)(double *sum, const REAL *x, int64_t n) {
  double lanes[LANES] = {0}, total = 0;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int l = 0; l < LANES; l++) lanes[l] += (double)x[i + l] * (double)x[i + l];
  for (; i < n; i++) total += (double)x[i] * (double)x[i];
  for (int l = 0; l < LANES; l++) total += lanes[l];
  *sum = total;
}
