/// A row as the model sees it.
public struct Sample: Sendable, Hashable {
  /// Token ids of the whole conversation.
  public var ids: [Int32]
  /// Whether each token is a prediction target; the first never is.
  public var isTrained: [Bool]
  /// The row, as messages name it.
  public var source: String

  /// Creates a sample; both arrays have one entry per token.
  public init(ids: [Int32], isTrained: [Bool], source: String) {
    precondition(
      ids.count == isTrained.count, "sample: \(ids.count) ids, \(isTrained.count) flags")
    self.ids = ids
    self.isTrained = isTrained
    self.source = source
  }
}
