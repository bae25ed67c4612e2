import Formats
import JSON
import Tasks

/// How a dataset's rows become samples.
struct RowEncoding: Sendable {
  /// What errors call the rows.
  let name: String
  let encoder: ConversationEncoder
  /// What the objective asks of rows.
  let kind: RowKind
  let assistantTurns: AssistantTurns
  let maximumLength: Int
  let policy: TrainingRecipe.Overlength
  let seed: UInt64

  /// The samples of row `row`, however many tokens they have.
  func samples(_ row: Int, of dataset: any Dataset, epoch: Int) throws(TaskError)
    -> [(turn: Int?, sample: Sample)]
  {
    let example = try dataset.example(at: row, epoch: epoch, seed: seed), label = label(ofRow: row)
    do throws(TaskError) {
      return try encoder.samples(example, turns: assistantTurns, kind: kind, label: label)
    } catch { throw dataset.placed(error, row: row, label: label) }
  }

  /// What errors call a row.
  func label(ofRow row: Int) -> String { "\(name) row \(row)" }

  /// The sample, cut to the maximum length; nil when no trained token is left, or a prompt that is to
  /// be answered would lose its end.
  func shortened(_ sample: Sample) -> Sample? {
    guard sample.ids.count > maximumLength else { return sample }
    let cut = sample.prefix(maximumLength)
    return cut.isTrained.contains(true) ? cut : nil
  }

  /// A row's texts, cut to the maximum length, or why the row cannot be used.
  func usable(_ texts: [Sample]) -> Usable {
    let isLong = texts.contains { $0.ids.count > maximumLength }
    guard isLong else { return .whole }
    // What a prompt ends with is what is to be answered.
    guard policy == .truncate, kind != .prompts else { return .refused("longer than max_length") }
    let cut = texts.compactMap(shortened)
    guard cut.count == texts.count else {
      return .refused("no trained token is left after truncation")
    }
    guard cut.count < 2 || cut[0].ids != cut[1].ids else {
      return .refused("chosen and rejected are the same after truncation")
    }
    return .cut(cut)
  }

  /// What becomes of a row's texts.
  enum Usable {
    case whole
    case cut([Sample])
    case refused(String)
  }

  /// All that decides a row's tokens, beside the row and the tokenizer.
  var key: JSONValue {
    let variables = encoder.variables.sorted { $0.key < $1.key }
    return [
      "name": .string(name), "seed": .string("\(seed)"), "max_length": .int(maximumLength),
      "on_overlength": .string(policy.rawValue),
      "assistant_turns": .string(assistantTurns.rawValue), "kind": .string(kind.rawValue),
      "template_sha256": .string(FileDigest(of: Array(encoder.template.source.utf8)).sha256),
      "template_variables": .object(.init(uniqueKeysWithValues: variables)),
      "template_date": encoder.template.usesDate
        ? .string(encoder.template.now.description) : .null,
      "audio_token": encoder.audio.map { .int(Int($0.id)) } ?? .null,
    ]
  }
}
