import Adapters
import Formats
import JSON
import Models
import Tasks
import Tensors
import Text

/// Merges adapters into their base: `host merge`.
public struct MergeRun {
  private let request: MergeRequest, tell: RunObserver
  private let tuned: TunedModel, folder: SafeTensorsFolder, weights: MergedWeights
  private let texts: ReplayTexts, generation: (text: String?, notes: [String])
  private let config: JSONValue

  /// Opens and checks everything; nothing is written yet.
  public init(_ request: MergeRequest, tell: RunObserver) throws {
    precondition(!request.adapters.isEmpty, "merge: no adapter")
    try FileSystem.checkFree(request.output)
    self.request = request
    self.tell = tell
    tuned = try TunedModel(request, tell: tell)
    folder = try SafeTensorsFolder(path: request.model)
    weights = try MergedWeights(tuned, folder, dtype: request.dtype)
    let model = tuned.model
    let tokenizer = try Tokenizer(folder: request.model, rows: model.config.vocabularySize)
    let run = AdapterOrigin(of: request.adapters[0].folder).run
    texts = try ReplayTexts(model: request.model, tokenizer: tokenizer, run: run)
    let encoder = try? ConversationEncoder(folder: request.model, tokenizer: tokenizer)
    let stops = (encoder?.stopTokens ?? []).map(Int.init).sorted()
    generation = try GenerationConfig.repaired(
      in: request.model, stops: model.givesScores ? [] : stops, config: model.config)
    let isStored = try ModelConfig(folder: request.model).quantization != nil
    let dtype = request.dtype ?? (isStored ? weights.type : nil)
    config = model.config.unquantized(
      dtype: dtype?.torchName, tiesWordEmbeddings: weights.tiesWordEmbeddings)
  }

  /// What became of a merge.
  public struct Outcome {
    /// How far the folder is from the base with its adapters.
    public let drift: Drift
    /// Where the compared texts come from.
    public let texts: String
    /// The type that merged numbers were rounded to.
    public let type: ElementType
    /// What the base was opened in; nil: as its files have it.
    public let quantization: Quantization?
    /// Whether embedding and head were one and are two now.
    public let unties: Bool
    /// Tensors that changed.
    public let changed: Int
    /// What a user should know beside that.
    public let notes: [String]
  }

  /// Writes the folder and holds it against the base with its adapters; where it is too far from that,
  /// nothing is left.
  public func write() throws -> Outcome {
    var drift: Drift?
    let sources = weights.sources
    try tell.during("merging", total: sources.count, unit: "tensors") {
      reached throws(FormatError) in
      var done = 0
      let counted = sources.map { source in
        TensorSource(name: source.name, type: source.type, shape: source.shape) {
          sink throws(FormatError) in
          try source.put(sink)
          done += 1
          reached(done)
        }
      }
      try DurableFolder.write(to: request.output) { output throws(FormatError) in
        try Shards.write(counted, into: output)
        try writeRest(into: output)
        let found = try compare(with: output.location)
        try check(found)
        drift = found
      }
    }
    guard let drift else { preconditionFailure("merge: nothing was compared") }
    return Outcome(
      drift: drift, texts: texts.origin, type: type, quantization: tuned.quantization,
      unties: weights.unties, changed: tuned.changed.count, notes: notes(drift))
  }

  private var type: ElementType { weights.type ?? .f32 }

  private func writeRest(into output: DurableFolder) throws(FormatError) {
    try output.write("config.json", config.text(.pretty) + "\n")
    if let text = generation.text { try output.write(GenerationConfig.fileName, text) }
    for name in ModelFolder.companions(of: request.model) where name != GenerationConfig.fileName {
      try output.copy(name, from: request.model + "/" + name)
    }
  }

  private func compare(with folder: String) throws(FormatError) -> Drift {
    let merged = try CausalLanguageModel(folder: folder), tuned = tuned
    return Drift(
      texts.ids, model: { Drift.States($0, tuned.model) }, other: { Drift.States($0, merged) },
      base: { ids in tuned.withoutAdapters { Drift.States(ids, tuned.model) } })
  }

  /// How much of what tuning changed may be lost to rounding.
  private static func allowedLoss(_ type: ElementType) -> Double { type == .f16 ? 0.2 : 0.5 }

  private func check(_ drift: Drift) throws(FormatError) {
    let isRight =
      switch type {
      case .f32: drift.maximum <= 1e-5 * drift.largest
      case .f16, .bf16:
        drift.maximum.isFinite
          && (drift.divergence < 1e-7 || (drift.loss ?? 0) <= Self.allowedLoss(type))
      }
    guard !isRight else { return }
    let advice =
      type == .f32 ? "this is a fault of the program" : "write more bits with --dtype f32"
    throw FormatError(
      .unwritable, request.output,
      "the merged model is too far from the base with its adapter, and was not kept: "
        + drift.lines.joined(separator: "; ") + "; \(advice)")
  }

  private func notes(_ drift: Drift) -> [String] {
    var notes = generation.notes
    if let loss = drift.loss, loss > 0.05, type != .f32 {
      notes.append(
        "warning: rounding to \(type.rawValue.lowercased()) loses \(Format.percent(loss)) of what tuning "
          + "changed; --dtype f32 loses nothing" + (type == .bf16 ? ", f16 little" : ""))
    }
    for adapter in request.adapters {
      for name in ["chat_template.jinja", "tokenizer.json"] {
        let (own, theirs) = (request.model + "/" + name, adapter.folder + "/" + name)
        guard FileSystem.exists(theirs),
          (try? FileDigest(ofFile: own)) != (try? FileDigest(ofFile: theirs))
        else { continue }
        notes.append(
          "warning: \(adapter.folder) has another \(name) than \(request.model); the base's is in the "
            + "merged folder")
      }
    }
    return notes
  }
}
