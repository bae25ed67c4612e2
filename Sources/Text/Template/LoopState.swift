/// What `loop` tells inside a `for`.
final class LoopState {
  /// The loop itself and the scope around it, for a recursive one that is called again.
  let loop: ForLoop, scope: Scope
  let depth: Int
  private let source: TemplateIterator
  private let knownLength: Int?
  /// Items that were asked for ahead of their turn.
  private var ahead: [TemplateValue] = []
  private var index = -1
  private var current = TemplateValue.none, previous = TemplateValue.none
  private var lastValues: [TemplateValue]?

  /// `length` is nil where only the end of the items tells it.
  init(_ loop: ForLoop, over source: TemplateIterator, length: Int?, scope: Scope, depth: Int) {
    (self.loop, self.scope, self.depth) = (loop, scope, depth)
    (self.source, knownLength) = (source, length)
  }

  /// Goes on to the next item; nil after the last.
  func next() throws(TemplateError) -> TemplateValue? {
    guard let item = ahead.isEmpty ? try source.next() : ahead.removeFirst() else { return nil }
    index += 1
    (previous, current) = (current, item)
    return item
  }

  private func peek() throws(TemplateError) -> TemplateValue? {
    if ahead.isEmpty, let item = try source.next() { ahead.append(item) }
    return ahead.first
  }

  func length() throws(TemplateError) -> Int {
    if let knownLength { return knownLength }
    ahead += try source.rest()
    return index + 1 + ahead.count
  }

  func attribute(_ name: String) throws(TemplateError) -> TemplateValue? {
    switch name {
    case "index": return .int(index + 1)
    case "index0": return .int(index)
    case "revindex": return .int(try length() - index)
    case "revindex0": return .int(try length() - index - 1)
    case "first": return .bool(index == 0)
    case "last": return .bool(try peek() == nil)
    case "length": return .int(try length())
    case "depth": return .int(depth)
    case "depth0": return .int(depth - 1)
    case "previtem": return index > 0 ? previous : .undefined("there is no previous item")
    case "nextitem": return try peek() ?? .undefined("there is no next item")
    default: return nil
    }
  }

  /// One of the values, in turn.
  func cycle(_ values: [TemplateValue]) throws(TemplateError) -> TemplateValue {
    guard !values.isEmpty else { throw TemplateError("loop.cycle asks for values") }
    return values[index % values.count]
  }

  /// Whether the values are others than at the last call.
  func changed(_ values: [TemplateValue]) -> Bool {
    if let lastValues, TemplateValue.tuple(lastValues).equals(.tuple(values)) { return false }
    lastValues = values
    return true
  }

  /// Python's text of it.
  func description() throws(TemplateError) -> String {
    "<LoopContext \(index + 1)/\(try length())>"
  }
}
