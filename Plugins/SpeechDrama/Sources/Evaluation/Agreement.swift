/// How near predicted scores come to the true ones.
public enum Agreement {
  /// What `all` computes, in its order.
  public static let names = ["pearson", "spearman", "kendall", "kappa", "mae", "rmse"]
  /// Of these the errors, where less is better.
  static let errors: Set = ["mae", "rmse"]

  /// The six statistics of predicted against true scores.
  public static func all(_ predicted: [Double], _ truth: [Double]) -> [Statistic] {
    [
      Correlation.pearson(predicted, truth), Correlation.spearman(predicted, truth),
      Correlation.kendall(predicted, truth), kappa(predicted, truth),
      meanAbsoluteError(predicted, truth), rootMeanSquareError(predicted, truth),
    ]
  }

  /// Cohen's κ with quadratic weights, of both lists rounded to whole scores, halves up:
  /// 1 − Σ (i − j)² observed / Σ (i − j)² expected by chance.
  ///
  /// The chance term is the mean of (a − b)² over all pairs of values:
  /// var(a) + var(b) + (mean(a) − mean(b))².
  public static func kappa(_ predicted: [Double], _ truth: [Double]) -> Statistic {
    if let undefined = undefinedError(predicted, truth) { return undefined }
    let a = predicted.map(rounded), b = truth.map(rounded)
    let meanA = Correlation.mean(a), meanB = Correlation.mean(b)
    let chance =
      Correlation.mean(a.map { ($0 - meanA) * ($0 - meanA) })
      + Correlation.mean(b.map { ($0 - meanB) * ($0 - meanB) })
      + (meanA - meanB) * (meanA - meanB)
    guard chance > 0 else { return .undefined("all rounded scores are equal") }
    let observed = Correlation.mean(zip(a, b).map { ($0 - $1) * ($0 - $1) })
    return .value(1 - observed / chance)
  }

  /// Mean |predicted − true|, in scores.
  public static func meanAbsoluteError(_ predicted: [Double], _ truth: [Double]) -> Statistic {
    undefinedError(predicted, truth)
      ?? .value(Correlation.mean(zip(predicted, truth).map { abs($0 - $1) }))
  }

  /// √ mean (predicted − true)², in scores.
  public static func rootMeanSquareError(_ predicted: [Double], _ truth: [Double]) -> Statistic {
    undefinedError(predicted, truth)
      ?? .value(
        Correlation.mean(zip(predicted, truth).map { ($0 - $1) * ($0 - $1) }).squareRoot())
  }

  /// The nearest whole score; halves go up.
  static func rounded(_ score: Double) -> Double { (score + 0.5).rounded(.down) }

  private static func undefinedError(_ predicted: [Double], _ truth: [Double]) -> Statistic? {
    precondition(
      predicted.count == truth.count, "statistics: \(predicted.count) and \(truth.count) values")
    return predicted.isEmpty ? .undefined("there are no pairs") : nil
  }
}
