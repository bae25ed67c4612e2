import TaskKit

/// The recipe's `data` section for this task.
struct PreferenceConfig: Decodable, Sendable {
  /// The files of each split.
  var train: Paths?, validation: Paths?, test: Paths?
  /// The share of `train`'s prompts kept out of training, where `validation` names no file.
  var validation_fraction: Double?
  /// What the rows are to become: `auto`, `pairs`, `labels` or `chosen`.
  var rows: String?
  /// Which of several scored answers is rejected: the `worst`, or a `random` one below the best.
  var rejected: String?
  /// The key of an answer's score, where a prompt has several; `overall_score`.
  var score: String?
  /// What becomes of rows that prefer nothing: `error` or `skip`.
  var on_bad_pair: String?
  /// The run's seed; decides which rows are kept out, and the resamples behind intervals.
  var seed: UInt64?
}

/// What the rows of a file become.
enum RowUse: String, CaseIterable {
  /// As they are found: pairs, or answers with a label.
  case auto
  /// Pairs; answers with a label are refused.
  case pairs
  /// Answers with a label; of a pair both, one wanted and one not.
  case labels
  /// Conversations that end in the chosen or wanted answer.
  case chosen
}

/// Which of several scored answers is rejected.
enum RejectedAnswer: String, CaseIterable { case worst, random }

/// What becomes of rows that prefer nothing.
enum BadPairPolicy: String, CaseIterable { case error, skip }

extension PreferenceConfig {
  func rowUse() throws -> RowUse { try value(rows, "rows") ?? .auto }

  func rejectedAnswer() throws -> RejectedAnswer { try value(rejected, "rejected") ?? .worst }

  func badPairPolicy() throws -> BadPairPolicy { try value(on_bad_pair, "on_bad_pair") ?? .error }

  /// The key of an answer's score.
  func scoreKey() throws -> String {
    guard score != "" else { throw PluginError(.configuration, "'data.score' names no key") }
    return score ?? "overall_score"
  }

  func splitFiles() throws -> SplitFiles {
    try SplitFiles(
      train: train, validation: validation, test: test, validationFraction: validation_fraction,
      seed: seed)
  }

  private func value<Value: RawRepresentable & CaseIterable>(
    _ text: String?, _ key: String
  ) throws -> Value? where Value.RawValue == String {
    guard let text else { return nil }
    if let value = Value(rawValue: text) { return value }
    let names = Value.allCases.map(\.rawValue)
    let hint = nearestName(to: text, among: names).map { "did you mean '\($0)'?" }
    throw PluginError(
      .configuration,
      "'data.\(key)' does not know '\(text)'; "
        + (hint ?? "known: \(names.joined(separator: ", "))"))
  }
}
