import Benchmarks
import Runs

/// Scores of several models in 80 columns, with their standard errors.
struct BenchmarkTable {
  private let models: [BenchmarkColumn]

  init(_ models: [BenchmarkColumn]) { self.models = models }

  /// The table, as many models beside one another as fit, then its signs.
  var text: String {
    let labels = models.map { String($0.label.suffix(24)) }
    let first = rows(of: models[0]), head = first.map { [$0.task, $0.shots, $0.metric] }
    let fixed = Self.width(head + [["task", "shots", "metric"]])
    var blocks: [[Int]] = [[]], room = 80 - fixed
    for (index, label) in labels.enumerated() {
      let width = max(label.count, 12) + 2
      if let last = blocks.last, !last.isEmpty, room < width {
        blocks.append([])
        room = 80 - fixed
      }
      blocks[blocks.count - 1].append(index)
      room -= width
    }
    let tables = blocks.map { block in
      var table = TextTable(
        columns: [("task", .left), ("shots", .right), ("metric", .left)]
          + block.map { (labels[$0], .right) })
      let values = block.map { index in
        Dictionary(uniqueKeysWithValues: rows(of: models[index]).map { ($0.key, $0.value) })
      }
      for (row, cells) in zip(first, head) {
        table.append(row: cells + values.map { $0[row.key] ?? "–" })
      }
      return table.text
    }
    return (tables + [signs]).joined(separator: "\n\n")
  }

  private static func width(_ rows: [[String]]) -> Int {
    rows[0].indices.reduce(0) { sum, column in
      sum + 2 + (rows.map { $0[column].count }.max() ?? 0)
    } - 2
  }

  private typealias Row = (
    key: String, task: String, shots: String, metric: String, value: String
  )

  private func rows(of model: BenchmarkColumn) -> [Row] {
    var rows: [Row] = []
    for task in model.tasks {
      for (index, score) in task.scores.enumerated() {
        let name = score.filter == "none" ? score.metric : score.filter
        let isCustomary = task.scores.count > 1 && score == task.customary
        rows.append(
          (
            "\(task.task) \(score.name)", index == 0 ? task.task : "",
            index == 0 ? "\(task.shots)" : "", name + (isCustomary ? " *" : ""),
            Self.value(score.mean, score.standardError)
          ))
      }
    }
    for group in GroupOutcome.groups(model.tasks) {
      let value = Self.value(group.mean, group.standardError)
      rows.append((group.name, group.name, "", group.metric, value))
    }
    return rows
  }

  private static func value(_ mean: Double, _ error: Double?) -> String {
    Format.fixed(mean, 4) + " " + (error.map { "±" + Format.fixed($0, 4) } ?? "±N/A")
  }

  /// What the signs mean, and what was cut or came to nothing.
  private var signs: String {
    var lines = ["±: standard error; *: the customary metric where there are several"]
    for model in models {
      for task in model.tasks {
        let place = "\(model.label), \(task.task): "
        let all = "of \(Format.grouped(task.rows.count)) rows"
        if let cut = task.cutRows, cut > 0 {
          lines.append(place + "\(cut) \(all) lost their beginning to the context")
        }
        for (filter, count) in task.invalid where count > 0 {
          lines.append(place + "\(filter) read nothing in \(count) \(all)")
        }
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Paired differences under a title.
  static func text(_ differences: [PairedDifference], _ title: String) -> String {
    var table = TextTable(
      ("task", .left), ("metric", .left), ("difference", .right), ("gained", .right),
      ("lost", .right))
    for difference in differences {
      let metric = difference.metric.split(separator: " ").last.map(String.init) ?? ""
      let sign = difference.difference > 0 ? "+" : ""
      table.append(
        difference.task, metric,
        sign + value(difference.difference, difference.standardError)
          + (difference.isClear ? "!" : " "), "\(difference.gained)", "\(difference.lost)")
    }
    let text = title + "\n" + table.text
    guard differences.contains(where: \.isClear) else { return text }
    return text + "\n!: further from nothing than 1.96 standard errors"
  }
}
