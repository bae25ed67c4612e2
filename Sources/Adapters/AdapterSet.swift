public import Formats
public import Layers
public import OrderedCollections
public import Tensors

/// The adapters of one PEFT folder, each on its seat.
public final class AdapterSet {
  /// What the folder's adapter_config.json says.
  public private(set) var config: AdapterConfig
  /// Everything that it has for the model's seats, in the file's order.
  public private(set) var seated: [any Seated]
  /// What sits there now: these, a snapshot of them, or nothing.
  private var sitting: [any Seated] = []

  private init(
    _ config: AdapterConfig, on seats: ModelSeats, from source: AdapterSource
  ) throws(FormatError) {
    self.config = config
    let chosen = try config.chosen(of: seats)
    seated = try config.method.seat(on: chosen, from: source)
    seated += try config.wholeWeights(of: seats, from: source)
  }

  /// New adapters on the places that `config` names; the model is unchanged at first. What in the
  /// targets has no effect is an error. In a model that hears, names mean the language model unless they
  /// say another part (see `AdapterTargets.named`).
  public static func fresh(_ config: AdapterConfig, on seats: ModelSeats, seed: UInt64)
    throws(FormatError) -> AdapterSet
  {
    var config = config
    let paths = seats.linears.map(\.path)
    config.method.targets = config.method.targets?.named(among: paths)
    try config.checkEverythingCounts(of: seats)
    let set = try AdapterSet(config, on: seats, from: .fresh(seed: seed))
    set.sit(set.seated)
    return set
  }

  /// The adapters in a PEFT folder. Every tensor of the file must find its place, and every targeted
  /// place its tensors, with the right shapes. Paths may be spelled as files or as transformers 5 does.
  /// `trains`: the run goes on with them, so that whole weights become leaves.
  public static func load(folder: String, on seats: ModelSeats, trains: Bool = false)
    throws(FormatError) -> AdapterSet
  {
    let config = try AdapterConfig(folder: folder)
    try config.check(seats, folder)
    let tensors = try AdapterTensors(folder: folder)
    let set = try AdapterSet(config, on: seats, from: .file(tensors, trains: trains))
    try tensors.checkNothingIsLeft()
    set.sit(set.seated)
    return set
  }

  /// The paths of the modules that carry an adapter.
  public var paths: [String] { adapters.map(\.path) }

  private var adapters: [any Seated] { seated.filter { !($0 is WholeWeight) } }

  /// Every trained tensor under its name in files.
  public var parameters: [NamedTensor] { filed(seated.flatMap(\.parameters)) }

  /// The tensors of adapter_model.safetensors.
  public var published: [NamedTensor] { filed(seated.flatMap(\.published)) }

  /// The configuration beside them.
  public var publishedConfig: AdapterConfig {
    var config = config
    config.method = config.method.published(seated)
    return config
  }

  /// What their file says of itself.
  public var metadata: OrderedDictionary<String, String> { config.method.metadata(seated) }

  /// Does what must follow when the numbers have come from a checkpoint.
  public func restored() { for seated in seated { seated.restored() } }

  /// Everything from which training goes on, where that is more than what is published; else nothing.
  public var state: [NamedTensor] {
    guard seated.contains(where: { !$0.state.isEmpty }) else { return [] }
    return filed(seated.flatMap { $0.state.isEmpty ? $0.parameters : $0.state })
  }

  /// The names that PEFT gives: a method that wraps no module has one prefix less.
  private func filed(_ tensors: [NamedTensor]) -> [NamedTensor] {
    guard config.method.targets == nil else { return tensors }
    return tensors.map { tensor in
      guard tensor.name.hasPrefix(AdapterTensors.prefix) else { return tensor }
      return tensor.named(
        AdapterTensors.outerPrefix + tensor.name.dropFirst(AdapterTensors.prefix.count))
    }
  }

  /// Fills in what depends on the run (see `AdapterMethod.settled`).
  public func settle(steps: Int, rate: Double) throws(FormatError) {
    config = try config.settled(steps: steps, rate: rate)
  }

  /// What is added to the loss once for each optimizer step, on the tape; nil for nothing.
  public var penalty: Tensor? { config.method.penalty(of: seated) }

  /// Whether what the method does after a step looks at gradients.
  public var needsGradients: Bool { config.method.followsGradients }

  /// Does what the method does after optimizer step `number`, whose gradients were multiplied by `scale`;
  /// returns what the log tells of it.
  public func follow(_ number: Int, _ gradients: Gradients, scale: Double) -> [(
    name: String, value: Double
  )] {
    config.method.follow(number, gradients, scale: scale, in: seated)
  }

  /// Trains the head of a score beside the adapters, as a whole weight: that of the adapter's file where
  /// it holds one, else the model's.
  public func trainHead(_ head: Linear) {
    let sat = sitting
    sit([])
    seated.removeAll { ($0 as? WholeWeight)?.layer === head }
    let file = sat.lazy.compactMap { $0 as? WholeWeight }.first { $0.layer === head }
    seated.append(WholeWeight(training: head, from: file?.own ?? head.weight))
    config = config.scoring
    sit(seated)
  }

  // MARK: Sitting

  /// Has `others` sit in the place of what sits now, which rises first, last one first.
  private func sit(_ others: [any Seated]) {
    for seated in sitting.reversed() { seated.lift() }
    for seated in others { seated.sit() }
    sitting = others
  }

  private func with<Result>(_ others: [any Seated], _ body: () throws -> Result) rethrows -> Result
  {
    let before = sitting
    sit(others)
    defer { sit(before) }
    return try body()
  }

  /// Runs `body` with every seat empty: the base model. May be nested.
  public func withoutAdapters<Result>(_ body: () throws -> Result) rethrows -> Result {
    try with([], body)
  }

  /// Takes the adapters off the model; a snapshot of them can sit there for a while again.
  public func lift() { sit([]) }

  /// The adapters of a moment, for the same seats.
  public struct Snapshot { fileprivate let seated: [any Seated] }

  /// A copy of the adapters as they are now, which training does not change.
  public func snapshot() -> Snapshot { Snapshot(seated: seated.map { $0.copy() }) }

  /// Runs `body` with a snapshot on the seats.
  public func with<Result>(_ snapshot: Snapshot, _ body: () throws -> Result) rethrows -> Result {
    try with(snapshot.seated, body)
  }
}

// In words.
extension AdapterSet {
  /// How many projections of each part carry an adapter, in a sentence's order; of a model of text
  /// alone, the one count.
  public func counts(among linears: [Linear]) -> [(part: ModelPart, adapted: Int, of: Int)] {
    let adapted = Set(paths)
    return [ModelPart.languageModel, .audioTower, .projector].compactMap { part in
      let all = linears.filter { ModelPart(of: $0.path) == part && !AdapterTargets.isHead($0.path) }
      return all.isEmpty ? nil : (part, all.count { adapted.contains($0.path) }, all.count)
    }
  }

  /// What the adapters sit on: `LoRA on 14 of 14 projections of the language model, 0 of 12 of the
  /// audio encoder, 0 of 1 of the projector`.
  public func summary(of linears: [Linear]) -> String {
    let parts = counts(among: linears), title = config.method.title
    if config.method.targets == nil {
      return title + ", "
        + config.method.settings.map { "\($0.name) \($0.text)" }.joined(separator: ", ")
    }
    guard let text = parts.first else { return title + " on nothing" }
    let own = seated.compactMap { ($0 as? WholeWeight)?.path }
    return
      (["\(title) on \(text.adapted) of \(text.of) projections of the \(text.part.title)"]
      + parts.dropFirst().map { "\($0.adapted) of \($0.of) of the \($0.part.title)" })
      .joined(separator: ", ") + (own.isEmpty ? "" : "; its own " + own.joined(separator: ", "))
  }
}

extension AdapterConfig {
  /// Refuses an adapter of a reward model on a model that has no head of a score.
  fileprivate func check(_ seats: ModelSeats, _ folder: String) throws(FormatError) {
    let head = seats.linears.first { $0.path == AdapterTargets.scoreHead }
    guard task == .score, head == nil else { return }
    throw FormatError(
      .unsupported, folder + "/" + Self.fileName,
      "task_type is SEQ_CLS: the adapter makes a reward model of its base, which gives scores and "
        + "writes no text; `host evaluate --task preference` judges it, and the reward "
        + "'preference_model' scores answers with it")
  }
}
