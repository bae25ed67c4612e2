#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tokens that can be drawn, by rising ids, and their probabilities before division by their sum.
struct Distribution {
  let ids: [Int32], weights: [Double]

  /// The token in whose share of 0..<1 the number `u` lies.
  func token(at u: Double) -> Int32? {
    var rest = u * weights.sum
    for (id, weight) in zip(ids, weights) {
      rest -= weight
      if rest < 0 { return id }
    }
    // Rounding may leave a crumb behind the last share.
    return zip(ids, weights).reversed().first { $1 > 0 }?.0
  }

  var probabilities: [Int32: Double] {
    let total = weights.sum
    return Dictionary(uniqueKeysWithValues: zip(ids, weights.map { $0 / total }))
  }
}

extension Sampler {
  /// exp((score − largest) / temperature) of the tokens that top-k and top-p leave; nil where the
  /// scores are not finite.
  func distribution(of scores: [Float]) -> Distribution? {
    guard let top = Self.mostLikely(scores) else { return nil }
    let largest = Double(scores[Int(top)])
    let weights = scores.map { exp((Double($0) - largest) / temperature) }
    guard topK != nil || topP < 1 else {
      return Distribution(ids: weights.indices.map(Int32.init), weights: weights)
    }
    let kept = nucleus(of: weights).sorted()
    return Distribution(ids: kept.map(Int32.init), weights: kept.map { weights[$0] })
  }

  /// The tokens that top-k keeps, and of these those that top-p keeps.
  private func nucleus(of weights: [Double]) -> [Int] {
    guard let topK else {
      let mass = topP * weights.sum
      return leading(weights) { $1 >= mass }.prefix(of: mass, weights)
    }
    var tokens = leading(weights) { count, _ in count >= topK }
    if topK < tokens.count {
      let least = weights[tokens[topK - 1]]
      tokens = Array(tokens.prefix { weights[$0] >= least })
    }
    return topP < 1 ? tokens.prefix(of: topP * tokens.map { weights[$0] }.sum, weights) : tokens
  }

  /// The most likely tokens in falling order, lower ids first among equals: so many that their number
  /// and mass suffice, or all. To sort a whole vocabulary would cost more than the model's last layer,
  /// so those above a falling threshold are taken until they suffice.
  private func leading(
    _ weights: [Double], suffices: (_ count: Int, _ mass: Double) -> Bool
  ) -> [Int] {
    var threshold = 1e-3, tokens: [Int] = []
    while true {
      tokens = weights.indices.filter { weights[$0] >= threshold }
      if threshold == 0 || suffices(tokens.count, tokens.map { weights[$0] }.sum) { break }
      threshold = threshold > 1e-12 ? threshold * 1e-3 : 0
    }
    return tokens.sorted { left, right in
      weights[left] == weights[right] ? left < right : weights[left] > weights[right]
    }
  }
}

extension [Int] {
  /// The shortest prefix of these tokens whose weights reach `mass`; at least one token.
  fileprivate func prefix(of mass: Double, _ weights: [Double]) -> [Int] {
    var sum = 0.0
    return Array(
      prefix { token in
        defer { sum += weights[token] }
        return sum < mass
      })
  }
}

extension [Double] {
  fileprivate var sum: Double { reduce(0, +) }
}
