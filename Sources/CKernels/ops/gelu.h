// Φ(−t) for t ≥ 0, and the normal density at t times √(2π).
#ifdef KERNEL_F32
/// Φ(−t) = exp(−t²/2) · R(u), u = 1 / (1 + 0.305·t), the form of Hastings (1955): R is a polynomial
/// of degree 8 without constant term, fitted to relative error 1e-7 for t up to 13.5, beyond which
/// the exponential is 0 in f32.
INLINE float NAME(normal_tail)(float t, float *density) {
  float u = 1 / (1 + 0.305f * t), e = EXP(-0.5f * t * t), r = 0.0366991982f;
  r = r * u - 0.15298833f;
  r = r * u + 0.185716912f;
  r = r * u - 0.0379768386f;
  r = r * u + 0.121021681f;
  r = r * u + 0.103420869f;
  r = r * u + 0.122466817f;
  r = r * u + 0.121639736f;
  *density = e;
  return r * u * e;
}
#else
INLINE double NAME(normal_tail)(double t, double *density) {
  *density = exp(-0.5 * t * t);
  return 0.5 * erfc(t * 0.70710678118654752440);
}
#endif

INLINE REAL NAME(magnitude)(REAL x) { return x < 0 ? -x : x; }

KERNEL_FUNCTION(gelu)(REAL *y, const REAL *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    REAL density, tail = NAME(normal_tail)(NAME(magnitude)(x[i]), &density);
    y[i] = x[i] * (x[i] < 0 ? tail : 1 - tail);
  }
}

// d (x · Φ(x)) = Φ(x) + x · φ(x)
KERNEL_FUNCTION(gelu_backward)(REAL *dx, const REAL *dy, const REAL *x, int64_t n, REAL beta) {
  for (int64_t i = 0; i < n; i++) {
    REAL density, tail = NAME(normal_tail)(NAME(magnitude)(x[i]), &density);
    REAL slope = (x[i] < 0 ? tail : 1 - tail) + x[i] * density * (REAL)0.39894228040143267794;
    dx[i] = beta == 0 ? dy[i] * slope : dx[i] + dy[i] * slope;
  }
}
