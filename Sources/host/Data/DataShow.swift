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
      terminal, and stand between ⟦ and ⟧ elsewhere. Of a preference pair the prompt
      comes once, then the two answers.

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
        example, turns: session.assistantTurns, kind: example.kind,
        label: "\(split.rawValue) row \(row)"
      ).map(\.sample)
      if example.isPair {
        show(samples[0], samples[1], session)
      } else {
        for sample in samples { show(sample, session) }
      }
      if example.metadata != .emptyObject {
        Console.print(Style.dim("metadata " + example.metadata.text(.spaced)))
      }
    }
  }

  /// What both texts of a pair begin with, then how each goes on.
  private func show(_ chosen: Sample, _ rejected: Sample, _ session: TaskSession) {
    let firstTrained = [chosen, rejected].compactMap { $0.isTrained.firstIndex(of: true) }.min()
    let common = zip(chosen.ids, rejected.ids).prefix { $0 == $1 }.count
    let prompt = min(common, firstTrained ?? common)
    Console.print(
      Style.bold("\(chosen.source.dropLast(", chosen answer".count)), prompt")
        + Style.dim("  \(prompt) tokens"))
    Console.print(session.tokenizer.decode(Array(chosen.ids[..<prompt])))
    for sample in [chosen, rejected] { show(sample, from: prompt, session) }
  }

  /// The text from a token on, and what is to be said of it. A text with a label says which.
  private func show(_ sample: Sample, from first: Int = 0, _ session: TaskSession) {
    let trained = sample.isTrained.count { $0 }
    let label = ["desirable", "undesirable"].first { $0 == "\(sample.role)" }.map { ", " + $0 }
    Console.print(
      Style.bold("\(sample.source)\(label ?? "")")
        + Style.dim("  \(sample.ids.count - first) tokens, \(trained) trained"))
    Console.print(text(of: sample, from: first, session.tokenizer))
    if sample.omission.turns > 0 {
      Console.print(
        Style.dim("left out by the chat template: ") + sample.omission.sentence(rows: nil))
    }
  }

  /// The sample's text from token `start` on, trained stretches marked.
  private func text(of sample: Sample, from start: Int, _ tokenizer: Tokenizer) -> String {
    var text = "", first = start
    for end in start + 1...sample.ids.count
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
