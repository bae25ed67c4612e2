#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// σ(x) = 1 / (1 + e^−x)
func logistic(_ x: Double) -> Double {
  x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x))
}

/// log σ(x), without overflow.
func logSigmoid(_ x: Double) -> Double { min(x, 0) - log1p(exp(-abs(x))) }
