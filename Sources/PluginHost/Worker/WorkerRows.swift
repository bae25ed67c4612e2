import JSON
import OrderedCollections
import Tasks

/// A row on its way from a worker: the row, or why there is none.
enum RowAnswer {
  case example(Example)
  case failed(TaskError)

  var bytes: [UInt8] {
    var writer = WireWriter()
    switch self {
    case .example(let example):
      writer.write(UInt8(0))
      example.write(to: &writer)
    case .failed(let error):
      writer.write(UInt8(1))
      error.write(to: &writer)
    }
    return writer.bytes
  }

  init(bytes: [UInt8]) throws(WireReader.Fault) {
    var reader = WireReader(bytes)
    switch try reader.integer(UInt8.self) {
    case 0: self = .example(try Example(&reader))
    case 1: self = .failed(try TaskError(&reader))
    default: throw WireReader.Fault()
    }
  }
}

/// What a worker says of a dataset that it has opened.
struct WorkerRows: Sendable, Hashable {
  var count: Int, sources: [String], variesByEpoch: Bool, notes: [String], places: [String]
}

extension WorkerRows {
  func write(to writer: inout WireWriter) {
    writer.write(Int64(count))
    writer.write(sources) { $0.write($1) }
    writer.write(UInt8(variesByEpoch ? 1 : 0))
    writer.write(notes) { $0.write($1) }
    writer.write(places) { $0.write($1) }
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    count = Int(try reader.integer(Int64.self))
    guard count >= 0 else { throw WireReader.Fault() }
    sources = try reader.texts()
    variesByEpoch = try reader.integer(UInt8.self) == 1
    notes = try reader.texts()
    places = try reader.texts()
  }
}

extension Example {
  /// Writes the row; a worker's evaluator gets it without its tensors.
  func write(to writer: inout WireWriter, withTensors: Bool = true) {
    for turns in [turns, chosen, rejected] { writer.write(turns) { $1.write(to: &$0) } }
    writer.write(metadata)
    writer.write(choices) { $0.write($1) }
    let named = withTensors ? tensors.sorted { $0.key < $1.key } : []
    writer.write(named) { writer, tensor in
      writer.write(tensor.key)
      writer.write(tensor.value.shape) { $0.write(Int64($1)) }
      writer.write(tensor.value.values)
    }
    writer.write(.object(templateVariables))
    writer.write(UInt8(label.map { $0 ? 2 : 1 } ?? 0))
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    func turns() throws(WireReader.Fault) -> [Turn] {
      try reader.list { reader throws(WireReader.Fault) in try Turn(&reader) }
    }
    self.init(turns: try turns())
    (chosen, rejected) = (try turns(), try turns())
    metadata = try reader.json()
    choices = try reader.texts()
    let named = try reader.list { reader throws(WireReader.Fault) in
      (try reader.text(), try MediaTensor(&reader))
    }
    tensors = Dictionary(named) { $1 }
    guard let variables = try reader.json().object else { throw WireReader.Fault() }
    templateVariables = variables
    let label = try reader.integer(UInt8.self)
    self.label = label == 0 ? nil : label == 2
  }
}

extension Turn {
  fileprivate func write(to writer: inout WireWriter) {
    writer.write(role)
    writer.write(parts) { writer, part in
      switch part {
      case .text(let text):
        writer.write(UInt8(0))
        writer.write(text)
      case .media(let kind, let tensor):
        writer.write(UInt8(1))
        writer.write(kind)
        writer.write(tensor)
      case .choice(let choice):
        writer.write(UInt8(2))
        writer.write(choice.options) { $0.write($1) }
        writer.write(choice.weights)
      }
    }
    writer.write(.object(members))
    writer.write(UInt8(isTrained ? 1 : 0))
  }

  fileprivate init(_ reader: inout WireReader) throws(WireReader.Fault) {
    let role = try reader.text()
    let parts = try reader.list { reader throws(WireReader.Fault) in try Part(&reader) }
    guard let members = try reader.json().object else { throw WireReader.Fault() }
    self.init(
      role: role, parts: parts, members: members,
      isTrained: try reader.integer(UInt8.self) == 1)
  }
}

extension Part {
  fileprivate init(_ reader: inout WireReader) throws(WireReader.Fault) {
    switch try reader.integer(UInt8.self) {
    case 0: self = .text(try reader.text())
    case 1:
      let kind = try reader.text()
      self = .media(kind: kind, tensor: try reader.text())
    case 2:
      let options = try reader.texts(), weights = try reader.floats()
      guard options.count == weights.count, !options.isEmpty else { throw WireReader.Fault() }
      self = .choice(Choice(options: options, weights: weights))
    default: throw WireReader.Fault()
    }
  }
}

extension MediaTensor {
  fileprivate init(_ reader: inout WireReader) throws(WireReader.Fault) {
    let shape = try reader.list { reader throws(WireReader.Fault) in
      Int(try reader.integer(Int64.self))
    }
    let values = try reader.floats()
    // A product that overflows is no number of values.
    let size = shape.reduce(Optional(1)) { size, axis in
      guard let size, axis >= 0 else { return nil }
      let (product, overflows) = size.multipliedReportingOverflow(by: axis)
      return overflows ? nil : product
    }
    guard size == values.count else { throw WireReader.Fault() }
    self.init(shape: shape, values: values)
  }
}

extension WireWriter {
  /// JSON as its text; an empty object, which most are, as nothing.
  mutating func write(_ json: JSONValue) {
    write(json.object?.isEmpty == true ? "" : json.text())
  }
}

extension WireReader {
  mutating func json() throws(Fault) -> JSONValue {
    let text = try text()
    guard !text.isEmpty else { return .emptyObject }
    guard let json = try? JSONValue(parsing: text) else { throw Fault() }
    return json
  }
}

extension Prediction {
  func write(to writer: inout WireWriter) {
    writer.write(Int64(index))
    writer.write(text)
    example.write(to: &writer, withTensors: false)
    writer.write(choiceLogLikelihoods) { $0.write($1) }
    writer.write(scores) { $0.write($1) }
    writer.write(reference.map { [$0] } ?? []) { $0.write($1) }
  }

  init(_ reader: inout WireReader) throws(WireReader.Fault) {
    let index = Int(try reader.integer(Int64.self)), text = try reader.text()
    let example = try Example(&reader)
    let likelihoods = try reader.list { reader throws(WireReader.Fault) in try reader.double() }
    let scores = try reader.list { reader throws(WireReader.Fault) in try reader.double() }
    self.init(
      index: index, text: text, example: example, choiceLogLikelihoods: likelihoods,
      scores: scores)
    // None stays none: the initializer would take the row's own answer.
    reference = try reader.texts().first
  }
}
