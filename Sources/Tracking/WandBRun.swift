import Formats
public import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A run as Weights & Biases keeps it offline: one folder and one file for the run's whole life, which
/// `wandb sync` uploads. Nothing here talks to the network.
public final class WandBRun {
  /// The folder to give to `wandb sync`.
  public let folder: String
  private var file: WandBFile
  private let start: Double
  /// Rows that are there already, by kind and step: a resumed run does not write them again.
  private var known: Set<String> = []
  private var rows = 0, lastStatistics = 0.0
  private var statistics: SystemStatistics
  private let console: PrintedLines?

  /// Whether rows of a run are not kept: `WANDB_MODE=disabled`, `WANDB_DISABLED=true`.
  public static var isDisabled: Bool {
    variable("WANDB_MODE") == "disabled" || isSet("WANDB_DISABLED")
  }

  /// What the environment asks for and is not done as it says, as sentences.
  public static var notes: [String] {
    guard !isDisabled else {
      let name = isSet("WANDB_DISABLED") ? "WANDB_DISABLED is set" : "WANDB_MODE is disabled"
      return [name + ": report_to's wandb gets nothing"]
    }
    var notes: [String] = []
    if let mode = variable("WANDB_MODE"), mode != "offline" {
      notes.append("WANDB_MODE is \(mode), but runs are kept offline: wandb sync uploads them")
    }
    if let wish = variable("WANDB_LOG_MODEL"), wish != "false" {
      notes.append("WANDB_LOG_MODEL is \(wish), but models are not uploaded")
    }
    if let wish = variable("WANDB_WATCH"), wish != "false" {
      notes.append("WANDB_WATCH is \(wish), but gradients and weights are not logged")
    }
    if let wish = variable("WANDB_RESUME") {
      notes.append("WANDB_RESUME is \(wish), but a run goes on by --resume, in its own file")
    }
    return notes
  }

  /// Begins a run, or goes on with the one that `logs`, a folder of the run's own, knows of. `config` is
  /// what the run was told; the environment's `WANDB_…` variables name it.
  /// Of `console` the lines are kept that have been printed, unless `WANDB_CONSOLE` is off.
  public init(
    logs: String, config: JSONValue, arguments: [String], console: PrintedLines? = nil
  ) throws(FormatError) {
    let pointer = logs + "/wandb.json"
    let kept = (try? JSONValue(readingFile: pointer))?["run"]?.string
    let earlier = kept.flatMap { FileSystem.isFolder($0) ? $0 : nil }
    let now = Self.now
    if let earlier {
      folder = earlier
    } else {
      folder = try Self.begin(in: Self.variable("WANDB_DIR") ?? logs, at: now)
    }
    let id = Self.id(of: folder)
    self.console = Self.variable("WANDB_CONSOLE") == "off" ? nil : console
    statistics = SystemStatistics(at: now)
    var records: [(UInt64, [UInt8])] = []
    file = try WandBFile(path: "\(folder)/run-\(id).wandb") { records.append(($0, $1)) }
    start = records.first { $0.0 == Field.run.number }.flatMap { Self.startTime($0.1) } ?? now
    for (field, content) in records where field == Field.history.number { note(content) }
    unlink("\(folder)/run-\(id).wandb.synced")
    guard records.isEmpty else {
      // A run may go on with other settings than it began with.
      try file.append(Field.config, Self.configuration(config))
      return
    }
    let git = GitState(at: FileSystem.canonical("."))
    try file.append(Field.header, Self.header)
    try file.append(Field.run, Self.run(id, config, git, at: now))
    try file.append(Field.environment, Self.environment(arguments, git, at: now))
    for (name, hidden) in [("train/global_step", false), ("*", true)] {
      try file.append(Field.metric, Self.metric(name, isPattern: hidden))
    }
    try DurableFile.write(
      JSONValue.object(["run": .string(folder)]).text() + "\n", to: pointer)
  }

  /// Appends a row of values and of distributions, and what each was last. `kind` and `step` tell it
  /// from others.
  public func append(
    _ values: [(name: String, value: Double)], _ distributions: [Distribution] = [], kind: String,
    step: Int, epoch: Double, best: (value: Double, step: Int)?
  ) throws(FormatError) {
    try appendConsole()
    guard known.insert("\(kind) \(step)").inserted else { return }
    let now = Self.now
    var row: [(String, JSONValue)] = values.map { (kind + "/" + $0.name, .double($0.value)) }
    row += distributions.map { (kind + "/" + $0.name, $0.histogram.json) }
    row += [("train/epoch", .double(epoch)), ("train/global_step", .int(step))]
    row += [
      ("_step", .int(rows)), ("_runtime", .double(now - start)), ("_timestamp", .double(now)),
    ]
    var history = Message()
    for (key, value) in row { history.bytes(1, Self.item(key, value)) }
    rows += 1
    try file.append(Field.history, history)
    if let best { row += [("best/value", .double(best.value)), ("best/step", .int(best.step))] }
    var summary = Message()
    for (key, value) in row { summary.bytes(1, Self.item(key, value)) }
    try file.append(Field.summary, summary)
    try appendStatistics(at: now)
  }

  /// Says that the run has come to its end.
  public func finish() throws(FormatError) {
    try appendConsole()
    var exit = Message()
    exit.varint(2, UInt64(max(0, Self.now - start)))
    try file.append(Field.exit, exit)
  }

  /// What has been printed since the last row.
  private func appendConsole() throws(FormatError) {
    for line in console?.take() ?? [] { try file.append(Field.outputRaw, Self.output(line)) }
  }

  /// What the process uses, every 15 seconds at most.
  private func appendStatistics(at now: Double) throws(FormatError) {
    guard now - lastStatistics >= 15 else { return }
    lastStatistics = now
    var record = Message()
    record.varint(1, 0)
    record.bytes(2, Self.time(now))
    for (name, value) in statistics.values(at: now) {
      record.bytes(3, Self.entry(name, .double(value)))
    }
    try file.append(Field.stats, record)
  }

  /// Learns of a row that an earlier process wrote.
  private func note(_ history: [UInt8]) {
    rows += 1
    var step = "", kinds: Set<String> = []
    for (field, item) in Message.fields(of: history) where field == 1 {
      let parts = Message.fields(of: item)
      guard let key = parts.first(where: { $0.field == 1 }),
        let value = parts.first(where: { $0.field == 16 })
      else { continue }
      let name = String(decoding: key.content, as: UTF8.self)
      if name == "train/global_step" { step = String(decoding: value.content, as: UTF8.self) }
      if !["train/epoch", "train/global_step"].contains(name),
        let kind = name.split(separator: "/").first,
        name.contains("/")
      {
        kinds.insert(String(kind))
      }
    }
    for kind in kinds { known.insert("\(kind) \(step)") }
  }
}
