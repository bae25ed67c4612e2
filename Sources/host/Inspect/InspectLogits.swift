import ArgumentParser
import Formats
import Models
import Runs
import Tensors

/// `host inspect logits`
struct InspectLogits: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logits", abstract: "Writes a model's logits for a list of token ids.",
    discussion: """
      The file holds one tensor 'logits', f32 [ids, vocabulary]: row i is the
      prediction after id i. Of a model that hears, too, the logits are those of
      text alone.

      Examples:
        host inspect logits --model nano-qwen3 --ids 1,2,3 --out logits.safetensors
        host inspect logits --model Qwen/Qwen3-0.6B --adapter output/my_run \\
          --ids 9707,11 --out logits.safetensors
      """)

  @OptionGroup var options: TunedModelOptions
  @Option(help: ArgumentHelp("Token ids, separated by commas.", valueName: "1,2,3"))
  var ids: String
  @Option(help: ArgumentHelp("The safetensors file to write.", valueName: "file"))
  var out: String

  func run() throws {
    let parsed = try parse(ids)
    var reads = OutputGuard()
    reads.add("--model", try options.base.folder(), .model)
    if let adapter = options.adapter { reads.add("--adapter", adapter, .model) }
    try reads.check(file: out, option: "--out")
    _ = try DurableFile.place(of: out)
    let (model, _, _) = try options.load()
    let vocabulary = model.config.vocabularySize
    if let wrong = parsed.first(where: { $0 >= vocabulary }) {
      throw Diagnosis(
        Diagnosis.usage, "--ids: \(wrong) is no id of this model, which has 0 to \(vocabulary - 1)")
    }
    if let audio = model.config.audioToken, parsed.contains(Int32(audio)) {
      throw Diagnosis(
        Diagnosis.usage,
        "--ids: \(audio) stands for sound, which this command cannot give; leave it out")
    }
    let hidden = Recording.off { model.hidden(parsed, Segments(lengths: [parsed.count])) }
    let source = TensorSource(name: "logits", type: .f32, shape: [parsed.count, vocabulary]) {
      sink throws(FormatError) in
      // A few rows at a time: the whole is large where the vocabulary is.
      for first in stride(from: 0, to: hidden.rows, by: 32) {
        let rows = Array(first..<min(first + 32, hidden.rows))
        try sink.write(Recording.off { model.logits(selectRows(hidden, rows)).values })
      }
    }
    _ = try SafeTensorsWriter.write([source], to: out)
  }

  private func parse(_ text: String) throws -> [Int32] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let ids = parts.compactMap { part in Int32(part.filter { $0 != " " }) }.filter { $0 >= 0 }
    guard ids.count == parts.count else {
      throw Diagnosis(Diagnosis.usage, "--ids '\(text)': write token ids like 1,2,3")
    }
    return ids
  }
}
