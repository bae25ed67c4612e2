import Adapters
import Formats
import JSON
import Layers
import Models
public import OrderedCollections
import Ranks
import Tensors

/// What a run trains, and the files it becomes.
public enum Trainable {
  /// Adapters on a frozen base.
  case adapter(AdapterSet)
  /// Every weight of the model, as leaves under their names; and what a saved model must hold beside
  /// them, as it is. `masters` hold what is updated where that is not the leaves themselves.
  case full(
    [NamedTensor], constants: [NamedTensor], ModelConfig, masters: Masters? = nil)

  /// The trained tensors under their names in files.
  public var parameters: [NamedTensor] {
    switch self {
    case .adapter(let set): set.parameters
    case .full(let parameters, _, _, _): parameters
    }
  }

  /// What the file of weights holds: what adapters publish, or a whole model.
  var saved: [NamedTensor] {
    switch self {
    case .adapter(let set): set.published
    case .full(let parameters, let constants, _, _): parameters + constants
    }
  }

  /// What is updated where that is not the trained tensors themselves.
  var masters: Masters? {
    if case .full(_, _, _, let masters) = self { masters } else { nil }
  }

  /// The numbers of the file of weights, which rank 0 writes, f32 or bf16; other ranks `send` meanwhile.
  public func sources(as type: ScalarType = .f32, _ group: Group) -> [TensorSource] {
    guard case .full(_, let constants, _, let masters?) = self else {
      return saved.map { $0.source(as: type) }
    }
    return masters.file(group).sources(as: type) + constants.map { $0.source(as: type) }
  }

  /// Gives rank 0 what this rank owns of the file of weights.
  public func send(_ group: Group) throws { try masters?.file(group).send() }

  /// What the file of weights says of itself.
  public var metadata: OrderedDictionary<String, String> {
    let format: OrderedDictionary<String, String> = ["format": "pt"]
    return format.merging(adapters?.metadata ?? [:]) { $1 }
  }

  /// What a checkpoint holds beside it, from which alone a run then goes on; nothing where the weights
  /// suffice.
  var state: [NamedTensor] { adapters?.state ?? [] }

  /// The adapters; nil where every weight is trained.
  public var adapters: AdapterSet? { if case .adapter(let set) = self { set } else { nil } }

  /// The share of the adapters' inputs that dropout takes.
  public var dropout: Double { adapters?.config.dropout ?? 0 }

  /// The files of an adapter's tensors and of a whole model's.
  static let adapterFile = "adapter_model.safetensors", modelFile = "model.safetensors"
  /// The file of a checkpoint's `state`.
  static let stateFile = "adapter_state.safetensors"

  /// The file that holds the trained tensors.
  public var weightsFile: String {
    switch self {
    case .adapter: Self.adapterFile
    case .full: Self.modelFile
    }
  }

  /// The file of a checkpoint from which a run goes on.
  var resumedFile: String { state.isEmpty ? weightsFile : Self.stateFile }

  /// The configuration that belongs beside the weights: the file's name and text.
  public var configuration: (name: String, text: String) {
    let style = JSONValue.Style(indent: 2, sortsKeys: true, isSpaced: true)
    switch self {
    case .adapter(let set): return (AdapterConfig.fileName, set.publishedConfig.text)
    case .full(_, _, let config, _): return ("config.json", config.json.text(style) + "\n")
    }
  }

  /// Overwrites the trained tensors with those of a checkpoint, which must hold these and no others.
  /// Rank 0 reads it.
  func restore(from checkpoint: String, _ group: Group) throws {
    let tensors = state.isEmpty ? parameters : state
    if group.isFirst { try check(checkpoint) }
    if let masters {
      try masters.file(group).restore(from: checkpoint + "/" + resumedFile)
      return try masters.publish(moved: tensors.map { _ in true })
    }
    if group.isFirst {
      try tensors.restore(from: checkpoint + "/" + resumedFile)
    }
    try tensors.spread(in: group)
    adapters?.restored()
  }

  /// Refuses a checkpoint that does not hold exactly what is trained here: what it holds beside would be
  /// lost.
  func check(_ checkpoint: String) throws(FormatError) {
    let path = checkpoint + "/" + resumedFile, own = state.isEmpty ? saved : state
    let file = try SafeTensorsFile(path: path)
    let counts = Dictionary(own.map { ($0.name, $0.tensor.count) }, uniquingKeysWith: { $1 })
    let strangers = file.entries.values.filter { counts[$0.name] == nil }.map(\.name)
    let missing = own.map(\.name).filter { file.entries[$0] == nil }
    func list(_ names: [String]) -> String {
      "'\(names[0])'" + (names.count > 1 ? " and \(names.count - 1) more" : "")
    }
    if !strangers.isEmpty {
      throw FormatError(
        .malformed, path,
        "holds \(list(strangers)), which this run does not train, so that it would be lost; resume "
          + "with the peft settings that the run was begun with")
    }
    if !missing.isEmpty {
      throw FormatError(
        .malformed, path,
        "does not hold \(list(missing)), which this run trains; resume with the peft settings that the "
          + "run was begun with")
    }
    for entry in file.entries.values where entry.count != counts[entry.name] {
      throw FormatError(
        .malformed, path,
        "tensor '\(entry.name)' has \(entry.count) numbers, this run needs "
          + "\(counts[entry.name] ?? 0); resume with the peft settings that the run was begun with")
    }
  }
}

extension Trainable {
  /// Every weight of `model`, of which each rank of `share` updates some; rounded to `weights` before
  /// anything is computed with them.
  public static func full(
    _ model: CausalLanguageModel, _ share: StepShare, weights: ElementType = .f32
  ) -> Trainable {
    guard share.shardsWeights || weights != .f32 else {
      return .full(model.unfreeze(), constants: model.constants, model.config)
    }
    let masters = Masters(of: model, share, weights)
    if masters.isSharded { model.observer = GatheredWeights(masters, model.parts) }
    return .full(
      masters.parameters, constants: model.constants, model.config, masters: masters)
  }
}

extension [NamedTensor] {
  /// For a safetensors file: all in f32.
  var sources: [TensorSource] { map { $0.source() } }

  /// Overwrites the tensors with those of the same names in a file.
  func restore(from path: String) throws(FormatError) {
    let file = try SafeTensorsFile(path: path)
    for named in self {
      let values = try file.floats(named.name), tensor = named.tensor
      guard values.count == tensor.count else {
        throw FormatError(
          .malformed, path,
          "tensor '\(named.name)' has \(values.count) numbers, this run needs \(tensor.count)")
      }
      tensor.assign(Tensor(rows: tensor.rows, columns: tensor.columns, values: values))
    }
  }
}

extension NamedTensor {
  /// This tensor for a safetensors file, in `type` f32 or bf16.
  public func source(as type: ScalarType = .f32) -> TensorSource {
    TensorSource(
      name: name, type: type, shape: shape
    ) { sink throws(FormatError) in
      var failure: FormatError?
      func write(_ bytes: UnsafeRawBufferPointer) {
        do throws(FormatError) { try sink.write(bytes) } catch { failure = error }
      }
      if type == .bf16 { tensor.bf16.withUnsafeBytes(write) } else { tensor.withBytes(write) }
      if let failure { throw failure }
    }
  }
}
