import Formats
import JSON
import Layers
import Models
import OrderedCollections
import Tasks
import Tensors
import Text

/// Writes a model, with its adapters in it, as a GGUF file: `host export --format gguf`.
public struct GGUFExport {
  let tuned: TunedModel, folder: String
  private let type: GGUFFileType, tell: RunObserver
  private let layout: GGUFLayout, ties: Bool
  private let metadata: OrderedDictionary<String, GGUFValue>
  private let texts: ReplayTexts, tokenizer: Tokenizer
  /// How the model's conversations are written; nil where it has no template.
  let encoder: ConversationEncoder?

  /// Opens and checks everything; nothing is written yet. `model` is the base's folder.
  public init(
    model: String, adapters: [String], type: GGUFFileType, quantization: Quantization? = nil,
    tell: RunObserver
  ) throws {
    folder = model
    self.type = type
    self.tell = tell
    let config = try ModelConfig(folder: model)
    _ = try GGUFLayout(config, path: model)
    tuned = try TunedModel(
      MergeRequest(
        model: model, adapters: adapters.map { ($0, 1) }, output: "", quantization: quantization),
      tell: tell)
    // An adapter may have made a reward model of it.
    layout = try GGUFLayout(tuned.model.config, path: adapters.first ?? model)
    ties = try tuned.tiesWordEmbeddings()
    tokenizer = try Tokenizer(folder: model, rows: config.vocabularySize)
    let origin = adapters.first.map(AdapterOrigin.init)
    let encoder = try? ConversationEncoder(
      folder: model, tokenizer: tokenizer, enableThinking: origin?.enablesThinking)
    self.encoder = encoder
    let stops = (encoder?.stopTokens ?? []).map(Int.init).sorted()
    texts = try ReplayTexts(model: model, tokenizer: tokenizer, run: origin?.run)
    let words = try GGUFTokenizer(folder: model, rows: config.vocabularySize)
      .metadata(template: encoder?.template.standard, stops: stops)
    metadata = try GGUFModelKeys(config, layout, path: model).metadata(
      name: Self.name(of: model), parameters: Self.parameters(tuned.model, ties: ties), type: type,
      generation: try Self.generation(model)
    ).merging(words) { $1 }
    if config.audio != nil {
      tell.note(
        "note      the file holds the language model alone; its audio encoder needs a file of its own "
          + "(mmproj), which is not written")
    }
  }

  /// What became of an export.
  public struct Outcome {
    /// How far the file is from the model.
    public let drift: Drift
    /// Where the compared texts come from.
    public let texts: String
    /// Bytes of the file, and its tensors by the types that they are stored in.
    public let bytes: Int, types: [(name: String, count: Int)]
  }

  /// Writes the file, reads it again and asks both models the same; where the file says something else,
  /// it is not kept.
  public func write(to path: String) throws -> Outcome {
    var drift: Drift?
    let tensors = try tensors()
    let digest = try tell.during("writing", total: tensors.count, unit: "tensors") {
      reached throws(FormatError) in
      try DurableFile.write(
        to: path,
        checking: { location throws(FormatError) in
          drift = try replay(location, named: path)
        }
      ) { sink throws(FormatError) in
        try GGUFWriter.write(metadata, tensors, into: sink, reached: reached)
      }
    }
    guard let drift else { preconditionFailure("export: nothing was compared") }
    let counts = GGMLType.allCases.map { type in
      (type.name, tensors.count { $0.type == type && $0.shape.count > 1 })
    }
    return Outcome(
      drift: drift, texts: texts.origin, bytes: digest.size, types: counts.filter { $0.1 > 0 })
  }

  // MARK: Tensors

  private func tensors() throws(FormatError) -> [GGUFTensor] {
    let parts = tuned.model.modules
    var tensors = [
      tensor(parts.embedding.path + ".weight", parts.embedding.weight.rows, parts.embedding.weight)
    ]
    for linear in parts.linears where !(ties && linear === tuned.model.head) {
      tensors.append(tensor(linear.path + ".weight", linear.weight.rows, linear.weight))
      if let bias = linear.bias { tensors.append(vector(linear.path + ".bias", bias)) }
    }
    for norm in parts.norms { tensors.append(vector(norm.path + ".weight", norm.weight)) }
    if let divisors = GGUFModelKeys(tuned.model.config, layout, path: folder).rotaryDivisors {
      tensors.append(
        GGUFTensor(name: "rope_freqs.weight", shape: [divisors.count], type: .f32) {
          Tensor(rows: 1, columns: divisors.count, values: divisors)
        })
    }
    return tensors
  }

  private func tensor(_ path: String, _ rows: Int, _ weight: Weight) -> GGUFTensor {
    let name = layout.name(of: path) ?? path, layout = layout, tuned = tuned
    let isHead = name == (ties ? "token_embd.weight" : "output.weight")
    let shape = [weight.rows, weight.columns], steps = tuned.changed[path]
    let stored = type.type(
      of: name, shape: shape, layers: tuned.model.config.layers, isHead: isHead)
    return GGUFTensor(name: name, shape: shape, type: stored) { () throws(FormatError) in
      layout.ordered(try steps.map(tuned.values) ?? weight.tensor(), as: name)
    }
  }

  private func vector(_ path: String, _ values: Tensor) -> GGUFTensor {
    let name = layout.name(of: path) ?? path, layout = layout, tuned = tuned
    let steps = tuned.changed[path]
    return GGUFTensor(name: name, shape: [values.count], type: .f32) { () throws(FormatError) in
      layout.ordered(try steps.map(tuned.values) ?? values, as: name)
    }
  }

  // MARK: Reading it again

  private func replay(_ location: String, named path: String) throws(FormatError) -> Drift {
    let gguf = try GGUFFile(path: location)
    let config = try ModelConfig(json: try gguf.config(), path: path)
    let model = try CausalLanguageModel(
      config: config, weights: .folder(try SafeTensorsFolder(gguf: gguf)))
    let words = try gguf.tokenizer(named: path)
    for (text, ids) in zip(texts.texts, texts.ids) {
      guard Array(words.encode(text).prefix(ids.count)) == ids else {
        throw fault(
          path, "its tokenizer cuts a text otherwise than the model's: \(text.debugDescription)")
      }
    }
    let tuned = tuned
    let drift = Drift(
      texts.ids, model: { Drift.States($0, tuned.model) }, other: { Drift.States($0, model) },
      base: nil)
    let share = drift.mean / max(drift.magnitude, .leastNormalMagnitude)
    guard drift.maximum.isFinite, share <= type.tolerance else {
      throw fault(
        path,
        "in \(type.rawValue) it is too far from the model: \(drift.lines[0]), which is more than "
          + "\(Format.percent(type.tolerance)) of the mean; choose a type of more bits")
    }
    return drift
  }

  private func fault(_ path: String, _ why: String) -> FormatError {
    FormatError(.unwritable, path, "the file was not kept, since \(why)")
  }

  // MARK: What the file says of the model

  /// The last part of a folder, or of org/name in a Hugging Face cache.
  static func name(of folder: String) -> String {
    let parts = FileSystem.canonical(folder).split(separator: "/").map(String.init)
    guard let cached = parts.last(where: { $0.hasPrefix("models--") }),
      let mark = cached.ranges(of: "--").last
    else { return parts.last ?? folder }
    return String(cached[mark.upperBound...])
  }

  private static func parameters(_ model: CausalLanguageModel, ties: Bool) -> Int {
    let parts = model.modules
    func count(_ weight: Weight) -> Int { weight.rows * weight.columns }
    let linears = parts.linears.filter { !(ties && $0 === model.head) }
    return count(parts.embedding.weight)
      + linears.reduce(0) { $0 + count($1.weight) + ($1.bias?.count ?? 0) }
      + parts.norms.reduce(0) { $0 + $1.weight.count }
  }

  private static func generation(_ model: String) throws(FormatError)
    -> OrderedDictionary<String, JSONValue>
  {
    let path = model + "/" + GenerationConfig.fileName
    guard FileSystem.exists(path) else { return [:] }
    return try JSONValue(readingFile: path).object ?? [:]
  }
}

extension GGUFFile {
  /// The file's tokenizer; errors name it `name`.
  func tokenizer(named name: String) throws(FormatError) -> Tokenizer {
    do {
      let json = try JSONValue(
        parsing: Array(try tokenizerText().utf8), listingPairsAt: ["model", "vocab"])
      return try Tokenizer(
        json: json, name: name, companions: TokenizerCompanions(config: try tokenizerConfig()))
    } catch let error as FormatError { throw error } catch {
      throw FormatError(.malformed, name, "has a tokenizer that cannot be read: \(error)")
    }
  }
}
