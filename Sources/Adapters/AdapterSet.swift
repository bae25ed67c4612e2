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
  /// the model is unchanged at first. Which targets matched nothing is an error.
  public static func fresh(_ config: AdapterConfig, on linears: [Linear], seed: UInt64)
    throws(FormatError) -> AdapterSet
  {
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
  /// seat its tensors, with the right shapes.
  public static func load(folder: String, on linears: [Linear]) throws(FormatError) -> AdapterSet {
    let config = try AdapterConfig(folder: folder)
    let file = try SafeTensorsFile(path: folder + "/adapter_model.safetensors")
    let set = AdapterSet(config: config)
    var unused = Set(file.entries.keys)
    for linear in try config.targets(among: linears) {
      let rank = config.rank(of: linear.path), prefix = prefix + linear.path
      let (a, b) = (prefix + ".lora_A.weight", prefix + ".lora_B.weight")
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
        NamedTensor(name: Self.prefix + seat.linear.path + "." + $0.name, tensor: $0.tensor)
      }
    }
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
