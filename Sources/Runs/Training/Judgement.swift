import Evaluation
import JSON
import Tasks

/// What a run keeps of an evaluation: the report, and a few of the answers to be looked at.
struct Judgement {
  let report: Report
  let answers: SampleAnswers

  /// Keeps what a judge found.
  init(_ judged: Judged) {
    report = judged.report
    answers = SampleAnswers(judged.predictions)
  }

  /// Reads what `json` wrote.
  init(json: JSONValue) throws {
    report = try Report(json: json)
    answers = SampleAnswers(json: json["answers"] ?? .null)
  }

  /// The report with the answers beside it.
  var json: JSONValue { report.json.setting("answers", answers.json) }
}

/// A few rows of an evaluation, with what the model was asked and what it answered.
struct SampleAnswers {
  private struct Row {
    let index: Int, question: String, expected: String, answer: String
  }

  private let rows: [Row]
  /// How many rows are kept, and how much of each text.
  private static let most = 8, longest = 600

  /// Some of `predictions`, spread over all of them.
  init(_ predictions: [Prediction]) {
    let count = min(Self.most, predictions.count)
    rows = (0..<count).map { place in
      let prediction = predictions[place * predictions.count / count]
      let question = prediction.example.prompt.last { $0.role == "user" }?.text ?? ""
      return Row(
        index: prediction.index, question: Self.cut(question),
        expected: Self.cut(prediction.expectedAnswer ?? ""), answer: Self.cut(prediction.answer))
    }
  }

  /// Reads what `json` wrote; what is no such list holds no rows.
  init(json: JSONValue) {
    rows = (json.array ?? []).compactMap { row in
      row["index"]?.int.map { index in
        Row(
          index: index, question: row["question"]?.string ?? "",
          expected: row["expected"]?.string ?? "", answer: row["answer"]?.string ?? "")
      }
    }
  }

  var json: JSONValue {
    .array(
      rows.map { row in
        [
          "index": .int(row.index), "question": .string(row.question),
          "expected": .string(row.expected), "answer": .string(row.answer),
        ]
      })
  }

  /// The answers of the base and of the tuned model beside each other; nil where there are none.
  static func table(before: SampleAnswers?, after: SampleAnswers) -> Table? {
    guard !after.rows.isEmpty else { return nil }
    let base = Dictionary(
      (before?.rows ?? []).map { ($0.index, $0.answer) }, uniquingKeysWith: { $1 })
    return Table(
      name: ReportFiles.answersName, columns: ["row", "asked", "expected", "base", "tuned"],
      rows: after.rows.map { row in
        [
          .number(Double(row.index)), .text(row.question), .text(row.expected),
          base[row.index].map(Table.Cell.text) ?? .absent, .text(row.answer),
        ]
      })
  }

  private static func cut(_ text: String) -> String {
    text.count > longest ? text.prefix(longest) + " …" : text
  }
}
