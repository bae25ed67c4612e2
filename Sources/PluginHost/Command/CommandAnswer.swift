import JSON
import Names

/// What a program wrote in answer to a batch: `{"scores": [number or null, …]}`, with `"components":
/// {NAME: [number or null, …]}` where it has parts to show; or `{"error": "…"}`.
enum CommandAnswer: Equatable {
  case scores(RewardReply)
  /// The program could not score the batch, and why. It is in order.
  case error(String)

  /// Why a line is no answer.
  struct Fault: Error, Equatable { let reason: String }

  /// Reads the answer to a batch of `count` completions.
  init(_ line: [UInt8], count: Int) throws(Fault) {
    let json = try Self.parsed(line)
    guard let members = json.object else { throw Self.nonsense(line, "not an object") }
    let known = ["scores", "components", "error"]
    if let key = members.keys.first(where: { !known.contains($0) }) {
      let hint = nearestName(to: key, among: known).map { "; did it mean '\($0)'?" } ?? ""
      throw Fault(reason: "it answers with the unknown key '\(key)'" + hint)
    }
    if let error = json["error"] {
      guard let text = error.string, members.count == 1 else {
        throw Fault(reason: "its 'error' must be a text that stands alone")
      }
      self = .error(text.isEmpty ? "no message given" : text)
      return
    }
    guard let scores = json["scores"] else { throw Fault(reason: "it answers without 'scores'") }
    let values = try Self.numbers(scores, "scores", count)
    var reply = RewardReply(scores: values.map { $0 ?? .nan })
    for (index, value) in values.enumerated() where value == nil {
      reply.abstentions[index] = "the program gives no score"
    }
    for (name, column) in json["components"]?.object ?? [:] {
      let values = try Self.numbers(column, "component '\(name)'", count)
      reply.components.append(.init(name: name, values: values.map { $0 ?? .nan }))
    }
    self = .scores(reply)
  }

  private static func parsed(_ line: [UInt8]) throws(Fault) -> JSONValue {
    do { return try JSONValue(parsing: line) } catch {
      let text = String(decoding: line, as: UTF8.self)
      let isNumber = ["NaN", "Infinity", "nan", "inf"].contains { text.contains($0) }
      throw nonsense(
        line,
        "not JSON (column \(error.column): \(error.message))"
          + (isNumber ? "; NaN and infinity are no scores: write null to abstain" : ""))
    }
  }

  private static func nonsense(_ line: [UInt8], _ what: String) -> Fault {
    let end = line.last == UInt8(ascii: "\n") ? line.count - 1 : line.count
    let text = String(decoding: line.prefix(min(end, 200)), as: UTF8.self).printable
    return Fault(reason: "it answers '\(text.prefix(80))', which is \(what)")
  }

  private static func numbers(
    _ value: JSONValue, _ what: String, _ count: Int
  ) throws(Fault) -> [Float?] {
    guard let list = value.array else {
      throw Fault(reason: "its \(what) must be a list, found \(value.kind)")
    }
    guard list.count == count else {
      throw Fault(reason: "it gives \(list.count) \(what) for \(count) samples")
    }
    var numbers: [Float?] = []
    for (index, element) in list.enumerated() {
      guard element == .null || element.double != nil else {
        throw Fault(
          reason: "\(what): element \(index) must be a number or null, found \(element.kind)")
      }
      numbers.append(element.double.map { Float($0) })
    }
    return numbers
  }
}
