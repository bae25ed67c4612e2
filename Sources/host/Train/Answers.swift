import Formats
import Generation
import JSON
import Models
import Tasks
import Text

/// Asks a model the rows of a dataset and lets the task's evaluator judge the answers.
struct Judge {
  let session: TaskSession
  let split: Split
  let dataset: any Dataset
  let evaluator: any Evaluator
  /// The rows that are asked, in order.
  let rows: [Int]

  /// A judge over `split`; nil when the task has no evaluator, no such split, or the recipe asks for
  /// losses only. `limit` rows are spread evenly over the split.
  init?(_ session: TaskSession, split: Split, limit: Int?) throws {
    guard session.recipe.evaluation.generates, let dataset = try session.dataset(split),
      dataset.count > 0,
      let evaluator = try session.task.evaluator(split: split, configuration: session.configuration)
    else { return nil }
    self.session = session
    self.split = split
    self.dataset = dataset
    self.evaluator = evaluator
    let count = min(limit ?? dataset.count, dataset.count)
    let total = dataset.count
    rows = (0..<count).map { $0 * total / count }
  }

  /// The report over the model's answers, greedy unless the recipe samples.
  func report(_ model: CausalLanguageModel, label: String) throws -> Report {
    try evaluator.evaluate(predictions(model, label: label))
  }

  /// The model's answers.
  func predictions(_ model: CausalLanguageModel, label: String) throws -> [Prediction] {
    let generator = try generator(model), seed = UInt64(session.recipe.training.seed)
    var bar = ProgressBar(label, total: rows.count, unit: "rows")
    defer { bar.finish() }
    var predictions: [Prediction] = []
    let size = session.recipe.training.evaluationBatchSize
    for first in stride(from: 0, to: rows.count, by: size) {
      let batch = rows[first..<min(first + size, rows.count)]
      let examples = try batch.map { try dataset.example(at: $0, epoch: 0, seed: seed) }
      let prompts = try zip(batch, examples).map { row, example in
        Prompt(ids: try session.encoder.prompt(example.prompt), label: "\(split.rawValue) \(row)")
      }
      let answers = try generator(prompts).sequences
      for ((row, example), answer) in zip(zip(batch, examples), answers) {
        let text = session.tokenizer.decode(answer.ids, skipSpecialTokens: true)
        predictions.append(Prediction(index: row, text: text, example: example))
      }
      bar.update(predictions.count)
    }
    return predictions
  }

  private func generator(_ model: CausalLanguageModel) throws -> Generator {
    let recipe = session.recipe.generation
    let sampler = try Sampler(
      temperature: recipe.samples ? recipe.temperature : 0, topK: recipe.topK, topP: recipe.topP,
      repetitionPenalty: recipe.repetitionPenalty, seed: UInt64(session.recipe.training.seed))
    return try Generator(
      model: model, vocabulary: session.tokenizer.count,
      stopTokens: session.encoder.stopTokens, maximumNewTokens: recipe.maximumNewTokens,
      sampler: sampler)
  }
}
