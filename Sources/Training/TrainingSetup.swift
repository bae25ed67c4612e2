public import Adapters
import Formats
import Layers
public import Models
import Rows
public import Tensors

/// A model as a run will train it, before it does: how its weights are stored, and what is trained of
/// each projection.
public struct TrainingSetup {
  let model: CausalLanguageModel
  private let quantization: Quantization?
  /// The adapters; nil where every weight is trained.
  private let adapters: AdapterConfig?

  /// `model` with its blocks quantized as `quantization` says where they are not yet, and with the
  /// adapters that `adapters` describes, or trained in full where it is nil.
  public init(
    _ model: CausalLanguageModel, quantization: Quantization?, adapters: AdapterConfig?
  ) {
    self.model = model
    self.quantization = model.config.quantization == nil ? quantization : nil
    var adapters = adapters
    let isQuantized = self.quantization != nil || model.linears.contains { $0.original != nil }
    if let config = adapters {
      if isQuantized { adapters?.method = config.method.onQuantizedBase }
      adapters?.method.targets = config.method.targets?.named(among: model.linears.map(\.path))
    }
    self.adapters = adapters
  }

  /// Whether the blocks are not quantized yet.
  public var isQuantizable: Bool { model.config.quantization == nil }

  /// What is trained of the projection at `path`; adapters leave the head alone, unless it is that of a
  /// score, which is trained whole.
  func seat(_ path: String) -> Seat {
    guard let adapters else { return Seat(isOpen: true) }
    let isOpen = adapters.trainsWeight(of: path) || model.givesScores && path == model.head.path
    return Seat(adapters.cost(at: path), isOpen: isOpen)
  }

  /// Whether every weight is trained.
  var trainsAll: Bool { adapters == nil }

  /// Tokens without ids that stand before every text.
  var virtualTokens: Int { adapters?.method.virtualTokens?.count ?? 0 }

  /// Whether anything is trained of the embedding.
  private var trainsEmbedding: Bool {
    guard let adapters else { return true }
    let path = model.modules.embedding.path
    return adapters.trainsWeight(of: path)
      || !adapters.targets.isAllLinear && adapters.cost(at: path) != nil
  }

  private var trainsHearing: Bool {
    (model.audio?.linears ?? []).contains { seat($0.path).isTrained }
  }

  /// A pass over packed texts in so many pieces, of which each continues one or none. A gradient is wanted
  /// of what comes in where the embedding is trained, virtual tokens are, or what is heard.
  func passage(
    tokens: Int, longest: Int, asking: [Range<Int>] = [], needed: Passage.Asked,
    gathered: Int? = nil, pieces: Int
  ) -> Passage {
    if let virtual = adapters?.method.virtualTokens {
      let count = virtual.count, embedded = virtual.areEmbedded ? count : 0
      let own = Passage.Asked(tokens, sights: asking).behind(count).sights
      var pass = Passage(
        tokens: tokens + embedded, longest: longest + count,
        asking: (embedded > 0 && !asking.isEmpty ? [1..<count + 1] : []) + own,
        needed: needed.behind(count),
        gathered: (gathered ?? tokens) + pieces * count + embedded,
        givenKeys: count - embedded, wantsInput: embedded > 0 || trainsEmbedding || trainsHearing,
        seat: seat)
      pass.making = adapters?.method.cost(beside: model.config) ?? Cost()
      return pass
    }
    return Passage(
      tokens: tokens, longest: longest, asking: asking, needed: needed, gathered: gathered,
      wantsInput: trainsEmbedding || trainsHearing, seat: seat)
  }

  /// Bytes of all weights that a pass reads, as they are stored. The embedding's rows are few.
  var storedBytes: Int {
    let linears = model.linears.dropLast().reduce(model.head.weight.storedBytes) { sum, linear in
      let own =
        quantization?.storedBytes(linear.weight.rows * linear.weight.columns)
        ?? linear.weight.storedBytes
      let isTwofold = adapters.map { $0.method.keepsResiduals && $0.adapts(linear.path) } ?? false
      return sum + (isTwofold ? 2 : 1) * own
    }
    guard let modules = model.audio?.encoder.modules else { return linears }
    return modules.convolutions.reduce(linears + modules.positions.weight.storedBytes) {
      $0 + $1.weight.storedBytes
    }
  }

  /// How many numbers are trained; norms and biases of encoders are few.
  public var trainedParameters: Int {
    if let adapters {
      let embedding = model.modules.embedding
      let ends =
        trainsEmbedding
        ? seat(embedding.path).parameters(
          inputs: embedding.weight.rows, outputs: embedding.weight.columns) : 0
      return model.linears.reduce(adapters.method.parameters(beside: model.config) + ends) {
        $0 + seat($1.path).parameters(inputs: $1.weight.columns, outputs: $1.weight.rows)
      }
    }
    let hearing =
      (model.audio?.linears ?? []).map(\.weight)
      + (model.audio?.encoder.modules.convolutions ?? []).map(\.weight)
    return hearing.reduce(model.partSizes.reduce(0, +)) { $0 + $1.rows * $1.columns }
  }

  /// What hearing costs, forward and on the way back.
  func hearing(_ sound: Sound, usesCheckpointing: Bool) -> Cost {
    model.audio?.cost(
      frames: sound.frames, longest: sound.longest, usesCheckpointing: usesCheckpointing, seat: seat
    )
      ?? Cost()
  }

  /// The features that a frozen encoder has made and will not make again.
  func remembered(_ sound: Sound) -> Int {
    guard let audio = model.audio, !trainsHearing else { return 0 }
    return min(
      AudioMemory.limit, Buffer.bytes(sound.all / 4 * audio.projector.linear.weight.rows))
  }
}
