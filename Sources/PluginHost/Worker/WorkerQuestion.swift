import Tasks

/// What a plugin in a worker asks of the host's services.
enum WorkerQuestion: Sendable {
  case isCancelled
  case complete([String], ModelRequest)
  case logLikelihoods([String], [String], ModelRequest)
  case openScorer(model: String, adapter: String)
  case scores([String], [String], ModelRequest.PromptKind, number: Int)
}

/// What the host answers.
enum WorkerAnswer: Sendable {
  case isCancelled(Bool)
  case texts([String])
  case logLikelihoods([(sum: Double, tokens: Int)])
  case number(Int)
  case scores([Double])
  case failed(TaskError)
}

extension WorkerQuestion {
  func write(to writer: inout WireWriter) {
    switch self {
    case .isCancelled: writer.write(UInt8(0))
    case .complete(let prompts, let request):
      writer.write(UInt8(1))
      request.write(to: &writer)
      writer.write(prompts) { $0.write($1) }
    case .logLikelihoods(let prompts, let completions, let request):
      writer.write(UInt8(2))
      request.write(to: &writer)
      writer.write(prompts) { $0.write($1) }
      writer.write(completions) { $0.write($1) }
    case .openScorer(let model, let adapter):
      writer.write(UInt8(3))
      writer.write(model)
      writer.write(adapter)
    case .scores(let completions, let prompts, let kind, let number):
      writer.write(UInt8(4))
      writer.write(kind.rawValue)
      writer.write(Int64(number))
      writer.write(completions) { $0.write($1) }
      writer.write(prompts) { $0.write($1) }
    }
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    switch try reader.integer(UInt8.self) {
    case 0: self = .isCancelled
    case 1:
      let request = try ModelRequest(&reader)
      self = .complete(try reader.texts(), request)
    case 2:
      let request = try ModelRequest(&reader)
      let prompts = try reader.texts(), completions = try reader.texts()
      guard prompts.count == completions.count else { throw WireReader.Fault() }
      self = .logLikelihoods(prompts, completions, request)
    case 3: self = .openScorer(model: try reader.text(), adapter: try reader.text())
    case 4:
      guard let kind = ModelRequest.PromptKind(rawValue: try reader.integer()) else {
        throw WireReader.Fault()
      }
      let number = Int(try reader.integer(Int64.self))
      let completions = try reader.texts(), prompts = try reader.texts()
      guard prompts.count == completions.count else { throw WireReader.Fault() }
      self = .scores(completions, prompts, kind, number: number)
    default: throw WireReader.Fault()
    }
  }
}

extension WorkerAnswer {
  func write(to writer: inout WireWriter) {
    switch self {
    case .isCancelled(let isCancelled):
      writer.write(UInt8(0))
      writer.write(UInt8(isCancelled ? 1 : 0))
    case .texts(let texts):
      writer.write(UInt8(1))
      writer.write(texts) { $0.write($1) }
    case .logLikelihoods(let found):
      writer.write(UInt8(2))
      writer.write(found) { writer, likelihood in
        writer.write(likelihood.sum)
        writer.write(Int64(likelihood.tokens))
      }
    case .failed(let error):
      writer.write(UInt8(3))
      error.write(to: &writer)
    case .number(let number):
      writer.write(UInt8(4))
      writer.write(Int64(number))
    case .scores(let scores):
      writer.write(UInt8(5))
      writer.write(scores) { $0.write($1) }
    }
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    switch try reader.integer(UInt8.self) {
    case 0: self = .isCancelled(try reader.integer(UInt8.self) == 1)
    case 1: self = .texts(try reader.texts())
    case 2:
      self = .logLikelihoods(
        try reader.list { reader throws(WireReader.Fault) in
          (sum: try reader.double(), tokens: Int(try reader.integer(Int64.self)))
        })
    case 3: self = .failed(try TaskError(&reader))
    case 4: self = .number(Int(try reader.integer(Int64.self)))
    case 5:
      self = .scores(
        try reader.list { reader throws(WireReader.Fault) in try reader.double() })
    default: throw WireReader.Fault()
    }
  }
}

extension ModelRequest {
  func write(to writer: inout WireWriter) {
    writer.write(weights.rawValue)
    writer.write(promptKind.rawValue)
    writer.write(Int64(maximumNewTokens))
    writer.write(temperature)
    writer.write(Int64(topK))
    writer.write(topP)
    writer.write(seed)
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    self.init()
    let weights = Weights(rawValue: try reader.integer())
    let kind = PromptKind(rawValue: try reader.integer())
    guard let weights, let kind else { throw WireReader.Fault() }
    self.weights = weights
    promptKind = kind
    maximumNewTokens = Int(try reader.integer(Int64.self))
    temperature = try reader.double()
    topK = Int(try reader.integer(Int64.self))
    topP = try reader.double()
    seed = try reader.integer()
  }
}
