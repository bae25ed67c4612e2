public import Generation
public import JSON

/// What a model says to an item.
public struct ItemResult: Sendable, Hashable {
  /// How likely each choice is; empty where the model writes.
  public var weights: [ContinuationWeight] = []
  /// What it wrote; nil where choices are weighed.
  public var answer: String?
  /// Whether the prompt lost its beginning to the model's context.
  public var isCut = false

  init(weights: [ContinuationWeight] = [], answer: String? = nil, isCut: Bool) {
    self.weights = weights
    self.answer = answer
    self.isCut = isCut
  }

  /// The result as a line of a file that an interrupted run leaves.
  public var json: JSONValue {
    var json: JSONValue = ["cut": .bool(isCut)]
    if let answer { json = json.setting("answer", .string(answer)) }
    guard !weights.isEmpty else { return json }
    return json.setting(
      "weights", .array(weights.map { [.double($0.logLikelihood), .bool($0.isLikeliest)] }))
  }

  /// Reads such a line.
  public init?(_ json: JSONValue) {
    guard let isCut = json["cut"]?.bool else { return nil }
    self.init(isCut: isCut)
    answer = json["answer"]?.string
    for pair in json["weights"]?.array ?? [] {
      guard let value = pair[0]?.double, let isLikeliest = pair[1]?.bool else { return nil }
      weights.append(.init(logLikelihood: value, isLikeliest: isLikeliest))
    }
    guard answer != nil || !weights.isEmpty else { return nil }
  }
}
