import Adapters
import Formats
import JSON
import Layers
import Models
import OrderedCollections
import Tensors
import Text

/// A base model with one adapter, several or none, as they were trained, and the tensors that stored
/// weights become with them.
final class TunedModel {
  let model: CausalLanguageModel
  /// The tensors that change, by their names in the base's files, and each step from the base on.
  let changed: OrderedDictionary<String, [MergedTensor]>
  /// How the base was quantized while it was opened; nil: as its files have it.
  let quantization: Quantization?
  private let single: AdapterSet?
  private var merged: [Exchange] = []

  init(_ request: MergeRequest, tell: RunObserver) throws {
    let origins = request.adapters.map { AdapterOrigin(of: $0.folder) }
    try origins.first?.check(base: request.model)
    for origin in origins.dropFirst() {
      guard let fault = origin.fault(of: request.model) else { continue }
      tell.note("warning: \(origin.folder) was trained on another base: \(request.model) \(fault)")
    }
    let configs = try request.adapters.map { try AdapterConfig(folder: $0.folder) }
    let quantization = try Self.quantization(request, origins, configs)
    self.quantization = quantization
    let own = try ModelConfig(folder: request.model)
    let makesScores = configs.contains { $0.task == .score }
    let scoring = try makesScores ? Self.scoring(own, request.model) : nil
    let model = try CausalLanguageModel.open(
      request.model, quantization, config: scoring, headSeed: makesScores ? 0 : nil, tell: tell)
    self.model = model
    var changed: OrderedDictionary<String, [MergedTensor]> = [:]
    var sets: [AdapterSet] = []
    let isPlain = request.adapters.count == 1 && request.adapters[0].share == 1
    for adapter in request.adapters {
      let set = try AdapterSet.load(
        folder: adapter.folder, on: model, of: request.model, tell: tell)
      // What takes a tensor's place comes before what is added to it.
      let tensors = try set.merged(share: adapter.share)
      let before = changed
      for tensor in tensors.filter({ !$0.isDerived }) + tensors.filter(\.isDerived) {
        if !tensor.isDerived, before[tensor.name] != nil {
          throw FormatError(
            .unsupported, adapter.folder,
            "holds the whole of '\(tensor.name)', which an adapter before it changes too; one of the two "
              + "would be lost: name it first, or leave one out")
        }
        changed[tensor.name, default: []].append(tensor)
      }
      if !isPlain { set.lift() }
      sets.append(set)
    }
    self.changed = changed
    single = isPlain ? sets[0] : nil
    if !isPlain { try keepMerged() }
  }

  /// How the base is to be opened.
  private static func quantization(
    _ request: MergeRequest, _ origins: [AdapterOrigin], _ configs: [AdapterConfig]
  ) throws(FormatError) -> Quantization? {
    guard request.base == .trained else { return nil }
    if try ModelConfig(folder: request.model).quantization != nil { return nil }
    let kinds = zip(origins, configs).map {
      request.quantization ?? $0.quantization ?? $1.residual
    }
    guard !kinds.isEmpty else { return request.quantization }
    if let other = kinds.firstIndex(where: { $0 != kinds[0] }) {
      func name(_ index: Int) -> String { kinds[index]?.name ?? "no quantization" }
      throw FormatError(
        .unsupported, origins[other].folder,
        "was trained on a base in \(name(other)), \(origins[0].folder) on one in \(name(0)); with --base "
          + "original both are merged into the model's own numbers")
    }
    return kinds[0]
  }

  private static func scoring(_ config: ModelConfig, _ folder: String) throws -> ModelConfig {
    let tokenizer = try Tokenizer(folder: folder, rows: config.vocabularySize)
    guard let scoring = config.scoring(with: tokenizer) else {
      throw FormatError(.unsupported, folder, TaskSession.noClassifier(config))
    }
    return scoring
  }

  /// The adapters, where there is one and it sits on its base as it was trained.
  var adapters: AdapterSet? { single }

  /// Whether embedding and head are one, with the adapters in them.
  func tiesWordEmbeddings() throws(FormatError) -> Bool {
    guard model.config.tiesWordEmbeddings else { return false }
    let embedding = changed[model.modules.embedding.path + ".weight"]
    switch (embedding, changed[model.head.path + ".weight"]) {
    case (nil, nil): return true
    case (let one?, let other?): return try values(one).values == values(other).values
    default: return false
    }
  }

  /// The numbers of a changed tensor, in f32.
  func values(_ steps: [MergedTensor]) throws(FormatError) -> Tensor {
    var weight: Weight?
    for step in steps { weight = .tensor(try step.values(weight)) }
    guard case .tensor(let tensor) = weight else { preconditionFailure("no step") }
    return tensor
  }

  /// Keeps what several adapters make of the base in memory: they cannot sit on one seat.
  private func keepMerged() throws(FormatError) {
    let seats = model.seats, embedding: any Substitutable = model.modules.embedding
    let layers = [embedding] + seats.linears as [any Substitutable] + model.modules.norms
    for layer in layers {
      guard let steps = changed[layer.path + ".weight"] else { continue }
      let base = layer.stored, own = try values(steps)
      let shaped = own.reshaped(rows: base.rows, columns: base.columns)
      merged.append(
        Exchange {
          layer.substitute(.tensor(shaped))
        } back: {
          layer.substitute(base)
        })
    }
    for layer in seats.biased {
      guard let steps = changed[layer.path + ".bias"], let base = layer.offset else { continue }
      let own = try values(steps).reshaped(rows: base.rows, columns: base.columns)
      merged.append(
        Exchange {
          layer.substitute(offset: own)
        } back: {
          layer.substitute(offset: base)
        })
    }
    for entry in merged { entry.forth() }
  }

  /// One tensor of a layer in the place of another, and the way back.
  private struct Exchange {
    let forth: () -> Void, back: () -> Void

    init(forth: @escaping () -> Void, back: @escaping () -> Void) {
      self.forth = forth
      self.back = back
    }
  }

  /// Runs `body` with the base alone.
  func withoutAdapters<Result>(_ body: () -> Result) -> Result {
    if let single { return single.withoutAdapters(body) }
    for entry in merged { entry.back() }
    defer { for entry in merged { entry.forth() } }
    return body()
  }
}
