import Formats
import Layers
import Tensors

/// The adapters of one PEFT folder, each on its seat.
public final class AdapterSet {
  /// What the folder's adapter_config.json says.
  public let config: AdapterConfig
  /// The masks of dropout.
  public let noise = AdapterNoise()
  private var seats: [(linear: Linear, adapter: LoRA)] = []

  private init(config: AdapterConfig) { self.config = config }

  /// New adapters on the projections that `config` targets: A uniform in ±1/√inputs, B zero, so that
  /// the model is unchanged at first. Which targets matched nothing is an error. In a model that hears,
  /// names mean the language model unless they say another part (see `AdapterTargets.isByPart`).
  public static func fresh(_ config: AdapterConfig, on linears: [Linear], seed: UInt64)
    throws(FormatError) -> AdapterSet
  {
    var config = config
    let paths = linears.map(\.path)
    if paths.contains(where: { ModelPart(of: $0) != .languageModel }) {
      config.targets = config.targets.byPart(among: paths)
    }
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

  /// The adapters in a PEFT folder. Every tensor of the file must find its seat, and every targeted
  /// seat its tensors, with the right shapes. Paths may be spelled as files or as transformers 5 does.
  public static func load(folder: String, on linears: [Linear]) throws(FormatError) -> AdapterSet {
    let config = try AdapterConfig(folder: folder)
    let file = try SafeTensorsFile(path: folder + "/adapter_model.safetensors")
    let set = AdapterSet(config: config)
    var unused = Set(file.entries.keys)
    for linear in try config.targets(among: linears) {
      let rank = config.rank(of: linear.path)
      let paths = [ModulePath.inMemory(linear.path), ModulePath.inFiles(linear.path)]
      func name(_ part: String) -> String {
        let names = paths.map { "\(prefix)\($0).\(part).weight" }
        return names.first { file.entries[$0] != nil } ?? names[0]
      }
      let a = name("lora_A"), b = name("lora_B")
      set.seat(
        linear, a: try matrix(file, a, rank, linear.weight.columns),
        b: try matrix(file, b, linear.weight.rows, rank))
      unused.subtract([a, b])
    }
    if let name = unused.min() {
      throw FormatError(
        .unsupported, file.path,
        "the adapter's tensor '\(name)' belongs to no projection of this model that its "
          + "adapter_config.json targets; is it an adapter of another model?")
    }
    return set
  }

  private static func matrix(_ file: SafeTensorsFile, _ name: String, _ rows: Int, _ columns: Int)
    throws(FormatError) -> Tensor
  {
    let shape = try file.entry(name).shape
    guard shape == [rows, columns] else {
      throw FormatError(
        .malformed, file.path,
        "tensor '\(name)' has shape \(shape), this model and rank need [\(rows), \(columns)]")
    }
    return Tensor(rows: rows, columns: columns, values: try file.floats(name))
  }

  private func seat(_ linear: Linear, a: Tensor, b: Tensor) {
    let adapter = LoRA(
      a: a, b: b, scale: config.scale(of: linear.path), dropoutRate: Float(config.dropout),
      path: linear.path, noise: noise)
    linear.adapter = adapter
    seats.append((linear, adapter))
  }

  /// Every trained tensor under its name in adapter_model.safetensors.
  public var parameters: [NamedTensor] {
    seats.flatMap { seat in
      seat.adapter.parameters.map {
        let path = ModulePath.inMemory(seat.linear.path)
        return NamedTensor(name: Self.prefix + path + "." + $0.name, tensor: $0.tensor)
      }
    }
  }

  /// How many projections of each part carry an adapter, in a sentence's order; of a model of text
  /// alone, the one count.
  public func counts(among linears: [Linear]) -> [(part: ModelPart, adapted: Int, of: Int)] {
    [ModelPart.languageModel, .audioTower, .projector].compactMap { part in
      let all = linears.filter { ModelPart(of: $0.path) == part && $0.name != "lm_head" }.count
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
  }

  /// Runs `body` with every seat empty: the base model. May be nested.
  public func withoutAdapters<Result>(_ body: () throws -> Result) rethrows -> Result {
    let seated = seats.map(\.linear.adapter)
    for seat in seats { seat.linear.adapter = nil }
    defer { for (seat, adapter) in zip(seats, seated) { seat.linear.adapter = adapter } }
    return try body()
  }

  /// What PEFT puts before the module's path.
  static let prefix = "base_model.model."
}
