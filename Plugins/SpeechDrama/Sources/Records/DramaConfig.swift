import TaskKit

/// The recipe's `data` section for this task.
struct DramaConfig: Decodable, Sendable {
  /// The files of records of each split.
  var train: Paths?, validation: Paths?, test: Paths?
  /// The share of `train`'s clips kept out of training, where `validation` names no file.
  var validation_fraction: Double?
  /// The run's seed; decides which clips are kept out.
  var seed: UInt64?
  /// The folder of the prompts' texts.
  var prompts: String?
  /// What to ask; overrides each record's `dataset_name`.
  var kind: String?
  /// `draw`, `mean`, `majority` or `soft`.
  var annotators: String?
  /// `draw`: a training row asks for one dimension, drawn; `each`: there is a row for each.
  var dimensions: String?
  /// The dimensions to ask for; all by default.
  var only: [String]?
  /// What a prompt tells of a scene: `profile`, `scene`, `traits`, `age`, `transcript`.
  var context: [String]?
  /// `error` or `skip`.
  var on_bad_audio: String?
  /// Whether held-out rows of kinds with a thought start from the record's own.
  var given_thought: Bool?
  /// Whether held-out clips change places: a judge that listens then loses its agreement.
  var shuffle_audio: Bool?
  /// Settings of the audio front.
  var audio: AudioSettings?
}

/// The section's choices, checked.
struct DramaOptions: Sendable {
  /// Which dimension a training row asks for.
  enum Dimensions: String, CaseIterable { case draw, each }
  /// What becomes of clips that cannot be used.
  enum BadAudio: String, CaseIterable { case error, skip }

  var seed: UInt64
  var prompts: String
  var kind: Kind?
  var annotators: Annotators
  var dimensions: Dimensions
  /// The keys of the dimensions to ask for; nil for all.
  var only: Set<String>?
  var context: [ContextField]
  var onBadAudio: BadAudio
  var givesThought: Bool, shufflesAudio: Bool

  init(_ config: DramaConfig) throws {
    guard let prompts = config.prompts else {
      throw PluginError(
        .configuration,
        "'data.prompts' is required: the folder of the prompts' texts, '${task}/prompts' for "
          + "those of the task")
    }
    self.prompts = prompts
    seed = config.seed ?? 0
    kind = try config.kind.map { try Self.option($0, "kind") }
    annotators = try Self.option(config.annotators ?? "draw", "annotators")
    dimensions = try Self.option(config.dimensions ?? "draw", "dimensions")
    onBadAudio = try Self.option(
      config.on_bad_audio ?? "error", "on_bad_audio")
    let keys = (Dimension.realism + Dimension.archetype).map(\.key)
    only = try config.only.map {
      Set(try $0.map { try Self.known($0, "only", keys) })
    }
    let fields = ContextField.allCases.filter { $0 != .question }
    context = try (config.context ?? ["profile", "scene", "traits"]).map { name in
      ContextField(rawValue: try Self.known(name, "context", fields.map(\.rawValue)))!
    }
    givesThought = config.given_thought ?? false
    shufflesAudio = config.shuffle_audio ?? false
  }

  private static func option<Option: CaseIterable & RawRepresentable<String>>(
    _ name: String, _ key: String
  ) throws -> Option {
    Option(rawValue: try known(name, key, Option.allCases.map(\.rawValue)))!
  }

  private static func known(_ name: String, _ key: String, _ names: [String]) throws -> String {
    if names.contains(name) { return name }
    throw PluginError(
      .configuration,
      "'data.\(key)' does not know '\(name)'; known: \(names.joined(separator: ", "))")
  }
}
