import Evaluation
import Formats
import JSON
import Runs
import Tasks

/// A finished comparison, as JSON, as files and as tables in a terminal.
struct ComparisonReport {
  let session: TaskSession
  let adapter: String, split: Split, limit: Int?, generates: Bool
  /// The recipe's file, if it came from one.
  let recipeFile: String?
  /// What the task's evaluator says of each model, and what the model said.
  let base: Judged, tuned: Judged
  let comparison: Comparison
  /// The digests of the base's outputs.
  let check: JSONValue

  /// `comparison_report.json`.
  var json: JSONValue {
    [
      "config": config,
      "models": [
        "base": ["model": .string(session.modelFolder), "report": Self.numbers(base.report)],
        "tuned": [
          "model": .string(session.modelFolder), "adapter": .string(adapter),
          "report": Self.numbers(tuned.report),
        ],
      ],
      "base_check": check,
      "differences": comparison.differencesJSON(base: base.report, tuned: tuned.report),
      "disagreements": comparison.disagreementsJSON,
    ]
  }

  private var config: JSONValue {
    let recipe = session.recipe
    return [
      "host_version": .string(HostVersion.current),
      "task": .string(session.task.description.name),
      "recipe_file": recipeFile.map(JSONValue.string) ?? .null,
      "data": recipe.data, "split": .string(split.rawValue),
      "limit": limit.map(JSONValue.int) ?? .null, "rows": .int(comparison.rows.count),
      "seed": .int(recipe.training.seed), "generates": .bool(generates),
      "generation": recipe.json["generation"] ?? .null,
      "enable_thinking": recipe.training.enablesThinking.map(JSONValue.bool) ?? .null,
    ]
  }

  /// A report without what the CSV files and the page hold.
  private static func numbers(_ report: Report) -> JSONValue {
    var report = report
    (report.tables, report.charts, report.details) = ([], [], .emptyObject)
    return report.json
  }

  /// All files of `--report-dir`; the page shows `examples` rows of each kind.
  func files(examples: Int) -> ReportFiles {
    ReportFiles(
      [("base", base.report), ("tuned", tuned.report)],
      title: "\(session.task.description.name), \(split): base and tuned",
      facts: [
        ("model", session.modelFolder), ("adapter", adapter),
        ("rows", "\(comparison.rows.count)"),
      ],
      tables: tables(examples, width: 100),
      predictions: [("base", base.predictions), ("tuned", tuned.predictions)],
      others: [
        ("comparison_report.json", json.text(.pretty) + "\n"),
        ("improvements.jsonl", comparison.lines(.improvement)),
        ("regressions.jsonl", comparison.lines(.regression)),
      ])
  }

  /// The metrics side by side, then what the models make of each other's rows.
  func print(examples: Int) {
    Console.print(ReportTable([("base", base.report), ("tuned", tuned.report)]).description)
    let width = max(16, (Console.output.isTerminal ? Console.output.width : 160) / 5)
    for table in tables(examples, width: width) {
      Console.print("\n" + Style.bold(Self.title(of: table)))
      Console.print(TextTable(table).text)
    }
  }

  /// What stands above a table.
  private static func title(of table: Table) -> String {
    let name = table.name.replacing("comparison_", with: "")
    return [
      "comparison": "base and tuned, metric by metric", "outcomes": "the answers to each row",
      "improvements": "improvements: rows that the tuned model alone has right",
      "regressions": "regressions: rows that the base alone has right",
    ][name] ?? name
  }

  private func tables(_ examples: Int, width: Int) -> [Table] {
    comparison.tables(base: base.report, tuned: tuned.report, examples: examples, width: width)
  }
}

extension TextTable {
  /// A report's table: texts to the left, numbers to the right.
  fileprivate init(_ table: Table) {
    let texts = table.columns.indices.map { column in
      table.rows.contains { if case .text = $0[column] { true } else { false } }
    }
    let decimals = table.columns.indices.map { column in
      table.rows.contains {
        if case .number(let value) = $0[column] { value != value.rounded() } else { false }
      } ? 4 : 0
    }
    self.init(columns: zip(table.columns, texts).map { ($0, $1 ? .left : .right) })
    for row in table.rows {
      append(
        row: zip(row, decimals).map { cell, decimals in
          switch cell {
          case .text(let text): text
          case .number(let value): Format.fixed(value, decimals)
          case .absent: ""
          }
        })
    }
  }
}
