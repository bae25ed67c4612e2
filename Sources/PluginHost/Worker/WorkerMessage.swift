import Tasks

/// What a worker process is to open.
struct WorkerJob: Sendable, Hashable {
  /// The plugin's file; the reward's export name, empty for the file's only one; its config.
  var path: String, name: String, configuration: String
  /// Bytes that the plugin may allocate.
  var memoryLimit: Int
  /// Where the libraries lie that the installation brings along.
  var libraryDirectory: String
  /// The folder of the model whose tokenizer is offered; empty for none.
  var tokenizerFolder: String
  /// Whether the host answers questions to the model, and to reward models.
  var offersModel: Bool, offersScores: Bool
}

/// From the host to its worker.
enum WorkerRequest: Sendable {
  case open(WorkerJob)
  case score(RewardBatch)
  /// The answer to a `WorkerResponse.ask`.
  case answer(WorkerAnswer)
  /// Puts a plugin through its paces; the worker then leaves.
  case check(CheckJob)
}

/// From a worker to its host. While a request is open a worker may log, tell and ask; `opened`, `scored` or
/// `failed` closes it.
enum WorkerResponse: Sendable {
  /// The plugin's name, and the reward's.
  case opened(plugin: String, reward: String)
  case scored(RewardReply)
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
    }
    return writer.bytes
  }

  init(bytes: [UInt8]) throws(WireReader.Fault) {
    var reader = WireReader(bytes)
    switch try reader.integer(UInt8.self) {
    case 0:
      let path = try reader.text(), name = try reader.text(), config = try reader.text()
      let library = try reader.text(), tokenizer = try reader.text()
      let limit = try reader.integer(Int64.self)
      self = .open(
        WorkerJob(
          path: path, name: name, configuration: config, memoryLimit: Int(limit),
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
    default: throw WireReader.Fault()
    }
  }
}

extension WorkerResponse {
  var bytes: [UInt8] {
    var writer = WireWriter()
    switch self {
    case .opened(let plugin, let reward):
      writer.write(UInt8(0))
      writer.write(plugin)
      writer.write(reward)
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
    case 0: self = .opened(plugin: try reader.text(), reward: try reader.text())
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
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    let status = try reader.integer(Int32.self)
    self.init(PluginHost.kind(of: status), try reader.text())
  }
}
