import CKernels

/// What can be the two halves of a sum.
public protocol Summand {
  /// Becomes left half + right half, each number rounded once.
  mutating func add(_ right: consuming Self)
}

/// A sum over numbered leaves along a fixed binary tree, so that it does not depend on who computed which
/// leaf.
///
/// A node is 2^level leaves from a multiple of 2^level on; it is the sum of its halves. Of leaves whose
/// number is no power of two there are several greatest nodes, which are added from the right:
/// 13 = 8 + (4 + 1). Leaves come in order; a node is summed as soon as its right half is there, so that
/// of n leaves at most ⌊log2 n⌋ + 1 sums are held.
public struct SumTree<Value: Summand> {
  /// A node's sum.
  public struct Node {
    /// Where the node is.
    public let place: SumNode
    /// The sum.
    public var value: Value
  }

  /// The greatest nodes so far, in order.
  public private(set) var nodes: [Node] = []

  /// A sum of nothing.
  public init() {}

  /// Adds the sum of the node at `place`, which lies behind all others.
  public mutating func add(_ value: consuming Value, _ place: SumNode) {
    precondition(
      place.first >= nodes.last?.place.end ?? 0, "sum: leaf \(place.first) comes too late")
    var value = value, place = place
    while let parent = nodes.last?.place.parent(with: place) {
      // Taken out of the list, so that nobody else holds it and it is added to in place.
      var left = nodes.removeLast().value
      left.add(value)
      (value, place) = (left, parent)
    }
    nodes.append(Node(place: place, value: value))
  }

  /// Adds leaf `number`.
  public mutating func add(_ value: consuming Value, leaf number: Int) {
    add(value, SumNode(first: number, level: 0))
  }

  /// The whole sum; nil of nothing. Nothing is left here.
  public mutating func takeTotal() -> Value? {
    guard var sum = nodes.popLast()?.value else { return nil }
    while var left = nodes.popLast()?.value {
      left.add(sum)
      sum = left
    }
    return sum
  }
}

/// Leaves first ..< first + 2^level of a sum, first being a multiple of 2^level.
public struct SumNode: Sendable, Hashable {
  /// The first leaf, and the power of two that is the number of leaves.
  public let first: Int, level: Int
  /// The leaf behind the last one.
  public var end: Int { first + (1 << level) }

  /// Names a node.
  public init(first: Int, level: Int) {
    self.first = first
    self.level = level
  }

  /// The node whose halves are this one and `right`; nil where there is none.
  func parent(with right: SumNode) -> SumNode? {
    guard level == right.level, right.first == end, first % (2 << level) == 0 else { return nil }
    return SumNode(first: first, level: level + 1)
  }

  /// The greatest nodes that `leaves` have for themselves, in order.
  public static func greatest(of leaves: Range<Int>) -> [SumNode] {
    var nodes: [SumNode] = [], first = leaves.lowerBound
    while first < leaves.upperBound {
      let most = Int.bitWidth - 1 - (leaves.upperBound - first).leadingZeroBitCount
      let node = SumNode(first: first, level: min(most, first.trailingZeroBitCount))
      nodes.append(node)
      first = node.end
    }
    return nodes
  }
}

extension Gradients: Summand {
  /// A gradient that only one half has is taken over as it is.
  public mutating func add(_ right: consuming Gradients) {
    for (slot, value) in right.takeAll() { add(value, for: slot) }
  }
}

extension Tensor {
  /// Adds `right` to this value, in place where nobody else holds it.
  mutating func accumulate(_ right: Tensor) {
    precondition(count == right.count, "sum: \(shape) + \(right.shape)")
    if !isKnownUniquelyReferenced(&buffer) { self = copy() }
    let sum = start, added = right.start
    Parallel.ranges(count, grain: Pieces.size) { range in
      let first = range.lowerBound
      k_add_f32(sum + first, sum + first, added + first, Int64(range.count))
    }
  }
}
