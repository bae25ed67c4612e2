import JSON

/// A value inside an evaluator's report, with the words that an error calls it by.
struct ReportMember {
  let value: JSONValue
  let label: String

  init(_ value: JSONValue, _ label: String) {
    self.value = value
    self.label = label
  }

  /// A fault of the plugin: what this value is, and what is wrong with it.
  func fault(_ problem: String) -> TaskError { TaskError(.internal, "\(label) \(problem)") }

  /// The member `key`, which must be there.
  func member(_ key: String) throws(TaskError) -> ReportMember {
    guard let member = value[key] else { throw fault("lacks '\(key)'") }
    return ReportMember(member, label + "." + key)
  }

  /// The elements, each with its place.
  func elements() throws(TaskError) -> [ReportMember] {
    guard let elements = value.array else { throw fault("must be an array, not \(value.kind)") }
    return elements.enumerated().map { ReportMember($1, "\(label)[\($0)]") }
  }

  /// The text under `key`, which must be there.
  func text(_ key: String) throws(TaskError) -> String {
    let member = try member(key)
    guard let text = member.value.string else {
      throw member.fault("must be a string, not \(member.value.kind)")
    }
    return text
  }

  /// The number under `key`; nil where there is none.
  func number(_ key: String) throws(TaskError) -> Double? {
    guard let value = value[key] else { return nil }
    return try ReportMember(value, label + "." + key).numberOrNull()
  }

  /// A finite number; nil for null.
  func numberOrNull() throws(TaskError) -> Double? {
    if value.isNull { return nil }
    guard let number = value.double, number.isFinite else {
      throw fault("must be a number or null, not \(value.kind)")
    }
    return number
  }

  /// An array of strings.
  func texts() throws(TaskError) -> [String] {
    var texts: [String] = []
    for element in try elements() {
      guard let text = element.value.string else {
        throw element.fault("must be a string, not \(element.value.kind)")
      }
      texts.append(text)
    }
    return texts
  }

  /// An array of `count` numbers or nulls, one for each of what `unit` says.
  func numbers(_ count: Int, _ unit: String) throws(TaskError) -> [Double?] {
    var numbers: [Double?] = []
    for element in try elements() { numbers.append(try element.numberOrNull()) }
    guard numbers.count == count else {
      throw fault("has \(numbers.count) values for \(count) \(unit)")
    }
    return numbers
  }
}
