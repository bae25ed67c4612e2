/// Values that come one at a time and only once: what Python's generators give, and Jinja's `map`,
/// `select` and the like with them. A template that loops over the same one again finds nothing.
final class TemplateIterator {
  private let produce: () throws(TemplateError) -> TemplateValue?

  init(_ produce: @escaping () throws(TemplateError) -> TemplateValue?) { self.produce = produce }

  convenience init(_ values: [TemplateValue]) {
    var index = 0
    self.init { () throws(TemplateError) in
      guard index < values.count else { return nil }
      index += 1
      return values[index - 1]
    }
  }

  func next() throws(TemplateError) -> TemplateValue? { try produce() }

  /// All that is left.
  func rest() throws(TemplateError) -> [TemplateValue] {
    var values: [TemplateValue] = []
    while let value = try next() { values.append(value) }
    return values
  }
}

/// `range(…)`
struct TemplateRange {
  let start: Int, stop: Int, step: Int
  /// More would be a template's way to exhaust the memory.
  static let maximumCount = 100_000

  init(start: Int, stop: Int, step: Int) throws(TemplateError) {
    guard step != 0 else { throw TemplateError("the step of a range must not be 0") }
    guard (Double(stop) - Double(start)) / Double(step) <= Double(Self.maximumCount) else {
      throw TemplateError("a range may have at most \(Self.maximumCount) items")
    }
    (self.start, self.stop, self.step) = (start, stop, step)
  }

  var elements: [TemplateValue] {
    guard (start < stop) == (step > 0), start != stop else { return [] }
    return stride(from: start, to: stop, by: step).map { .int($0) }
  }

  var count: Int { elements.count }

  func contains(_ value: TemplateValue) -> Bool { elements.contains { $0.equals(value) } }
}

/// A function of the environment, or one that a value of it has.
enum TemplateFunction {
  case named(String)
  case cycler(TemplateCycler), joiner(TemplateJoiner)
}

/// `cycler(…)`: gives its items in turn.
final class TemplateCycler {
  let items: [TemplateValue]
  var index = 0
  init(_ items: [TemplateValue]) { self.items = items }
}

/// `joiner(…)`: nothing at the first call, the separator at every other.
final class TemplateJoiner {
  let separator: TemplateValue
  var isUsed = false
  init(_ separator: TemplateValue) { self.separator = separator }
}
