import TaskKit

/// Writes what a model is asked; the only place that does.
struct PromptBuilder: Sendable {
  /// What stands before the ratings; the system's turn, empty for none.
  var instruction = "Predict whether the user will like the candidate movie. Answer Yes or No only."
  var system =
    "You recommend movies. You are told what a user watched lately and a candidate movie. "
    + "Begin your answer with Yes or No."

  /// The answers, in the order of a row's choices.
  static let answers = ["Yes", "No"]

  /// The `number`th line of a history.
  static func line(_ number: Int, _ title: String, rating: Float) -> String {
    let tenths = Int((rating * 10).rounded(.toNearestOrEven))
    return "\(number). \(title) (rating ≈ \(tenths / 10).\(tenths % 10))"
  }

  /// The question: the history's lines and the candidate.
  static func question(_ history: [String], candidate: String) -> String {
    "User's last \(history.count) watched movies:\n" + history.joined(separator: "\n")
      + "\n\nCandidate movie:\n\(candidate)\n\n"
      + "Should we recommend this movie to the user? Answer Yes or No."
  }

  /// The stars at the end of a history's line, `… (rating ≈ 3.5)`; nil where there are none, or not
  /// as many as a rating can have.
  static func rating(in line: Substring) -> Float? {
    guard line.utf8.last == UInt8(ascii: ")"),
      let opening = line.utf8.lastIndex(of: UInt8(ascii: "("))
    else { return nil }
    let inner = line[opening...].dropFirst().dropLast(), mark = "rating ≈ "
    let stars = inner.hasPrefix(mark) ? Float(inner.dropFirst(mark.count)) : nil
    return stars.flatMap { RatingTable.scale.contains($0) ? $0 : nil }
  }

  /// The turns before the answer.
  func prompt(input: String) -> [Turn] {
    let user = [instruction, input].filter { !$0.isEmpty }.joined(separator: "\n\n")
    return (system.isEmpty ? [] : [.system(system)]) + [.user(user)]
  }
}
