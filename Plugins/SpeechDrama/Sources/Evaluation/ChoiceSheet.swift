/// Multiple-choice rows, all and by category.
struct ChoiceSheet {
  /// The rows.
  let choices: [Choice]
  /// The categories in alphabetical order.
  let categories: [String]
  private let byClip: [[Choice]]

  init(_ choices: [Choice]) {
    self.choices = choices
    categories = Set(choices.compactMap(\.category)).sorted()
    byClip = Dictionary(grouping: choices, by: \.clip).sorted { $0.key < $1.key }.map(\.value)
  }

  /// The number of clips.
  var clips: Int { byClip.count }

  /// Names of the accuracies: of all rows, and of each category.
  var names: [String] { ["accuracy"] + categories.map { "accuracy." + $0 } }

  /// The number of rows behind each accuracy.
  var counts: [Int] {
    [choices.count] + categories.map { name in choices.count { $0.category == name } }
  }

  /// The shares of right answers, over the clips `drawn`.
  func statistics(drawn: [Int]? = nil) -> [Statistic] {
    mean(drawn.map { $0.flatMap { byClip[$0] } } ?? choices) { $0.isRight ? 1 : 0 }
  }

  /// What guessing reaches: the mean of 1 / options.
  var chance: [Statistic] { mean(choices) { 1 / Double($0.options) } }

  private func mean(_ choices: [Choice], _ value: (Choice) -> Double) -> [Statistic] {
    let groups = [choices] + categories.map { name in choices.filter { $0.category == name } }
    return groups.map { group in
      group.isEmpty
        ? .undefined("there are no rows") : .value(Correlation.mean(group.map(value)))
    }
  }
}
