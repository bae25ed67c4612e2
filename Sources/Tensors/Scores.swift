import CKernels

/// The scores of a vocabulary's tokens, one of which is to be chosen. Each method is one pass of
/// vectors: choosing costs little beside the product that made the scores.
public struct Scores: Sendable {
  /// One number for each token.
  public var values: [Float]

  /// Wraps scores.
  public init(_ values: [Float]) { self.values = values }

  /// The first `count` numbers of a row of `logits`.
  public init(_ logits: Tensor, row: Int, count: Int) {
    precondition(
      row < logits.rows && count <= logits.columns,
      "scores: \(count) of row \(row), \(logits.shape)")
    values = Array(UnsafeBufferPointer(start: logits.start + row * logits.columns, count: count))
  }

  /// The lowest index of the largest score; nil where one is NaN or the largest is infinite.
  public var indexOfLargest: Int? {
    guard !values.isEmpty else { return nil }
    var place: Int64 = -1
    k_index_of_largest_f32(&place, values, Int64(values.count))
    return place < 0 ? nil : Int(place)
  }

  /// The tokens whose scores are `least` or more, by rising index.
  public func indices(from least: Float) -> [Int32] {
    [Int32](unsafeUninitializedCapacity: values.count) { places, count in
      var found: Int64 = 0
      if let start = places.baseAddress {
        k_places_from_f32(start, &found, values, Int64(values.count), least)
      }
      count = Int(found)
    }
  }

  /// exp((score − top) / temperature) for each token, in f32.
  public func weights(below top: Float, temperature: Float) -> SamplingWeights {
    var sums = [Double](repeating: 0, count: SamplingWeights.parts(values.count))
    let weights = [Float](unsafeUninitializedCapacity: values.count) { weights, count in
      if let start = weights.baseAddress {
        k_sampling_weights_f32(start, &sums, values, Int64(values.count), top, temperature)
      }
      count = values.count
    }
    return SamplingWeights(values: weights, sums: sums)
  }
}

/// The natural logarithm of the probability of token `index` under softmax(row of `logits` /
/// temperature), over all of the row's columns.
public func logProbability(
  of index: Int, _ logits: Tensor, row: Int, temperature: Double
) -> Float {
  precondition(
    row < logits.rows && index < logits.columns,
    "log-probability: \(index) of row \(row), \(logits.shape)")
  let scores = logits.start + row * logits.columns, count = Int64(logits.columns)
  var place: Int64 = -1
  k_index_of_largest_f32(&place, scores, count)
  guard place >= 0 else { return .nan }
  let top = scores[Int(place)], weights = Buffer(logits.columns)
  var sums = [Double](repeating: 0, count: SamplingWeights.parts(logits.columns))
  k_sampling_weights_f32(weights.start, &sums, scores, count, top, Float(temperature))
  return Float(
    (Double(scores[index]) - Double(top)) / temperature - logarithm(sums.reduce(0, +)))
}

/// Probabilities of a vocabulary's tokens before division by their sum.
public struct SamplingWeights: Sendable {
  /// One number for each token, 0 or more.
  public let values: [Float]
  /// The sums of parts.
  private let sums: [Double]
  private static let part = Int(K_SAMPLING_PART)
  fileprivate static func parts(_ count: Int) -> Int { (count + part - 1) / part }

  fileprivate init(values: [Float], sums: [Double]) {
    self.values = values
    self.sums = sums
  }

  /// All of them together.
  public var sum: Double { sums.reduce(0, +) }

  /// The token in whose share of 0..<1 the number `u` lies.
  public func index(at u: Double) -> Int? {
    var rest = u * sum
    for (part, sum) in sums.enumerated() where sum > 0 {
      if rest >= sum {
        rest -= sum
        continue
      }
      let range = part * Self.part..<min((part + 1) * Self.part, values.count)
      for index in range {
        rest -= Double(values[index])
        if rest < 0 { return index }
      }
      // Rounding may leave a crumb behind the last share.
      return range.last { values[$0] > 0 }
    }
    return values.lastIndex { $0 > 0 }
  }
}
