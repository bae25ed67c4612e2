import Formats
import Layers
import Tensors

/// The adapters of one PEFT folder, each on its seat.
public final class AdapterSet {
  /// What the folder's adapter_config.json says.
  public internal(set) var config: AdapterConfig
  private var seats: [(linear: Linear, adapter: LoRA)] = []
  /// Layers that use a weight of the adapter's file in the place of the base's.
  var saved: [SavedWeight] = []

  private init(config: AdapterConfig) { self.config = config }

  /// New adapters on the projections that `config` targets: A uniform in ±1/√inputs, B zero, so that
  /// the model is unchanged at first. What in the targets has no effect is an error. In a model that
  /// hears, names mean the language model unless they say another part (see `AdapterTargets.named`).
  public static func fresh(_ config: AdapterConfig, on linears: [Linear], seed: UInt64)
    throws(FormatError) -> AdapterSet
  {
    var config = config
    config.targets = config.targets.named(among: linears.map(\.path))
    try config.checkEverythingCounts(among: linears)
    let set = AdapterSet(config: config)
    for linear in try config.targets(among: linears) {
      let rank = config.rank(of: linear.path), inputs = linear.weight.columns
      let random = Random(seed: seed, stream: Random.stream(linear.path + ".lora_A"))
      let bound = 1 / Double(inputs).squareRoot()
      let a = (0..<rank * inputs).map { Float((2 * random.uniform($0) - 1) * bound) }
      set.seat(
        linear, a: Tensor(rows: rank, columns: inputs, values: a),
        b: Tensor(rows: linear.weight.rows, columns: rank, repeating: 0))
    }
    return set
  }

  /// The adapters in a PEFT folder. Every tensor of the file must find its place, and every targeted
  /// place its tensors, with the right shapes. Paths may be spelled as files or as transformers 5 does.
  public static func load(folder: String, on seats: AdapterSeats) throws(FormatError)
    -> AdapterSet
  {
    let config = try AdapterConfig(folder: folder), set = AdapterSet(config: config)
    try config.check(seats, folder)
    var tensors = try AdapterTensors(folder: folder)
    for linear in try config.targets(among: seats.linears) {
      let rank = config.rank(of: linear.path)
      let (rows, columns) = (linear.weight.rows, linear.weight.columns)
      set.seat(
        linear, a: try tensors.matrix("lora_A.weight", of: linear.path, rank, columns),
        b: try tensors.matrix("lora_B.weight", of: linear.path, rows, rank))
    }
    let substitutes = try config.savedWeights(of: seats, in: &tensors, folder)
    try tensors.checkNothingIsLeft()
    set.saved = substitutes
    for saved in set.saved { saved.layer.substitute(saved.own) }
    return set
  }

  /// The adapters in a PEFT folder, on projections alone.
  public static func load(folder: String, on linears: [Linear]) throws(FormatError) -> AdapterSet {
    try load(folder: folder, on: AdapterSeats(linears: linears))
  }

  private func seat(_ linear: Linear, a: Tensor, b: Tensor) {
    let adapter = LoRA(
      a: a, b: b, scale: config.scale(of: linear.path), dropoutRate: Float(config.dropout),
      path: linear.path)
    linear.adapter = adapter
    seats.append((linear, adapter))
  }

  /// The paths of the projections that carry an adapter.
  public var paths: [String] { seats.map(\.linear.path) }

  /// How many numbers the adapter on each of these paths has.
  public var sizes: [(path: String, count: Int)] {
    seats.map { seat in
      (seat.linear.path, seat.adapter.parameters.reduce(0) { $0 + $1.tensor.count })
    }
  }

  /// Every trained tensor under its name in adapter_model.safetensors.
  public var parameters: [NamedTensor] {
    seats.flatMap { seat in
      seat.adapter.parameters.map {
        let path = ModulePath.inMemory(seat.linear.path)
        return NamedTensor(name: AdapterTensors.prefix + path + "." + $0.name, tensor: $0.tensor)
      }
    } + saved.compactMap(\.trained)
  }

  /// How many projections of each part carry an adapter, in a sentence's order; of a model of text
  /// alone, the one count.
  public func counts(among linears: [Linear]) -> [(part: ModelPart, adapted: Int, of: Int)] {
    [ModelPart.languageModel, .audioTower, .projector].compactMap { part in
      let all = linears.filter { ModelPart(of: $0.path) == part && !AdapterTargets.isHead($0.path) }
        .count
      let adapted = seats.filter { ModelPart(of: $0.linear.path) == part }.count
      return all > 0 ? (part, adapted, all) : nil
    }
  }

  /// What the adapters sit on: `LoRA on 14 of 14 projections of the language model, 0 of 12 of the
  /// audio encoder, 0 of 1 of the projector`.
  public func summary(of linears: [Linear]) -> String {
    let parts = counts(among: linears)
    guard let text = parts.first else { return "LoRA on nothing" }
    return
      (["LoRA on \(text.adapted) of \(text.of) projections of the \(text.part.title)"]
      + parts.dropFirst().map { "\($0.adapted) of \($0.of) of the \($0.part.title)" })
      .joined(separator: ", ")
      + (saved.isEmpty
        ? "" : "; its own " + saved.map(\.layer.path).joined(separator: ", "))
  }

  /// Runs `body` with every seat empty: the base model. May be nested.
  public func withoutAdapters<Result>(_ body: () throws -> Result) rethrows -> Result {
    let seated = seats.map(\.linear.adapter)
    let weights = saved.map(\.layer.weight)
    for seat in seats { seat.linear.adapter = nil }
    for saved in saved { saved.layer.substitute(saved.base) }
    defer {
      for (seat, adapter) in zip(seats, seated) { seat.linear.adapter = adapter }
      for (saved, weight) in zip(saved, weights) { saved.layer.substitute(weight) }
    }
    return try body()
  }

  /// Takes the adapters off the model; a snapshot of them can sit there for a while again.
  public func lift() {
    for seat in seats { seat.linear.adapter = nil }
    for saved in saved { saved.layer.substitute(saved.base) }
  }

  /// The adapters of a moment, for the same seats.
  public struct Snapshot { fileprivate let adapters: [LoRA] }

  /// A copy of the adapters as they are now, which training does not change.
  public func snapshot() -> Snapshot { Snapshot(adapters: seats.map { $0.adapter.copy() }) }

  /// Runs `body` with a snapshot on the seats.
  public func with<Result>(_ snapshot: Snapshot, _ body: () throws -> Result) rethrows -> Result {
    let seated = seats.map(\.linear.adapter)
    for (seat, adapter) in zip(seats, snapshot.adapters) { seat.linear.adapter = adapter }
    defer { for (seat, adapter) in zip(seats, seated) { seat.linear.adapter = adapter } }
    return try body()
  }
}
