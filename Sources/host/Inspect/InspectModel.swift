import ArgumentParser
import Formats
import JSON
import Models
import Runs

/// `host inspect model`
struct InspectModel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Shows a model folder's shapes, sizes and settings.",
    discussion: """
      Every tensor's shape is checked against config.json. No weight is read, unless
      --hash asks for the files' SHA-256.

      Examples:
        host inspect model --model nano-qwen3
        host inspect model --model Qwen/Qwen3-0.6B --tensors
        host inspect model --model ./my-model --hash --json
      """)

  @OptionGroup var options: ModelOptions
  @Flag(help: "List every tensor.") var tensors = false
  @Flag(help: "Compute the SHA-256 of the weight files.") var hash = false
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let folder = try options.folder()
    let model = try CausalLanguageModel(folder: folder)
    let weights = try SafeTensorsFolder(path: folder)
    let stored = StoredKinds(model, weights)
    if json {
      Console.print(try report(folder, model, weights, stored).text(.pretty))
    } else {
      try print(folder, model, weights, stored)
    }
  }

  private func print(
    _ folder: String, _ model: CausalLanguageModel, _ weights: SafeTensorsFolder,
    _ stored: StoredKinds
  ) throws {
    let config = model.config
    let entries = weights.files.flatMap(\.entries.values)
    var table = TextTable(("", .left), ("", .left))
    table.append("folder", folder)
    table.append("architecture", config.architecture.rawValue)
    table.append("parameters", Format.grouped(stored.parameters))
    table.append("stored as", stored.description)
    table.append("layers", "\(config.layers)")
    table.append("hidden size", "\(config.hiddenSize), feed-forward \(config.intermediateSize)")
    table.append(
      "heads",
      "\(config.attentionHeads) for queries, \(config.keyValueHeads) for keys and values, "
        + "\(config.headDimension) features each")
    table.append("vocabulary", Format.grouped(config.vocabularySize))
    let head = config.tiesWordEmbeddings ? "tied to the embedding" : "of its own"
    table.append("head", config.head == .score ? "of a score, one number a text" : head)
    table.append("rotary base", Format.short(config.ropeTheta))
    if config.ropeScaling != .none { table.append("rotary scaling", config.ropeScaling.kind) }
    for (kind, layers) in config.unusualLayers { table.append(kind, layers) }
    table.append("context", "\(Format.grouped(config.contextLength)) tokens")
    if let audio = config.audio {
      table.append(
        "audio encoder",
        "\(audio.layers) layers, width \(audio.width), feed-forward \(audio.feedForward), "
          + "\(audio.heads) heads, \(audio.melBins) mel bins")
      table.append("audio token", config.audioToken.map(String.init) ?? "")
    }
    table.append("end tokens", config.endTokens.map(String.init).joined(separator: ", "))
    for file in weights.files {
      let size = Format.bytes(file.file.count)
      let digest = hash ? "  sha256 " + (try FileDigest(ofFile: file.path).sha256) : ""
      table.append("file", "\(file.path)  \(size), \(file.entries.count) tensors\(digest)")
    }
    for note in try ModelNotes.of(model, weights) + GenerationConfig(folder: folder).notes {
      table.append("note", note)
    }
    Console.print(table.text)
    if tensors { Console.print("\n" + Self.table(of: entries).text) }
  }

  private func report(
    _ folder: String, _ model: CausalLanguageModel, _ weights: SafeTensorsFolder,
    _ stored: StoredKinds
  ) throws -> JSONValue {
    let config = model.config
    let entries = weights.files.flatMap(\.entries.values)
    var report: JSONValue = [
      "folder": .string(folder), "architecture": .string(config.architecture.rawValue),
      "parameters": .int(stored.parameters), "stored_as": stored.json,
      "layers": .int(config.layers), "hidden_size": .int(config.hiddenSize),
      "intermediate_size": .int(config.intermediateSize),
      "attention_heads": .int(config.attentionHeads),
      "key_value_heads": .int(config.keyValueHeads), "head_dim": .int(config.headDimension),
      "vocab_size": .int(config.vocabularySize),
      "tie_word_embeddings": .bool(config.tiesWordEmbeddings),
      "rope_theta": .double(config.ropeTheta), "rope_type": .string(config.ropeScaling.kind),
      "context_length": .int(config.contextLength),
      "windows": .array(config.attention.map { $0.window.map(JSONValue.int) ?? .null }),
      "rotates": .array(config.attention.map { .bool($0.rotates) }),
      "notes": .array(
        (ModelNotes.of(model, weights) + (try GenerationConfig(folder: folder).notes))
          .map(JSONValue.string)),
    ]
    if let audio = config.audio {
      let encoder: JSONValue = [
        "layers": .int(audio.layers), "width": .int(audio.width),
        "feed_forward": .int(audio.feedForward), "heads": .int(audio.heads),
        "mel_bins": .int(audio.melBins), "positions": .int(audio.maximumPositions),
      ]
      report = report.setting("audio_encoder", encoder)
        .setting("audio_token_id", config.audioToken.map(JSONValue.int) ?? .null)
    }
    let files = try weights.files.map { file -> JSONValue in
      let entry: JSONValue = [
        "path": .string(file.path), "size": .int(file.file.count),
        "tensors": .int(file.entries.count),
      ]
      guard hash else { return entry }
      return entry.setting("sha256", .string(try FileDigest(ofFile: file.path).sha256))
    }
    report = report.setting("files", .array(files))
    guard tensors else { return report }
    let list = entries.map { entry -> JSONValue in
      [
        "name": .string(entry.name), "type": .string(entry.type.rawValue),
        "shape": .array(entry.shape.map(JSONValue.int)),
      ]
    }
    return report.setting("tensors", .array(list))
  }

  private static func table(of entries: [TensorEntry]) -> TextTable {
    var table = TextTable(("tensor", .left), ("type", .left), ("shape", .left))
    for entry in entries { table.append(entry.name, entry.type.rawValue, "\(entry.shape)") }
    return table
  }
}

extension ModelConfig {
  /// Layers that differ from plain rotated attention: what they are, and how many.
  fileprivate var unusualLayers: [(kind: String, layers: String)] {
    let windows = attention.compactMap(\.window), still = attention.count { !$0.rotates }
    var lines: [(String, String)] = []
    if let window = windows.first {
      lines.append(
        ("sliding window", "\(Format.grouped(window)) tokens, in \(windows.count) layers"))
    }
    if still > 0 { lines.append(("without rotation", "\(still) layers")) }
    return lines
  }
}
