import Adapters
import ArgumentParser
import Formats
import JSON
import Runs

/// `host inspect adapter`
struct InspectAdapter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adapter", abstract: "Shows a PEFT adapter's settings and tensors.",
    discussion: """
      A tensor's norm tells whether anything was learned: a new adapter's lora_B is
      zero.

      Examples:
        host inspect adapter output/hri_dialogue
        host inspect adapter output/hri_dialogue/best --json
      """)

  @Argument(help: "The adapter's folder.") var folder: String
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let config = try AdapterConfig(folder: folder)
    let file = try SafeTensorsFile(path: folder + "/adapter_model.safetensors")
    let digest = try FileDigest(ofFile: file.path)
    var norms: [String: Double] = [:]
    for entry in file.entries.values {
      let values = try file.floats(entry.name)
      norms[entry.name] = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    if json {
      return Console.print(report(config, file, digest, norms).text(.pretty))
    }
    var head = TextTable(("", .left), ("", .left))
    head.append("base model", config.baseModel ?? "not named")
    head.append("method", config.method.title)
    for (name, text) in config.method.settings { head.append(name, text) }
    for (name, text) in modules(config) { head.append(name, text) }
    head.append("parameters", Format.grouped(file.entries.values.reduce(0) { $0 + $1.count }))
    head.append("sha256", digest.sha256)
    var table = TextTable(("tensor", .left), ("type", .left), ("shape", .left), ("norm", .right))
    for entry in file.entries.values {
      table.append(
        entry.name, entry.type.rawValue, "\(entry.shape)", Format.short(norms[entry.name] ?? 0))
    }
    let modules = self.modules(config, of: file).map { "\n\n" + $0.text } ?? ""
    Console.print(head.text + modules + "\n\n" + table.text)
  }

  /// A line for each adapted module; nil where the method has no settings of single modules.
  private func modules(_ config: AdapterConfig, of file: SafeTensorsFile) -> TextTable? {
    let paths = config.modules(in: Array(file.entries.keys))
    guard let first = paths.first, !config.method.settings(at: first).isEmpty else { return nil }
    let names = config.method.settings(at: first).map(\.name)
    var table = TextTable(columns: [("module", .left)] + names.map { ($0, .right) })
    for path in paths {
      table.append(row: [path] + config.method.settings(at: path).map(\.text))
    }
    return table
  }

  /// What sits where, in words.
  private func modules(_ config: AdapterConfig) -> [(String, String)] {
    let targets = config.method.targets
    let lines = [
      ("targets", targets?.chosen.text ?? ""), ("excluded", targets?.excluded?.text ?? ""),
      ("layers", targets?.layers?.indices.map(String.init).joined(separator: ", ") ?? ""),
      ("saved whole", config.savedModules.joined(separator: ", ")),
      (
        "saved rows",
        config.method.savedTokens.map { "\($0.value.count) of \($0.key)" }.joined(separator: ", ")
      ),
    ]
    return lines.filter { !$0.1.isEmpty }
  }

  private func report(
    _ config: AdapterConfig, _ file: SafeTensorsFile, _ digest: FileDigest,
    _ norms: [String: Double]
  ) -> JSONValue {
    [
      "config": config.json, "parameters": .int(file.entries.values.reduce(0) { $0 + $1.count }),
      "size": .int(digest.size), "sha256": .string(digest.sha256),
      "modules": .array(
        config.modules(in: Array(file.entries.keys)).map { path in
          config.method.settings(at: path).reduce(["path": .string(path)]) {
            $0.setting($1.name, (try? JSONValue(parsing: $1.text)) ?? .string($1.text))
          }
        }),
      "tensors": .array(
        file.entries.values.map {
          [
            "name": .string($0.name), "type": .string($0.type.rawValue),
            "shape": .array($0.shape.map(JSONValue.int)), "norm": .double(norms[$0.name] ?? 0),
          ]
        }),
    ]
  }
}
