/// What holds throughout one forward pass, and again where a part of it is computed a second time on
/// the way back.
public struct ForwardPass: Sendable, Hashable {
  /// Which masks dropout draws.
  public struct Masks: Sendable, Hashable {
    /// The run's seed, and a number that no other pass of the run has.
    public var seed: UInt64, pass: UInt64

    /// Names the masks of one pass.
    public init(seed: UInt64, pass: UInt64) {
      self.seed = seed
      self.pass = pass &* 0x9E37_79B9_7F4A_7C15
    }
  }

  /// nil: no dropout, as in evaluation.
  public var masks: Masks?
  /// Whether the bits of a row are to be the same whatever other rows are computed with it: then few
  /// rows are multiplied as many are.
  public var isolatesRows: Bool

  /// The pass that is under way.
  @TaskLocal public static var current = ForwardPass()

  /// Describes a pass; plain when nothing is said.
  public init(masks: Masks? = nil, isolatesRows: Bool = false) {
    self.masks = masks
    self.isolatesRows = isolatesRows
  }

  /// Runs `body` as part of this pass.
  public func run<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var outcome: Swift.Result<Result, Failure>?
    ForwardPass.$current.withValue(self) {
      do throws(Failure) { outcome = .success(try body()) } catch { outcome = .failure(error) }
    }
    guard let outcome else { preconditionFailure("forward pass: withValue ran nothing") }
    return try outcome.get()
  }
}
