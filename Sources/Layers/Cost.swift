/// What a layer costs in a training step. Each layer says it beside its equations; the memory plan and
/// the count of operations are sums of it.
public struct Cost: Sendable, Hashable {
  /// Floating-point operations of matrix products, forward and on the way back. What is computed again
  /// on the way back is not counted.
  public var forward = 0.0, backward = 0.0
  /// Bytes that are kept for the way back.
  public var kept = 0
  /// The most bytes that operations have beside that for a moment. Buffers of one size are used again
  /// for no other, so those of a block's layers add up.
  public var passing = 0

  /// Nothing, or what is said.
  public init(forward: Double = 0, backward: Double = 0, kept: Int = 0, passing: Int = 0) {
    self.forward = forward
    self.backward = backward
    self.kept = kept
    self.passing = passing
  }

  /// Both together.
  public static func + (one: Cost, other: Cost) -> Cost {
    Cost(
      forward: one.forward + other.forward, backward: one.backward + other.backward,
      kept: one.kept + other.kept, passing: one.passing + other.passing)
  }

  /// Adds another layer's.
  public static func += (one: inout Cost, other: Cost) { one = one + other }
}

/// What is trained of a projection.
public struct Seat: Sendable {
  /// What sits on it; nil: nothing does.
  public var adapter: (any AdapterCost)?
  /// Whether its own weight is trained.
  public var isOpen: Bool

  /// Describes a seat; nothing is trained unless said.
  public init(_ adapter: (any AdapterCost)? = nil, isOpen: Bool = false) {
    self.adapter = adapter
    self.isOpen = isOpen
  }

  /// Whether anything is trained.
  public var isTrained: Bool { isOpen || adapter != nil }

  /// Whether the projection needs its input on the way back.
  var readsInput: Bool { isOpen || adapter?.readsInput ?? false }

  /// How many numbers are trained of a matrix [outputs, inputs] and of what sits on it.
  public func parameters(inputs: Int, outputs: Int) -> Int {
    (isOpen ? inputs * outputs : 0) + (adapter?.parameters(inputs: inputs, outputs: outputs) ?? 0)
  }
}

/// The sizes of a pass over packed texts that decide what it costs.
public struct Passage {
  /// Tokens that ask in attention: how many, and how many tokens each sees, itself included.
  public struct Asked {
    /// How many there are.
    public var count: Int
    /// What they see: runs of tokens of which each sees one token more than the one before.
    public var sights: [Range<Int>]

    /// The same behind `count` virtual tokens, which all see.
    public func behind(_ count: Int) -> Asked {
      Asked(self.count, sights: sights.map { $0.lowerBound + count..<$0.upperBound + count })
    }

    /// `count` tokens. Where operations are to be counted, `sights` says what they see: runs of tokens
    /// of which each sees one token more than the one before.
    public init(_ count: Int, sights: [Range<Int>] = []) {
      self.count = count
      self.sights = sights
    }
  }

  /// Tokens that are read; the longest text.
  public var tokens: Int, longest: Int
  /// Tokens that ask, and those that are still needed behind the last block.
  public private(set) var asking: Asked, needed: Asked
  /// Rows of keys and values that are laid out anew where texts share what they begin with, or stand
  /// behind keys that are given.
  public var gathered: Int?
  /// Keys and values that are given to every layer, and trained.
  public var givenKeys: Int
  /// What making them costs.
  public var making = Cost()
  /// Whether a gradient is wanted of what comes in.
  public var wantsInput: Bool
  /// What is trained of the projection at a path.
  public let seat: (_ path: String) -> Seat

  /// Describes a pass.
  public init(
    tokens: Int, longest: Int, asking: [Range<Int>] = [], needed: Asked, gathered: Int? = nil,
    givenKeys: Int = 0, wantsInput: Bool, seat: @escaping (_ path: String) -> Seat
  ) {
    self.tokens = tokens
    self.longest = longest
    self.asking = Asked(tokens, sights: asking)
    self.needed = needed
    self.gathered = gathered
    self.givenKeys = givenKeys
    self.wantsInput = wantsInput
    self.seat = seat
  }

  /// The same as the last block goes through it.
  public var narrowed: Passage {
    var pass = self
    pass.asking = needed
    return pass
  }

  /// Whether anything of these projections is trained.
  public func trains(_ linears: some Sequence<Linear>) -> Bool {
    linears.contains { seat($0.path).isTrained }
  }

  /// Whether any of these projections needs its input on the way back.
  func readsInput(of linears: some Sequence<Linear>) -> Bool {
    linears.contains { seat($0.path).readsInput }
  }

  /// How many tokens all that ask see together, each at most `window`.
  func seen(_ window: Int?) -> Double {
    asking.sights.joined().reduce(0.0) { $0 + Double(min($1, window ?? .max)) }
  }
}
