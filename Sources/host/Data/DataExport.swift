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
      has "weight": 0. A row with sound, or with a choice of several right answers,
      is refused. --tokens adds "input_ids" and "labels" (-100 where nothing is
      trained) of the row as rendered.

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
    if let part = example.turns.lazy.flatMap(\.parts).compactMap(\.unwritable).first {
      throw TaskError(
        .unsupported,
        "\(split.rawValue) row \(row) holds \(part), which has no place among messages of text")
    }
    let messages = example.turns.map { turn in
      turn.isTrained ? turn.message : turn.message.setting("weight", 0)
    }
    var line: JSONValue = ["messages": .array(messages)]
    var further: JSONValue = .emptyObject
    for (name, value) in example.templateVariables {
      // Where the task 'instruct' reads a variable of the template.
      if ["tools", "documents"].contains(name) {
        line = line.setting(name, value)
      } else {
        further = further.setting(name, value)
      }
    }
    if further != .emptyObject { line = line.setting("chat_template_kwargs", further) }
    if example.metadata != .emptyObject { line = line.setting("metadata", example.metadata) }
    if tokens {
      let sample = try session.encoder.sample(example, label: "\(split.rawValue) row \(row)")
      let labels = zip(sample.ids, sample.isTrained).map { id, isTrained -> JSONValue in
        .int(isTrained ? Int(id) : -100)
      }
      line = line.setting("input_ids", .array(sample.ids.map { .int(Int($0)) }))
        .setting("labels", .array(labels))
    }
    return line.text(.spaced)
  }
}
