import TaskKit

/// The recipe's `data` section for this task.
struct RecommendationConfig: Decodable, Sendable {
  /// The folder or the zip archive with `ratings.csv` and `movies.csv`.
  var source: String?
  /// Files of ready rows in place of `source`.
  var train: Paths?, validation: Paths?, test: Paths?
  /// A registry of ready rows in place of `train`, and the entry to take.
  var dataset_info: String?, dataset: String?
  /// Movies before the candidate; 15.
  var history_length: Int?
  /// From so many stars on a movie is liked; 4.
  var threshold: Float?
  /// `per_user`, `leave_last_out` or `global_time`.
  var split: String?
  /// The shares of held-out windows; 0.05 and 0.1.
  var validation_fraction: Double?, test_fraction: Double?
  /// At most so many windows of a user, the earliest; at most so many validation rows.
  var max_per_user: Int?, max_eval: Int?
  /// The seed of the order of windows; 13. (`seed` is the run's.)
  var shuffle_seed: UInt64?
  /// Own wording of the instruction and of the system's turn.
  var instruction: String?, system: String?
  /// The run's seed; decides the resamples behind intervals.
  var seed: UInt64?
}

extension RecommendationConfig {
  /// From so many stars on a movie is liked.
  func likedFrom() throws -> Float {
    let threshold = threshold ?? 4
    guard RatingTable.scale.contains(threshold) else {
      throw PluginError(
        .configuration, "'data.threshold' is \(threshold); it must lie in 0.5...5 stars")
    }
    return threshold
  }

  /// The texts, own or default.
  var prompts: PromptBuilder {
    var prompts = PromptBuilder()
    if let instruction { prompts.instruction = instruction }
    if let system { prompts.system = system }
    return prompts
  }

  /// The settings of windows, checked.
  func windowOptions() throws -> WindowOptions {
    var options = WindowOptions()
    if let split {
      guard let known = WindowSplit(rawValue: split) else {
        let names = WindowSplit.allCases.map(\.rawValue).joined(separator: ", ")
        throw fault("'data.split' does not know '\(split)'; known: \(names)")
      }
      options.split = known
    }
    let fractions = [
      ("validation_fraction", validation_fraction), ("test_fraction", test_fraction),
    ]
    for case (let name, let fraction?) in fractions {
      guard options.split != .leaveLastOut else {
        throw fault("'data.\(name)' means nothing where 'split' is leave_last_out; leave it out")
      }
      guard (0..<1).contains(fraction) else {
        throw fault("'data.\(name)' is \(fraction); it must lie in 0..<1")
      }
    }
    options.validationFraction = validation_fraction ?? options.validationFraction
    options.testFraction = test_fraction ?? options.testFraction
    guard options.validationFraction + options.testFraction < 1 else {
      throw fault("'data.validation_fraction' and 'data.test_fraction' leave nothing to learn from")
    }
    options.historyLength = try positive(history_length, "history_length") ?? options.historyLength
    options.mostPerUser = try positive(max_per_user, "max_per_user")
    options.mostValidation = try positive(max_eval, "max_eval")
    options.seed = shuffle_seed ?? options.seed
    return options
  }

  /// Refuses keys that say how to cut windows, where rows are ready-made.
  func refuseWindowKeys() throws {
    let given: [(String, Bool)] = [
      ("history_length", history_length != nil), ("split", split != nil),
      ("validation_fraction", validation_fraction != nil), ("test_fraction", test_fraction != nil),
      ("max_per_user", max_per_user != nil), ("max_eval", max_eval != nil),
      ("shuffle_seed", shuffle_seed != nil),
    ]
    if let (name, _) = given.first(where: \.1) {
      throw fault("'data.\(name)' is about 'data.source'; ready-made rows stay as they are")
    }
  }

  private func positive(_ value: Int?, _ name: String) throws -> Int? {
    guard let value else { return nil }
    guard value > 0 else { throw fault("'data.\(name)' is \(value); it must be greater than 0") }
    return value
  }

  func fault(_ message: String) -> PluginError { PluginError(.configuration, message) }
}
