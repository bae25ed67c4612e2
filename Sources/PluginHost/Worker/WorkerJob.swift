import Tasks

/// What a worker process is to open.
struct WorkerJob: Sendable, Hashable {
  /// What a worker can hold.
  enum Kind: Sendable, Hashable {
    case reward
    case dataset(Split), evaluator(Split)
  }

  /// What it is.
  var kind = Kind.reward
  /// The plugin's file; the export's name, empty for the file's only one; its config.
  var path: String, name: String, configuration: String
  /// Bytes that the plugin may allocate.
  var memoryLimit: Int
  /// Where the libraries lie that the installation brings along.
  var libraryDirectory: String
  /// The folder of the model whose tokenizer is offered; empty for none.
  var tokenizerFolder = ""
  /// Whether the host answers questions to the model, and to reward models.
  var offersModel = false, offersScores = false

  /// What errors call it: the plugin, the kind and the name.
  func subject(in plugin: String) -> String {
    let split = if case .dataset(let split) = kind { ", split '\(split.rawValue)'" } else { "" }
    return "\(plugin): \(kind.noun) '\(name)'" + split
  }
}

extension WorkerJob.Kind {
  /// The kind in a word.
  var noun: String { export.name }

  /// The kind of export that it is made of.
  var export: Plugin.Kind {
    switch self {
    case .reward: .reward
    case .dataset: .dataset
    case .evaluator: .evaluator
    }
  }

  /// The split that it is of.
  var split: Split? {
    switch self {
    case .reward: nil
    case .dataset(let split), .evaluator(let split): split
    }
  }

  func write(to writer: inout WireWriter) {
    writer.write(noun)
    writer.write(split?.rawValue ?? "")
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    let noun = try reader.text(), split = Split(rawValue: try reader.text())
    switch (noun, split) {
    case ("reward", nil): self = .reward
    case ("dataset", let split?): self = .dataset(split)
    case ("evaluator", let split?): self = .evaluator(split)
    default: throw WireReader.Fault()
    }
  }
}

/// What a worker has opened: the plugin's name, the export's, and of a dataset what is known of its
/// rows; nil there: the task has no such split.
struct WorkerOpening: Sendable, Hashable {
  var plugin: String, name: String
  var rows: WorkerRows?
}
