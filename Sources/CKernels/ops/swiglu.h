KERNEL_FUNCTION(swiglu)(REAL *y, const REAL *gate, const REAL *up, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = gate[i] / (1 + EXP(-gate[i])) * up[i];
}

// With σ = sigmoid(gate): d silu = σ · (1 + gate · (1 − σ))
KERNEL_FUNCTION(swiglu_backward)(REAL *dgate, REAL *dup, const REAL *dy, const REAL *gate,
                                 const REAL *up, int64_t n, REAL betaGate, REAL betaUp) {
  if (dgate)
    for (int64_t i = 0; i < n; i++) {
      REAL s = 1 / (1 + EXP(-gate[i])), d = dy[i] * up[i] * s * (1 + gate[i] * (1 - s));
      dgate[i] = betaGate == 0 ? d : dgate[i] + d;
    }
  if (dup)
    for (int64_t i = 0; i < n; i++) {
      REAL d = dy[i] * gate[i] / (1 + EXP(-gate[i]));
      dup[i] = betaUp == 0 ? d : dup[i] + d;
    }
}
