import CHostSupport
import JSON
import Tasks

/// What a worker is to put through its paces.
struct CheckJob: Sendable, Hashable {
  /// The plugin's file, and where the libraries lie that the installation brings along.
  var path: String, libraryDirectory: String
  /// Bytes that the plugin may allocate; 0 for no limit.
  var memoryLimit = 4_000_000_000
  /// The export to call; nil: the plugin is loaded and says what it offers.
  var export: Plugin.Export?
  /// Its configuration, and whether a person wrote it.
  var configuration = "{}", isConfigured = false
  /// Rewards: samples in the place of the built-in ones. Evaluators: the dataset to judge on.
  var samples: [CheckSample] = [], dataset = ""
}

/// A sample to score, as the ABI wants it.
struct CheckSample: Sendable, Hashable {
  var prompt: String, completion: String, metadata = "{}", group: Int32 = 0
  var tokens: Int64 = -1, isTruncated = false, reference: String?
}

/// How a check goes, from the worker to its host.
enum CheckEvent: Sendable, Hashable {
  /// What comes next: a side of the subject, and the call in words.
  case step(subject: String, side: String, call: String)
  case finding(CheckFinding)
  /// What the signal handler saw before the process died of it.
  case fault(String)
  case plugin(PluginSummary)
  /// What a task says it is made of.
  case task(TaskDescription)
  case done

  /// The first byte of a response that holds an event.
  static let tag: UInt8 = 5
  private static let faultTag: UInt8 = 2

  /// From now on faults in borrowed memory are sent as events.
  static func reportFaults(to descriptor: Int32) { hs_lend_report(descriptor, [tag, faultTag], 2) }
}

extension CheckJob {
  func write(to writer: inout WireWriter) {
    for text in [path, libraryDirectory, configuration, dataset] { writer.write(text) }
    writer.write(Int64(memoryLimit))
    writer.write(UInt8(isConfigured ? 1 : 0))
    writer.write(export.map { [$0] } ?? []) { $1.write(to: &$0) }
    writer.write(samples) { writer, sample in
      for text in [sample.prompt, sample.completion, sample.metadata] { writer.write(text) }
      writer.write(sample.group)
      writer.write(sample.tokens)
      writer.write(UInt8(sample.isTruncated ? 1 : 0))
      writer.write(sample.reference.map { [$0] } ?? []) { $0.write($1) }
    }
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    path = try reader.text()
    libraryDirectory = try reader.text()
    configuration = try reader.text()
    dataset = try reader.text()
    memoryLimit = Int(try reader.integer(Int64.self))
    isConfigured = try reader.integer(UInt8.self) == 1
    export = try reader.list { reader throws(WireReader.Fault) in
      try Plugin.Export(&reader)
    }.first
    samples = try reader.list { reader throws(WireReader.Fault) in
      CheckSample(
        prompt: try reader.text(), completion: try reader.text(), metadata: try reader.text(),
        group: try reader.integer(), tokens: try reader.integer(),
        isTruncated: try reader.integer(UInt8.self) == 1, reference: try reader.texts().first)
    }
  }
}

extension CheckEvent {
  func write(to writer: inout WireWriter) {
    switch self {
    case .step(let subject, let side, let call):
      writer.write(UInt8(0))
      for text in [subject, side, call] { writer.write(text) }
    case .finding(let finding):
      writer.write(UInt8(1))
      writer.write(finding.mark.rawValue)
      for text in [finding.subject, finding.side, finding.text] { writer.write(text) }
    case .fault(let sentence):
      writer.write(Self.faultTag)
      writer.write(sentence)
    case .plugin(let plugin):
      writer.write(UInt8(3))
      for text in [plugin.path, plugin.name, plugin.version, plugin.builtWith] {
        writer.write(text)
      }
      writer.write(plugin.exports) { $1.write(to: &$0) }
    case .done: writer.write(UInt8(4))
    case .task(let task):
      writer.write(UInt8(5))
      for text in [task.name, task.summary, task.dataset, task.defaults.text()] {
        writer.write(text)
      }
      writer.write(task.evaluator.map { [$0] } ?? []) { $0.write($1) }
      writer.write(task.rewards) { $0.write($1) }
    }
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    switch try reader.integer(UInt8.self) {
    case 0:
      self = .step(
        subject: try reader.text(), side: try reader.text(), call: try reader.text())
    case 1:
      guard let mark = CheckFinding.Mark(rawValue: try reader.integer()) else {
        throw WireReader.Fault()
      }
      self = .finding(
        CheckFinding(mark, try reader.text(), try reader.text(), try reader.text()))
    case Self.faultTag: self = .fault(try reader.text())
    case 3:
      let path = try reader.text(), name = try reader.text(), version = try reader.text()
      let builtWith = try reader.text()
      let exports = try reader.list { reader throws(WireReader.Fault) in
        try Plugin.Export(&reader)
      }
      self = .plugin(
        PluginSummary(
          path: path, name: name, version: version, builtWith: builtWith, exports: exports))
    case 4: self = .done
    case 5: self = .task(try TaskDescription(&reader))
    default: throw WireReader.Fault()
    }
  }
}

extension Plugin.Export {
  fileprivate func write(to writer: inout WireWriter) {
    writer.write(kind.rawValue)
    writer.write(name)
    writer.write(summary)
  }

  fileprivate init(_ reader: inout WireReader) throws(WireReader.Fault) {
    guard let kind = Plugin.Kind(rawValue: try reader.integer()) else { throw WireReader.Fault() }
    self.init(kind: kind, name: try reader.text(), summary: try reader.text())
  }
}

extension TaskDescription {
  fileprivate init(_ reader: inout WireReader) throws(WireReader.Fault) {
    let name = try reader.text(), summary = try reader.text(), dataset = try reader.text()
    guard let defaults = try? JSONValue(parsing: try reader.text()) else {
      throw WireReader.Fault()
    }
    self.init(
      name: name, summary: summary, dataset: dataset, evaluator: try reader.texts().first,
      rewards: try reader.texts(), defaults: defaults)
  }
}
