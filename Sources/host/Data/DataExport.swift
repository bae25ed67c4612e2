import ArgumentParser
import Formats
import JSON
import Runs
import Tasks

/// `host data export`
struct DataExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes a split's rows as JSONL.",
    discussion: """
      A line is {"messages": [{"role", "content", …}], "tools": …, "metadata": …},
      which the task 'instruct' reads as its own data; a turn that is not trained
      has "weight": 0. A preference pair is {"prompt", "chosen", "rejected"}, an
      answer with a label {"prompt", "completion", "label"}, each part a list of
      messages, which the task 'preference' reads. A row with sound, or with a choice
      of several right answers, is refused. --tokens adds "input_ids" and "labels"
      (-100 where nothing is trained) of the row as rendered; of a pair
      "chosen_input_ids", "chosen_labels" and those of the rejected answer.

      Examples:
        host data export --task hri_dialogue --out train.jsonl
        host data export --task hri_dialogue --split validation --tokens | head -1
      """)

  @OptionGroup var task: TaskOptions
  @Option(help: "train, validation or test.") var split = Split.train
  @Option(help: ArgumentHelp("The file to write; else standard output.", valueName: "file"))
  var out: String?
  @Flag(help: "Add token ids and labels.") var tokens = false

  func run() throws {
    let session = try TaskSession(task.assemble())
    try session.reads.check(file: out, option: "--out")
    _ = try out.map(DurableFile.place)
    let data = try session.rows(of: split)
    guard let out else {
      for row in 0..<data.count { Console.print(try line(row, data, session)) }
      return
    }
    _ = try DurableFile.write(to: out) { sink throws(FormatError) in
      for row in 0..<data.count {
        do { try sink.write(line(row, data, session) + "\n") } catch let error as FormatError {
          throw error
        } catch { throw FormatError(.malformed, "\(split.rawValue) row \(row)", "\(error)") }
      }
    }
  }

  private func line(_ row: Int, _ data: any Dataset, _ session: TaskSession) throws -> String {
    let example = try data.example(at: row, epoch: 0, seed: session.seed)
    let label = "\(split.rawValue) row \(row)"
    var line = try PreferenceRow(example, label: label)?.json ?? text(example, label: label)
    if tokens {
      let samples = try session.encoder.samples(
        example, turns: .asRendered, kind: example.kind, label: label)
      for (_, sample) in samples { line = sample.tokens(in: line) }
    }
    return line.text(.spaced)
  }

  /// A row that is learnt as it is.
  private func text(_ example: Example, label: String) throws(TaskError) -> JSONValue {
    if let part = example.turns.lazy.flatMap(\.parts).compactMap(\.unwritable).first {
      throw TaskError(
        .unsupported, "\(label) holds \(part), which has no place among messages of text")
    }
    let messages = example.turns.map { turn in
      turn.isTrained ? turn.message : turn.message.setting("weight", 0)
    }
    return example.besideTurns(in: ["messages": .array(messages)])
  }
}

extension Sample {
  /// The line of a file with the text's tokens in it; those of a pair's texts bear their names.
  fileprivate func tokens(in line: JSONValue) -> JSONValue {
    let prefix = role == .chosen || role == .rejected ? "\(role)_" : ""
    let labels = zip(ids, isTrained).map { id, isTrained -> JSONValue in
      .int(isTrained ? Int(id) : -100)
    }
    return line.setting(prefix + "input_ids", .array(ids.map { .int(Int($0)) }))
      .setting(prefix + "labels", .array(labels))
  }
}
