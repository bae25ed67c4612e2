import JSON

/// Values of one kind that are told as a whole, as the rewards of all completions of a step.
public struct Distribution: Sendable, Hashable {
  /// What they are, and the finite ones among them.
  public let name: String, values: [Double]

  /// Describes values, of which those that are no numbers are left out.
  public init(_ name: String, _ values: [Double]) {
    self.name = name
    self.values = values.filter(\.isFinite)
  }

  var histogram: Histogram { Histogram(values) }
}

/// How many values lie in each of several ranges of one width.
struct Histogram {
  /// The ranges' ends, one more than there are ranges; values on an end belong to the range above it, the
  /// greatest to the last.
  private(set) var edges: [Double] = [], counts: [Int] = []
  private let values: [Double]
  private static let most = 32

  init(_ values: [Double]) {
    self.values = values
    guard let low = values.min(), let high = values.max() else { return }
    let ranges = low == high ? 1 : Self.most
    // One value has a range around it.
    let first = low == high ? low - 0.5 : low
    let width = low == high ? 1 : (high - low) / Double(ranges)
    edges = (0..<ranges).map { first + width * Double($0) } + [low == high ? low + 0.5 : high]
    counts = Array(repeating: 0, count: ranges)
    for value in values {
      let place = width > 0 ? Int((value - first) / width) : 0
      counts[min(max(place, 0), ranges - 1)] += 1
    }
  }

  /// As Weights & Biases has it.
  var json: JSONValue {
    [
      "_type": "histogram", "values": .array(counts.map(JSONValue.int)),
      "bins": .array(edges.map(JSONValue.double)),
    ]
  }

  /// TensorBoard's HistogramProto.
  var message: Message {
    var message = Message()
    let sums = [
      values.min() ?? 0, values.max() ?? 0, Double(values.count), values.reduce(0, +),
      values.reduce(0) { $0 + $1 * $1 },
    ]
    for (index, sum) in sums.enumerated() { message.fixed64(index + 1, sum.bitPattern) }
    message.doubles(6, Array(edges.dropFirst()))
    message.doubles(7, counts.map(Double.init))
    return message
  }
}

extension Message {
  /// Numbers one behind the other.
  fileprivate mutating func doubles(_ field: Int, _ values: [Double]) {
    let packed = values.flatMap { value in
      (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    bytes(field, packed)
  }
}
