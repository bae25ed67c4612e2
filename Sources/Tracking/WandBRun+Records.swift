import Formats
import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The records of a run, field by field.

extension WandBRun {
  /// The kinds of records.
  enum Field: Int {
    case history = 2, summary = 3, config = 5, stats = 7, metric = 12, outputRaw = 13
    case run = 17, exit = 18, header = 21
    case environment = 26
    var number: UInt64 { UInt64(rawValue) }
  }

  static var header: Message {
    var version = Message(), header = Message()
    version.text(1, "0.31.0")
    version.text(2, "0.70.0")
    header.bytes(1, version.encoded)
    return header
  }

  static func run(
    _ id: String, _ config: JSONValue, _ git: GitState, at now: Double
  ) -> Message {
    var run = Message()
    run.text(1, id)
    if let entity = variable("WANDB_ENTITY") { run.text(2, entity) }
    run.text(3, variable("WANDB_PROJECT") ?? "host")
    run.bytes(4, configuration(config).encoded)
    if let group = variable("WANDB_RUN_GROUP") { run.text(6, group) }
    run.text(7, variable("WANDB_JOB_TYPE") ?? "train")
    if let name = variable("WANDB_NAME") { run.text(8, name) }
    if let notes = variable("WANDB_NOTES") { run.text(9, notes) }
    for tag in (variable("WANDB_TAGS") ?? "").split(separator: ",") { run.text(10, String(tag)) }
    run.text(13, machine)
    run.bytes(17, time(now))
    if let git = git.message { run.bytes(21, git.encoded) }
    return run
  }

  /// What the run was told.
  static func configuration(_ config: JSONValue) -> Message {
    var settings = Message()
    for (key, value) in config.object ?? [:] { settings.bytes(1, item(key, value)) }
    return settings
  }

  /// A line that was printed.
  static func output(_ line: PrintedLines.Line) -> Message {
    var output = Message()
    output.varint(1, line.isError ? 0 : 1)
    output.bytes(2, time(line.time))
    output.text(3, line.text + "\n")
    return output
  }

  static func environment(
    _ arguments: [String], _ git: GitState, at now: Double
  ) -> Message {
    var environment = Message()
    environment.text(1, "Linux")
    environment.bytes(3, time(now))
    for argument in arguments.dropFirst() { environment.text(5, argument) }
    if let program = arguments.first { environment.text(6, program) }
    if let git = git.message { environment.bytes(9, git.encoded) }
    environment.text(12, machine)
    let cores = UInt64(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    environment.varint(16, cores)
    environment.varint(17, cores)
    environment.text(199, "host")
    return environment
  }

  /// The x axis of all metrics: the optimizer's steps.
  static func metric(_ name: String, isPattern: Bool) -> Message {
    var metric = Message()
    metric.text(isPattern ? 2 : 1, name)
    guard isPattern else { return metric }
    metric.text(4, "train/global_step")
    var options = Message()
    options.varint(1, 1)
    metric.bytes(6, options.encoded)
    return metric
  }

  /// A key and its value of a row, a summary or a configuration.
  static func item(_ key: String, _ value: JSONValue) -> [UInt8] { entry(key, value) }

  static func entry(_ key: String, _ value: JSONValue) -> [UInt8] {
    var item = Message()
    item.text(1, key)
    let isBroken = value.double.map { !$0.isFinite } ?? false
    item.text(16, isBroken ? "NaN" : value.text(.spaced))
    return item.encoded
  }

  static func time(_ seconds: Double) -> [UInt8] {
    var time = Message()
    let whole = seconds.rounded(.down)
    time.varint(1, UInt64(whole))
    time.varint(2, UInt64((seconds - whole) * 1e9))
    return time.encoded
  }

  /// When the run began, of its record.
  static func startTime(_ run: [UInt8]) -> Double? {
    guard let time = Message.fields(of: run).first(where: { $0.field == 17 })?.content,
      time.first == 8
    else { return nil }
    var seconds: UInt64 = 0, shift: UInt64 = 0
    for byte in time.dropFirst() {
      seconds |= UInt64(byte & 0x7F) << shift
      shift += 7
      if byte & 0x80 == 0 { break }
    }
    return Double(seconds)
  }

  /// Makes the folder of a new run, whose name says that it is offline.
  static func begin(in place: String, at now: Double) throws(FormatError) -> String {
    var seconds = time_t(now), parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let day = "\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
    let clock = two(parts.tm_hour) + two(parts.tm_min) + two(parts.tm_sec)
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    let id = variable("WANDB_RUN_ID") ?? String((0..<8).compactMap { _ in letters.randomElement() })
    guard !id.isEmpty, id.utf8.count <= 64, !id.contains(where: { "/\\#?%:".contains($0) }) else {
      throw FormatError(
        .usage, "WANDB_RUN_ID",
        "is '\(id)'; a name of up to 64 letters, digits, '-' and '_' is needed")
    }
    let folder = "\(place)/wandb/offline-run-\(day)_\(clock)-\(id)"
    for part in ["files", "logs"] { try DurableFile.createFolder("\(folder)/\(part)") }
    try FileSystem.link("\(place)/wandb/latest-run", to: "offline-run-\(day)_\(clock)-\(id)")
    return folder
  }

  /// The run's name in its folder's, `offline-run-DAY_CLOCK-ID`.
  static func id(of folder: String) -> String {
    let name = folder.split(separator: "/").last ?? ""
    return name.split(separator: "-", maxSplits: 3, omittingEmptySubsequences: false).dropFirst(3)
      .joined()
  }

  /// Whether a variable says yes.
  static func isSet(_ name: String) -> Bool {
    ["1", "true", "yes", "on"].contains(variable(name)?.lowercased())
  }

  static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static var machine: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension Message {
  mutating func text(_ field: Int, _ value: String) { bytes(field, Array(value.utf8)) }
}

extension WandBFile {
  mutating func append(_ field: WandBRun.Field, _ content: Message) throws(FormatError) {
    try append(field.rawValue, content)
  }
}
