import Tasks

/// From the host to its worker.
enum WorkerRequest: Sendable {
  case open(WorkerJob)
  case score(RewardBatch)
  /// Rows from one on; the worker may give fewer.
  case read(RowPlace, count: Int)
  case evaluate([Prediction])
  /// The answer to a `WorkerResponse.ask`.
  case answer(WorkerAnswer)
  /// Puts a plugin through its paces; the worker then leaves.
  case check(CheckJob)
}

/// From a worker to its host. While a request is open a worker may log, tell and ask; `opened`, `scored`,
/// `rows`, `report` or `failed` closes it.
enum WorkerResponse: Sendable {
  case opened(WorkerOpening)
  case scored(RewardReply)
  /// Rows as `RowAnswer` writes them.
  case rows([[UInt8]])
  /// A report as the plugin wrote it.
  case report(String)
  case failed(TaskError)
  case log(PluginLogLevel, String)
  /// How far the plugin's long work is: what it does, how many parts of how many are done.
  case progress(String, done: Int, total: Int)
  case ask(WorkerQuestion)
  case check(CheckEvent)
}

extension WorkerRequest {
  var bytes: [UInt8] {
    var writer = WireWriter()
    switch self {
    case .open(let job):
      writer.write(UInt8(0))
      job.kind.write(to: &writer)
      for text in [job.path, job.name, job.configuration, job.libraryDirectory] {
        writer.write(text)
      }
      writer.write(job.tokenizerFolder)
      writer.write(Int64(job.memoryLimit))
      writer.write(UInt8(job.offersModel ? 1 : 0))
      writer.write(UInt8(job.offersScores ? 1 : 0))
    case .score(let batch):
      writer.write(UInt8(1))
      writer.write(batch.groups)
      writer.write(batch.lengths) { $0.write(Int64($1)) }
      writer.write(batch.tokens) { $0.write($1) }
      writer.write(batch.truncated)
      writer.write(batch.block)
    case .answer(let answer):
      writer.write(UInt8(2))
      answer.write(to: &writer)
    case .check(let job):
      writer.write(UInt8(3))
      job.write(to: &writer)
    case .read(let place, let count):
      writer.write(UInt8(4))
      for number in [place.index, place.epoch, count] { writer.write(Int64(number)) }
      writer.write(place.seed)
    case .evaluate(let predictions):
      writer.write(UInt8(5))
      writer.write(predictions) { $1.write(to: &$0) }
    }
    return writer.bytes
  }

  init(bytes: [UInt8]) throws(WireReader.Fault) {
    var reader = WireReader(bytes)
    switch try reader.integer(UInt8.self) {
    case 0:
      let kind = try WorkerJob.Kind(&reader)
      let path = try reader.text(), name = try reader.text(), config = try reader.text()
      let library = try reader.text(), tokenizer = try reader.text()
      let limit = try reader.integer(Int64.self)
      self = .open(
        WorkerJob(
          kind: kind, path: path, name: name, configuration: config, memoryLimit: Int(limit),
          libraryDirectory: library, tokenizerFolder: tokenizer,
          offersModel: try reader.integer(UInt8.self) == 1,
          offersScores: try reader.integer(UInt8.self) == 1))
    case 1:
      let groups = try reader.integers()
      let lengths = try reader.list { reader throws(WireReader.Fault) in
        Int(try reader.integer(Int64.self))
      }
      let tokens = try reader.list { reader throws(WireReader.Fault) in
        try reader.integer(Int64.self)
      }
      let truncated = try reader.block()
      let batch = RewardBatch(
        block: try reader.block(), lengths: lengths, groups: groups, tokens: tokens,
        truncated: truncated)
      guard let batch else { throw WireReader.Fault() }
      self = .score(batch)
    case 2: self = .answer(try WorkerAnswer(&reader))
    case 3: self = .check(try CheckJob(&reader))
    case 4:
      let index = Int(try reader.integer(Int64.self)), epoch = Int(try reader.integer(Int64.self))
      let count = Int(try reader.integer(Int64.self))
      let place = RowPlace(index: index, epoch: epoch, seed: try reader.integer())
      self = .read(place, count: count)
    case 5:
      self = .evaluate(
        try reader.list { reader throws(WireReader.Fault) in try Prediction(&reader) })
    default: throw WireReader.Fault()
    }
  }
}

extension WorkerResponse {
  var bytes: [UInt8] {
    var writer = WireWriter()
    switch self {
    case .opened(let opening):
      writer.write(UInt8(0))
      writer.write(opening.plugin)
      writer.write(opening.name)
      writer.write(opening.rows.map { [$0] } ?? []) { $1.write(to: &$0) }
    case .rows(let blocks):
      writer.write(UInt8(7))
      writer.write(blocks) { $0.write($1) }
    case .report(let text):
      writer.write(UInt8(8))
      writer.write(text)
    case .scored(let reply):
      writer.write(UInt8(1))
      writer.write(reply.scores)
      writer.write(reply.components) { writer, component in
        writer.write(component.name)
        writer.write(component.values)
      }
      writer.write(reply.abstentions.sorted { $0.key < $1.key }) { writer, abstention in
        writer.write(Int64(abstention.key))
        writer.write(abstention.value)
      }
    case .failed(let error):
      writer.write(UInt8(2))
      error.write(to: &writer)
    case .log(let level, let text):
      writer.write(UInt8(3))
      writer.write(level.rawValue)
      writer.write(text)
    case .progress(let label, let done, let total):
      writer.write(UInt8(6))
      writer.write(label)
      writer.write(Int64(done))
      writer.write(Int64(total))
    case .ask(let question):
      writer.write(UInt8(4))
      question.write(to: &writer)
    case .check(let event):
      writer.write(CheckEvent.tag)
      event.write(to: &writer)
    }
    return writer.bytes
  }

  init(bytes: [UInt8]) throws(WireReader.Fault) {
    var reader = WireReader(bytes)
    switch try reader.integer(UInt8.self) {
    case 0:
      let plugin = try reader.text(), name = try reader.text()
      let rows = try reader.list { reader throws(WireReader.Fault) in try WorkerRows(&reader) }
      self = .opened(WorkerOpening(plugin: plugin, name: name, rows: rows.first))
    case 1: self = .scored(try RewardReply(&reader))
    case 2: self = .failed(try TaskError(&reader))
    case 3:
      let level = PluginLogLevel(rawValue: try reader.integer()) ?? .info
      self = .log(level, try reader.text())
    case 4: self = .ask(try WorkerQuestion(&reader))
    case 6:
      let label = try reader.text()
      let done = try reader.integer(Int64.self), total = try reader.integer(Int64.self)
      guard 0...max(0, total) ~= done else { throw WireReader.Fault() }
      self = .progress(label, done: Int(done), total: Int(total))
    case CheckEvent.tag: self = .check(try CheckEvent(&reader))
    case 7:
      self = .rows(try reader.list { reader throws(WireReader.Fault) in try reader.block() })
    case 8: self = .report(try reader.text())
    default: throw WireReader.Fault()
    }
  }
}

extension RewardReply {
  fileprivate init(_ reader: inout WireReader) throws(WireReader.Fault) {
    self.init(scores: try reader.floats())
    components = try reader.list { reader throws(WireReader.Fault) in
      Component(name: try reader.text(), values: try reader.floats())
    }
    let pairs = try reader.list { reader throws(WireReader.Fault) in
      (Int(try reader.integer(Int64.self)), try reader.text())
    }
    abstentions = Dictionary(pairs) { $1 }
    guard components.allSatisfy({ $0.values.count == scores.count }),
      Set(components.map(\.name)).count == components.count
    else {
      throw WireReader.Fault()
    }
  }
}

extension TaskError {
  func write(to writer: inout WireWriter) {
    writer.write(kind.status)
    writer.write(message)
    writer.write(reason.map { [$0] } ?? []) { $0.write($1) }
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    let status = try reader.integer(Int32.self)
    let message = try reader.text()
    self.init(PluginHost.kind(of: status), message, reason: try reader.texts().first)
  }
}
