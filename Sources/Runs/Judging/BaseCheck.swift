import Evaluation
import Formats
import Generation
import Models
import Tasks

/// A digest of what a model says, to the last bit: the log-likelihoods of a few rows' references. A
/// base model that bears an adapter's trace, or has not been put back, gives another one.
public struct BaseCheck {
  private let questions: [ChoiceQuestion]
  /// Rows behind the digest.
  public var rows: Int { questions.count }

  /// Prepares up to `rows` of the rows that `judge` asks.
  public init(_ session: TaskSession, _ judge: Judge, rows: Int = 4) throws {
    let sample = sampledRows(of: judge.rows.count, limit: rows, seed: session.seed)
    let ending = Array(session.encoder.stopTokens.sorted().prefix(1))
    questions = try sample.map { row in
      let question = try judge.question(judge.rows[row])
      let prompt = try session.encoder.prompt(question.example, label: judge.label(question))
      let reference = try session.tokenizer.encode(judge.reference(question) ?? "").prefix(16)
      return ChoiceQuestion(
        prompt: prompt.ids, media: prompt.media,
        choices: [reference.isEmpty ? ending : Array(reference)])
    }
  }

  /// SHA-256 of the model's log-likelihoods as it is now.
  public func digest(_ model: CausalLanguageModel) throws -> String {
    let scores = try model.scoreChoices(questions).joined()
    let bytes = scores.flatMap { score in
      withUnsafeBytes(of: score.bitPattern.littleEndian) { Array($0) }
    }
    return FileDigest(of: bytes).sha256
  }
}
