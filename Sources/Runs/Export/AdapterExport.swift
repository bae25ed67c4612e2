import Adapters
import Formats
import JSON
import Models
import Tensors
import Text

/// Writes an adapter for a reader of others: `host export --for`.
public struct AdapterExport {
  /// Who reads it.
  public enum Reader: String, CaseIterable, Sendable {
    case peft, vllm
    case llamaCpp = "llama.cpp"
    case ollama
  }

  private let reader: Reader, adapter: String, model: String, output: String
  private let tell: RunObserver

  /// An export of the adapter in the folder `adapter`, whose base lies in `model`, into the folder
  /// `output`.
  public init(
    for reader: Reader, adapter: String, model: String, output: String, tell: RunObserver
  ) throws(FormatError) {
    try FileSystem.checkFree(output)
    self.reader = reader
    self.adapter = adapter
    self.model = model
    self.output = output
    self.tell = tell
  }

  /// What an export says when it is done, a sentence each.
  public func write() throws -> [String] {
    try AdapterOrigin(of: adapter).check(base: model)
    let base = try CausalLanguageModel(folder: model)
    let set = try AdapterSet.load(folder: adapter, on: base, of: model, tell: tell)
    if reader == .peft { return try copy() }
    let baked = BakedAdapter(try set.products())
    switch reader {
    case .vllm: return try writeBaked(baked, set, base)
    case .llamaCpp: return try writePairs(baked, base)
    case .peft, .ollama: preconditionFailure("another export writes this")
    }
  }

  /// The adapter as it is, without the run's records and checkpoints.
  private func copy() throws(FormatError) -> [String] {
    let names = [AdapterConfig.fileName, "adapter_model.safetensors"]
    let files = names + ModelFolder.promptFiles(of: adapter).filter { !names.contains($0) }
    try DurableFolder.write(to: output) { folder throws(FormatError) in
      for name in files { try folder.copy(name, from: adapter + "/" + name) }
    }
    return []
  }

  private func writeBaked(
    _ baked: BakedAdapter, _ set: AdapterSet, _ base: CausalLanguageModel
  ) throws -> [String] {
    let config = set.config.baked(rank: baked.rank), texts = try texts(base)
    let own = Dictionary(
      texts.ids.map { ($0, Drift.States($0, base)) }, uniquingKeysWith: { first, _ in first })
    try DurableFolder.write(to: output) { folder throws(FormatError) in
      try folder.write(AdapterConfig.fileName, config.text)
      try folder.write("adapter_model.safetensors") { sink throws(FormatError) in
        try SafeTensorsWriter.write(baked.sources, into: sink)
      }
      for name in ModelFolder.promptFiles(of: adapter) {
        try folder.copy(name, from: adapter + "/" + name)
      }
      set.lift()
      _ = try AdapterSet.load(folder: folder.location, on: base, of: model, tell: .init { _ in })
      try check(texts, own, base)
    }
    return baked.rank > 16
      ? ["note      start vLLM with --max-lora-rank \(baked.rank) or more; it takes 16 by default"]
      : []
  }

  /// Holds the adapter that was read again against the one that it was made of.
  private func check(
    _ texts: ReplayTexts, _ own: [[Int32]: Drift.States], _ base: CausalLanguageModel
  ) throws(FormatError) {
    func asked(_ ids: [Int32]) -> Drift.States {
      guard let states = own[ids] else { preconditionFailure("export: a text that was not asked") }
      return states
    }
    let drift = Drift(texts.ids, model: asked, other: { Drift.States($0, base) }, base: nil)
    guard drift.maximum <= 1e-5 * drift.largest else {
      throw FormatError(
        .unwritable, output,
        "the adapter was not kept, since read again it says something else: \(drift.lines[0])")
    }
  }

  private func writePairs(_ baked: BakedAdapter, _ base: CausalLanguageModel) throws -> [String] {
    let layout = try GGUFLayout(base.config, path: model)
    let tensors = try baked.tensors(layout)
    try DurableFolder.write(to: output) { folder throws(FormatError) in
      try folder.write("adapter.gguf") { sink throws(FormatError) in
        try GGUFWriter.write(
          baked.metadata(layout, name: GGUFExport.name(of: adapter)), tensors, into: sink)
      }
      // Pairs are plain numbers: read again they are the same to the last bit.
      let file = try GGUFFile(path: folder.location + "/adapter.gguf")
      for tensor in tensors {
        guard try file.tensor(tensor.name).values == tensor.values().values else {
          throw FormatError(.unwritable, output, "tensor '\(tensor.name)' was not written as it is")
        }
      }
    }
    return []
  }

  private func texts(_ base: CausalLanguageModel) throws -> ReplayTexts {
    let tokenizer = try Tokenizer(folder: model, rows: base.config.vocabularySize)
    return try ReplayTexts(model: model, tokenizer: tokenizer, run: AdapterOrigin(of: adapter).run)
  }
}

extension GGUFExport {
  /// Writes the folder `output` for Ollama: the file, and a Modelfile with the template in Go's words, what
  /// ends an answer, and the system's text.
  public func writeForOllama(to output: String) throws -> Outcome {
    try FileSystem.checkFree(output)
    let modelfile = try Modelfile(from: "model.gguf", model: folder, encoder)
    try DurableFile.createFolder(output)
    do {
      let outcome = try write(to: output + "/model.gguf")
      try DurableFile.write(modelfile.text, to: output + "/Modelfile")
      return outcome
    } catch {
      DurableFolder.remove(output)
      throw error
    }
  }
}
