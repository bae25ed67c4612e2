import Adapters
import ArgumentParser
import Formats
import JSON
import Models
import Runs
import Tensors

/// `host export`
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes a model or an adapter for other programs.",
    discussion: """
      --format gguf writes one file for llama.cpp: the model, with its adapter in it
      where one is named. --for names a reader: peft (the adapter as it is), vllm (its
      scales and ranks baked, since vLLM reads one rank and alpha for all), llama.cpp
      (the adapter as a GGUF file) or ollama (model.gguf and a Modelfile).

      What was written is read again and asked the same stored conversations: token
      ids must be equal and logits within what the type allows, or nothing is kept.

      Examples:
        host export --model nano-qwen3 --adapter output/hri_dialogue \\
          --format gguf --type Q8_0 --output hri.gguf
        host export --model Qwen/Qwen3-0.6B --format gguf --type Q4_K_M \\
          --output qwen3.gguf
        host export --adapter output/my_run --for vllm --output-dir ./for-vllm
        host export --adapter output/my_run --for ollama --output-dir ./for-ollama
      """)

  @Option(
    help: ArgumentHelp(
      "The base model's folder; without it the one that the adapter names.", valueName: "folder"))
  var model: String?
  @Option(help: ArgumentHelp("A PEFT adapter's folder.", valueName: "folder"))
  var adapter: String?
  @Option(help: ArgumentHelp("gguf.", valueName: "format")) var format: String?
  @Option(
    name: .customLong("for"),
    help: ArgumentHelp("peft, vllm, llama.cpp or ollama.", valueName: "reader"))
  var reader: String?
  @Option(
    help: ArgumentHelp(
      "How a GGUF file stores numbers: F32, F16, BF16, Q8_0, Q6_K, Q5_K_M, Q4_K_M, Q4_1 or Q4_0; Q8_0 "
        + "without it.", valueName: "type"))
  var type: String?
  @Option(
    help: ArgumentHelp(
      "How the base was quantized while the adapter was trained, where no run.json tells: nf4, "
        + "nf4-single or int8.", valueName: "kind"))
  var quantization: Quantization?
  @Option(help: ArgumentHelp("The GGUF file to write.", valueName: "file")) var output: String?
  @Option(help: ArgumentHelp("The folder to write; it must not exist.", valueName: "folder"))
  var outputDir: String?
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard model != nil || adapter != nil else {
      throw ValidationError("Name a --model, an --adapter, or both.")
    }
    guard (format == nil) != (reader == nil) else {
      throw ValidationError("Name either --format gguf or a reader with --for.")
    }
    switch format {
    case nil, "gguf"?: break
    case "hf"?:
      throw ValidationError("--format hf is what host merge writes.")
    case let other?:
      throw ValidationError("--format '\(other)' is not written; gguf is.")
    }
    guard (format != nil) == (output != nil), (reader != nil) == (outputDir != nil) else {
      throw ValidationError("--format gguf needs --output, --for needs --output-dir.")
    }
  }

  func run() throws {
    let type = try fileType()
    let folder = try baseFolder()
    var reads = OutputGuard()
    reads.add("--model", folder, .model)
    if let adapter { reads.add("--adapter", adapter, .model) }
    try openEngine()
    if let output {
      try FileSystem.checkFree(output, option: "--output")
      try reads.check(file: output, option: "--output")
      try DurableFile.checkWritable(output)
      let outcome = try gguf(folder, type).write(to: output)
      return report(outcome, at: output, type)
    }
    guard let outputDir, let name = reader else { return }
    guard let reader = AdapterExport.Reader(rawValue: name) else {
      throw Diagnosis(
        Diagnosis.usage, "--for '\(name)' is no reader that is known: peft, vllm, llama.cpp, ollama"
      )
    }
    if !FileSystem.exists(outputDir) {
      try reads.check(folder: outputDir, .replacesAll, option: "--output-dir")
    }
    if reader == .ollama {
      return report(try gguf(folder, type).writeForOllama(to: outputDir), at: outputDir, type)
    }
    try write(for: reader, folder, outputDir)
  }

  private func write(for reader: AdapterExport.Reader, _ folder: String, _ output: String) throws {
    guard let adapter else {
      throw Diagnosis(
        Diagnosis.usage, "--for \(reader.rawValue) writes an adapter; name one with --adapter")
    }
    guard type == nil else {
      throw Diagnosis(
        Diagnosis.usage, "--type is for GGUF files of models; adapters are written in f32")
    }
    guard quantization == nil else {
      throw Diagnosis(
        Diagnosis.usage,
        "--quantization is for files that hold the model; an adapter alone is written as it is")
    }
    let notes = try AdapterExport(
      for: reader, adapter: adapter, model: folder, output: output, tell: .console
    ).write()
    for note in notes { Console.note(note) }
    guard json else { return Console.note("written   \(output)") }
    let report: JSONValue = [
      "output": .string(output), "reader": .string(reader.rawValue),
      "notes": .array(notes.map(JSONValue.string)),
    ]
    Console.print(report.text(.pretty))
  }

  private func gguf(_ folder: String, _ type: GGUFFileType) throws -> GGUFExport {
    try GGUFExport(
      model: folder, adapters: adapter.map { [$0] } ?? [], type: type, quantization: quantization,
      tell: .console)
  }

  private func fileType() throws -> GGUFFileType {
    guard let type else { return .q80 }
    if let known = GGUFFileType.allCases.first(where: { $0.rawValue == type.uppercased() }) {
      return known
    }
    throw Diagnosis(
      Diagnosis.usage,
      "--type '\(type)' is not written; known are "
        + GGUFFileType.allCases.map(\.rawValue).joined(separator: ", "))
  }

  private func baseFolder() throws -> String {
    if let model { return try ModelFolder.find(model) }
    guard let adapter, let base = try AdapterConfig(folder: adapter).baseModel, !base.isEmpty else {
      throw Diagnosis(
        Diagnosis.usage, "the adapter names no base model; name it with --model")
    }
    return try ModelFolder.find(base)
  }

  private func report(_ outcome: GGUFExport.Outcome, at place: String, _ type: GGUFFileType) {
    let types = outcome.types.map { "\($0.count) in \($0.name)" }.joined(separator: ", ")
    if json {
      let report: JSONValue = [
        "output": .string(place), "type": .string(type.rawValue), "bytes": .int(outcome.bytes),
        "matrices": .object(
          .init(uniqueKeysWithValues: outcome.types.map { ($0.name, JSONValue.int($0.count)) })),
        "texts": .string(outcome.texts), "drift": outcome.drift.json,
      ]
      return Console.print(report.text(.pretty))
    }
    Console.note("replayed  \(outcome.texts): the same token ids;")
    for line in outcome.drift.lines { Console.note("          " + line) }
    Console.note("written   \(place)  (\(Format.bytes(outcome.bytes)); matrices: \(types))")
  }
}
