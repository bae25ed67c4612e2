#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What DPO and its relatives make of a pair's log-ratios, by TRL's names of `loss_type`.
public enum PairLoss: String, Sendable, CaseIterable {
  /// Rafailov et al. 2023, eq. 7; with ε conservative (Mitchell 2023).
  case sigmoid
  /// The same of ratios per token (Lambert et al. 2024, Tulu 3).
  case sigmoidNorm = "sigmoid_norm"
  /// Zhao et al. 2023 (SLiC).
  case hinge
  /// Azar et al. 2023, eq. 17, per token.
  case ipo
  /// Chowdhury et al. 2024: labels that are wrong with probability ε.
  case robust
  /// Ji et al. 2024, eq. 16.
  case exoPair = "exo_pair"
  /// Chen et al. 2024, noise-contrastive alignment.
  case ncaPair = "nca_pair"
  /// D'Oosterlinck et al. 2024: chosen up and rejected down; or chosen down, but rejected further.
  case apoZero = "apo_zero"
  case apoDown = "apo_down"
  /// Wu et al. 2024, with hard labels.
  case sppoHard = "sppo_hard"
  /// Jung et al. 2024, without the running mean of rewards.
  case bcoPair = "bco_pair"
  /// Lu et al. 2024.
  case discopop

  /// A pair: log π/π_ref of the chosen and of the rejected answer, and their tokens.
  public struct Pair: Sendable {
    public var chosen: Double, rejected: Double, chosenLength: Double, rejectedLength: Double

    /// Describes a pair.
    public init(chosen: Double, rejected: Double, chosenLength: Int, rejectedLength: Int) {
      (self.chosen, self.rejected) = (chosen, rejected)
      (self.chosenLength, self.rejectedLength) = (Double(chosenLength), Double(rejectedLength))
    }
  }

  /// A loss with its derivatives by the two log-ratios.
  typealias Value = (loss: Double, chosen: Double, rejected: Double)

  /// The loss of a pair, with `beta` β and `epsilon` ε, the label smoothing; `temperature` is
  /// discopop's.
  func callAsFunction(
    _ pair: Pair, beta: Double, epsilon: Double, temperature: Double
  ) -> Value {
    let (c, r) = (pair.chosen, pair.rejected), (x, y) = (beta * c, beta * r), z = beta * (c - r)
    /// Of a loss that depends on c − r alone: its derivative by z.
    func difference(_ loss: Double, _ derivative: Double) -> Value {
      (loss, beta * derivative, -beta * derivative)
    }
    switch self {
    case .sigmoid:
      return difference(
        -(1 - epsilon) * logSigmoid(z) - epsilon * logSigmoid(-z),
        epsilon * logistic(z) - (1 - epsilon) * logistic(-z))
    case .hinge: return difference(max(0, 1 - z), z < 1 ? -1 : 0)
    case .robust:
      let scale = 1 - 2 * epsilon
      return difference(
        (epsilon * logSigmoid(-z) - (1 - epsilon) * logSigmoid(z)) / scale,
        -((1 - epsilon) * logistic(-z) + epsilon * logistic(z)) / scale)
    case .exoPair: return exoPair(z, epsilon, difference)
    case .discopop: return discopop(z, temperature, difference)
    case .sigmoidNorm, .ipo: return perToken(pair, beta)
    case .ncaPair:
      return (
        -logSigmoid(x) - logSigmoid(-x) / 2 - logSigmoid(-y) / 2,
        beta * (logistic(x) / 2 - logistic(-x)),
        beta * logistic(y) / 2
      )
    case .bcoPair:
      return (
        -logSigmoid(x) - logSigmoid(-y), -beta * logistic(-x),
        beta * logistic(y)
      )
    case .sppoHard:
      let goal = 1 / (2 * beta), (up, down) = (c - goal, r + goal)
      return (up * up + down * down, 2 * up, 2 * down)
    case .apoZero:
      return (
        1 - logistic(x) + logistic(y), -beta * slope(x), beta * slope(y)
      )
    case .apoDown:
      return (
        logistic(x) + 1 - logistic(z), beta * (slope(x) - slope(z)),
        beta * slope(z)
      )
    }
  }

  private func perToken(_ pair: Pair, _ beta: Double) -> Value {
    let (w, l) = (pair.chosenLength, pair.rejectedLength)
    let difference = pair.chosen / w - pair.rejected / l
    if self == .ipo {
      let over = difference - 1 / (2 * beta)
      return (over * over, 2 * over / w, -2 * over / l)
    }
    let z = beta * difference, derivative = -beta * logistic(-z)
    return (-logSigmoid(z), derivative / w, -derivative / l)
  }

  private func exoPair(
    _ z: Double, _ epsilon: Double, _ difference: (Double, Double) -> Value
  ) -> Value {
    let up = logSigmoid(z) - log(1 - epsilon), down = logSigmoid(-z) - log(epsilon)
    let p = logistic(z), q = logistic(-z)
    return difference(p * up + q * down, p * q * (up - down))
  }

  private func discopop(
    _ z: Double, _ temperature: Double, _ difference: (Double, Double) -> Value
  ) -> Value {
    let mix = logistic(z / temperature), power = exp(-z)
    let turn = slope(z / temperature) / temperature
    return difference(
      mix * power - (1 - mix) * logSigmoid(z),
      turn * (power + logSigmoid(z)) - mix * power - (1 - mix) * logistic(-z))
  }
}

/// σ'(x)
private func slope(_ x: Double) -> Double { logistic(x) * logistic(-x) }
