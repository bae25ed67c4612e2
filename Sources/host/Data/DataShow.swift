import ArgumentParser
import Runs
import Tasks
import Text

/// `host data show`
struct DataShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows rows as the model sees them.",
    discussion: """
      The text is decoded from the row's token ids. Trained tokens are green on a
      terminal, and stand between ⟦ and ⟧ elsewhere.

      Examples:
        host data show --task hri_dialogue
        host data show --task hri_dialogue --split validation --index 7 --count 3
        host data show --config mine.yaml | less
      """)

  @OptionGroup var task: TaskOptions
  @Option(help: "train, validation or test.") var split = Split.train
  @Option(help: ArgumentHelp("The first row to show, from 0.", valueName: "row")) var index = 0
  @Option(help: ArgumentHelp("How many rows to show.", valueName: "rows")) var count = 1

  func run() throws {
    let session = try TaskSession(task.assemble())
    let data = try session.rows(of: split)
    guard index >= 0, count > 0, index < data.count else {
      throw Diagnosis(
        Diagnosis.usage,
        "--index \(index) --count \(count): the split '\(split.rawValue)' has rows 0 to "
          + "\(data.count - 1)")
    }
    for row in index..<min(index + count, data.count) {
      let example = try data.example(at: row, epoch: 0, seed: session.seed)
      let samples = try session.encoder.samples(
        example, turns: session.assistantTurns, label: "\(split.rawValue) row \(row)")
      for (_, sample) in samples { show(sample, session) }
      if example.metadata != .emptyObject {
        Console.print(Style.dim("metadata " + example.metadata.text(.spaced)))
      }
    }
  }

  private func show(_ sample: Sample, _ session: TaskSession) {
    let trained = sample.isTrained.count { $0 }
    Console.print(
      Style.bold("\(sample.source)")
        + Style.dim("  \(sample.ids.count) tokens, \(trained) trained"))
    Console.print(text(of: sample, session.tokenizer))
    if sample.omission.turns > 0 {
      Console.print(
        Style.dim("left out by the chat template: ") + sample.omission.sentence(rows: nil))
    }
  }

  /// The sample's text, trained stretches marked.
  private func text(of sample: Sample, _ tokenizer: Tokenizer) -> String {
    var text = "", first = 0
    for end in 1...sample.ids.count
    where end == sample.ids.count || sample.isTrained[end] != sample.isTrained[first] {
      let part = tokenizer.decode(Array(sample.ids[first..<end]))
      text += sample.isTrained[first] ? mark(part) : part
      first = end
    }
    return text
  }

  private func mark(_ text: String) -> String {
    Console.output.usesColor ? Style.green(text) : "⟦\(text)⟧"
  }
}
