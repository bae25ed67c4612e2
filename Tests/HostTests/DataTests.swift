import Formats
import Foundation
import JSON
import Testing

@Suite struct DataTests {
  private let scratch: Scratch
  private let options: String

  init() throws {
    scratch = try Scratch()
    let model = try TinyModel.make(in: scratch)
    let rows = [("red?", "No."), ("blue?", "Yes."), ("red?", "No.")].map { ask, answer in
      #"{"messages": [{"role": "user", "content": "\#(ask)"}, "#
        + #"{"role": "assistant", "content": "\#(answer)"}]}"#
    }
    let train = try scratch.write(rows.joined(separator: "\n"), to: "train.jsonl")
    let held = try scratch.write(rows[1], to: "validation.jsonl")
    options =
      "--task instruct --model \(model) --set data.train=\(train) --set data.validation=\(held)"
  }

  @Test func trainedTokensStandBetweenMarks() throws {
    let outcome = try HostProgram.shell("host data show \(options) --index 1")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let trained = outcome.output.split(separator: "⟦").dropFirst()
      .map { $0.split(separator: "⟧")[0] }
    #expect(trained.count == 1)
    #expect(trained.first?.hasPrefix("Yes.") == true)
    #expect(!outcome.output.contains("\u{1B}"))
  }

  /// Sound has no place among messages of text, so it is not left out in silence.
  @Test func soundIsNotExported() throws {
    let outcome = try HostProgram.shell("host data export --task speech_drama")
    #expect(outcome.code == 65 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("row 0 holds audio"), "\(outcome.errors)")
  }

  @Test func anIndexOutsideIsBadUsage() throws {
    let outcome = try HostProgram.shell("host data show \(options) --index 3")
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains("rows 0 to 2"))
  }

  @Test func theAuditCountsDuplicates() throws {
    let report = try HostProgram.shell("host data audit \(options) --json").json()
    #expect(report["train"]?["rows"]?.int == 3)
    #expect(report["train"]?["duplicates"]?.int == 1)
    #expect(report["validation"]?["conversations_in_train"]?.int == 1)
    let share = report["train"]?["trained_share"]?.double ?? 0
    #expect(share > 0 && share < 1)
  }

  @Test func rowsThatCannotBeUsedAreCountedNotFatal() throws {
    let bad = try scratch.write(
      """
      {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
      {"messages": [{"role": "user", "content": "a"}]}
      """, to: "bad.jsonl")
    let outcome = try HostProgram.shell("host data audit \(options) --set data.train=\(bad)")
    #expect(outcome.code == 65)
  }

  @Test func exportedRowsAreReadAgainAsTheSameRows() throws {
    let first = try HostProgram.shell("host data export \(options) --tokens")
    let out = scratch.path("export.jsonl")
    let again = try HostProgram.shell(
      "host data export \(options) --out \(out) && "
        + "host data export \(options) --set data.train=\(out) --tokens")
    #expect(first.code == 0 && again.code == 0, "\(again.errors)")
    #expect(first.output.split(separator: "\n").count == 3)
    #expect(first.output == again.output)
    let row = try JSONValue(parsing: String(first.output.split(separator: "\n")[0]))
    let ids = row["input_ids"]?.array ?? [], labels = row["labels"]?.array ?? []
    #expect(ids.count == labels.count && labels.contains(-100))
    #expect(zip(ids, labels).allSatisfy { $1 == -100 || $0 == $1 })
  }

  @Test func aPlanIsARecipeThatPlansTheSame() throws {
    let plan = try HostProgram.shell("host plan \(options) --epochs-of-nothing")
    #expect(plan.code == 64)
    let whole = try HostProgram.shell("host plan \(options)")
    #expect(whole.code == 0, "\(whole.errors)")
    #expect(whole.output.contains("# steps"))
    let file = try scratch.write(whole.output, to: "plan.yaml")
    let again = try HostProgram.run("plan", "--config", file)
    // The last two lines say what the process and the machine have in use just then, and what stands
    // behind a value who has set it.
    let lines = [again, whole].map { outcome in
      outcome.output.split(separator: "\n").dropLast(2).map { line in
        line.hasPrefix("#")
          ? String(line)
          : String(line.split(separator: " # ")[0].reversed().drop { $0 == " " }.reversed())
      }
    }
    #expect(lines[0] == lines[1] && lines[0].count > 40)
  }
}
