/// Which part of the data a dataset stands for.
public enum Split: String, Sendable, CaseIterable {
  case train, validation, test
}

/// A `Config` without keys: every key that the user gives is unknown.
public struct NoConfig: Decodable, Sendable {
  /// Creates it.
  public init() {}
  /// Reads no key.
  public init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: NoKey.self) }

  private enum NoKey: CodingKey {}
}

/// A task: names what it is made of. Its dataset, evaluator and rewards must be exports of the same
/// plugin.
public protocol TuningTask: Sendable {
  /// The name after `--task`.
  static var name: String { get }
  /// One sentence for `plugins list`.
  static var summary: String { get }
  /// The type of its dataset.
  static var dataset: any Dataset.Type { get }
  /// The type of its evaluator; nil (the default): the loss is all there is.
  static var evaluator: (any Evaluator.Type)? { get }
  /// The types of its rewards; none by default.
  static var rewards: [any BatchReward.Type] { get }
  /// Recipe keys that lie under the user's recipe, as nested objects; none by default.
  static var defaults: JSON { get }
}

extension TuningTask {
  /// None.
  public static var evaluator: (any Evaluator.Type)? { nil }
  /// None.
  public static var rewards: [any BatchReward.Type] { [] }
  /// None.
  public static var defaults: JSON { [:] }
}

/// Rows by random access, so that the host shuffles, shards and resumes. Calls may overlap.
public protocol Dataset: Sendable {
  /// What it reads from the recipe's `data` section, where the run's seed stands as `seed`. A key
  /// of the section that `Config` does not ask for is an error for the user, except the host's own
  /// `train`, `validation`, `test`, `shuffle` and `seed`. Keys may be optional, or have a default
  /// in `defaults`. An evaluator reads the same section.
  associatedtype Config: Decodable & Sendable = NoConfig
  /// The name of the export, unique in the plugin: `speech_drama.ratings`.
  static var name: String { get }
  /// One sentence; empty by default.
  static var summary: String { get }
  /// Values for keys of `Config` that the user leaves out, none by default. (Swift's synthesized
  /// decoding asks for a key even where its property has a default value.)
  static var defaults: JSON { get }
  /// Opens the rows of `split`. nil: the task has no such split.
  init?(config: Config, split: Split, host: HostServices) throws
  /// The number of rows, constant.
  var count: Int { get }
  /// Row `index`, a pure function of its three arguments: random choices (which annotator, which
  /// wording) follow from `epoch` and `seed`; see `RowGenerator`.
  func example(at index: Int, epoch: Int, seed: UInt64) throws -> Example
  /// Every file whose content decides the rows, beside `Config`, the split and the seed; a folder
  /// stands for the names in it. The host then keeps the rows that it has encoded for as long as
  /// these files stay as they are. None, the default: not known, every row is read anew.
  var sources: [String] { get }
  /// Whether a row may differ from epoch to epoch; true by default. The host asks for rows that do
  /// not once, where it knows `sources`.
  var variesByEpoch: Bool { get }
  /// Sentences about the rows that the user should read before each run, and in `data audit`: which
  /// columns of a file are not used, say. None by default.
  var notes: [String] { get }
  /// File and line of each row (`RowFile` gives them), which the host's errors about a row begin with.
  /// Empty, the default: not known.
  var places: [String] { get }
}

extension Dataset {
  /// Empty.
  public static var summary: String { "" }
  /// None.
  public static var defaults: JSON { [:] }
  /// Not known.
  public var sources: [String] { [] }
  /// True.
  public var variesByEpoch: Bool { true }
  /// None.
  public var notes: [String] { [] }
  /// Not known.
  public var places: [String] { [] }
}

/// Turns predictions into a report. Calls may overlap.
public protocol Evaluator: Sendable {
  /// What it reads from the recipe's `data` section; keys it does not ask for are left alone.
  associatedtype Config: Decodable & Sendable = NoConfig
  /// The name of the export, unique in the plugin: `speech_drama.agreement`.
  static var name: String { get }
  /// One sentence; empty by default.
  static var summary: String { get }
  /// Values for keys of `Config` that the user leaves out, none by default.
  static var defaults: JSON { get }
  /// Makes the evaluator of `split`.
  init(config: Config, split: Split, host: HostServices) throws
  /// The report over all predictions of a split.
  func evaluate(_ predictions: [Prediction]) throws -> Report
}

extension Evaluator {
  /// Empty.
  public static var summary: String { "" }
  /// None.
  public static var defaults: JSON { [:] }
}
