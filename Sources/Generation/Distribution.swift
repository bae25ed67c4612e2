import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tokens that can be drawn, and their probabilities before division by their sum.
enum Distribution {
  /// The whole vocabulary.
  case all(SamplingWeights)
  /// Some of its tokens, by rising ids.
  case some(ids: [Int32], weights: [Double])

  /// The token in whose share of 0..<1 the number `u` lies.
  func token(at u: Double) -> Int32? {
    switch self {
    case .all(let weights): return weights.index(at: u).map(Int32.init)
    case .some(let ids, let weights):
      var rest = u * weights.sum
      for (id, weight) in zip(ids, weights) {
        rest -= weight
        if rest < 0 { return id }
      }
      // Rounding may leave a crumb behind the last share.
      return zip(ids, weights).reversed().first { $1 > 0 }?.0
    }
  }

  var probabilities: [Int32: Double] {
    switch self {
    case .all(let weights):
      let total = weights.sum
      return Dictionary(
        uniqueKeysWithValues: weights.values.enumerated().map {
          (Int32($0.offset), Double($0.element) / total)
        })
    case .some(let ids, let weights):
      let total = weights.sum
      return Dictionary(uniqueKeysWithValues: zip(ids, weights.map { $0 / total }))
    }
  }
}

extension Sampler {
  /// exp((score − largest) / temperature) of the tokens that top-k, top-p and min-p leave; nil where
  /// the scores are not finite.
  func distribution(of scores: Scores) -> Distribution? {
    guard let best = scores.indexOfLargest else { return nil }
    let top = scores.values[best]
    guard topK != nil || topP < 1 || minP > 0 else { return .all(weights(scores, top)) }
    let kept = Candidates(scores, top: top, temperature: temperature)
    let tokens = nucleus(of: kept).filter { $0.weight >= minP }.sorted { $0.id < $1.id }
    return .some(ids: tokens.map(\.id), weights: tokens.map(\.weight))
  }

  /// The tokens that top-k keeps, and of these those that top-p keeps.
  private func nucleus(of all: Candidates) -> ArraySlice<Candidates.Token> {
    if let topK {
      var tokens = all.leading { count, _ in count >= topK }[...]
      if topK < tokens.count {
        let least = tokens[topK - 1].score
        tokens = tokens.prefix { $0.score >= least }
      }
      return topP < 1 ? tokens.prefix(of: topP * tokens.map(\.weight).sum) : tokens
    }
    guard topP < 1 else { return all.leading(weight: minP)[...] }
    let mass = topP * weights(all.scores, all.top).sum
    return all.leading { $1 >= mass }[...].prefix(of: mass)
  }

  private func weights(_ scores: Scores, _ top: Float) -> SamplingWeights {
    scores.weights(
      below: top, temperature: max(Float(temperature), .leastNormalMagnitude))
  }
}

/// A vocabulary from its most likely tokens downward. To sort all of it would cost more than the
/// model's last layer, so those above a falling threshold are taken until they suffice.
private struct Candidates {
  struct Token {
    let id: Int32, score: Float, weight: Double
  }

  let scores: Scores, top: Float, temperature: Double

  init(_ scores: Scores, top: Float, temperature: Double) {
    self.scores = scores
    self.top = top
    self.temperature = temperature
  }

  /// The most likely tokens in falling order, lower ids first among equals: so many that their number
  /// and mass suffice, or all.
  func leading(until suffices: (_ count: Int, _ mass: Double) -> Bool) -> [Token] {
    var depth = 7.0
    while true {
      let tokens = tokens(depth > 700 ? .infinity : depth)
      if depth > 700 || suffices(tokens.count, tokens.map(\.weight).sum) { return tokens.sorted() }
      depth *= 2
    }
  }

  /// The tokens whose weight, 1 for the most likely, is `weight` or more.
  func leading(weight: Double) -> [Token] {
    // A little further, since the threshold is rounded; who asks compares the weights themselves.
    tokens(-log(weight) + 1e-3).filter { $0.weight >= weight }.sorted()
  }

  /// The tokens whose weight is e^−depth or more, by rising ids.
  private func tokens(_ depth: Double) -> [Token] {
    let least = depth.isFinite ? Float(Double(top) - depth * temperature) : -.infinity
    return scores.indices(from: least).map { id in
      let score = scores.values[Int(id)]
      return Token(id: id, score: score, weight: exp((Double(score) - Double(top)) / temperature))
    }
  }
}

extension [Candidates.Token] {
  fileprivate func sorted() -> [Candidates.Token] {
    sorted { $0.score == $1.score ? $0.id < $1.id : $0.score > $1.score }
  }
}

extension ArraySlice<Candidates.Token> {
  /// The shortest prefix of these tokens whose weights reach `mass`; at least one token.
  fileprivate func prefix(of mass: Double) -> ArraySlice<Candidates.Token> {
    var sum = 0.0
    return prefix { token in
      defer { sum += token.weight }
      return sum < mass
    }
  }
}

extension [Double] {
  fileprivate var sum: Double { reduce(0, +) }
}
