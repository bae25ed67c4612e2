import Evaluation
import Formats
import Generation
import JSON
import Models
import Tasks
import Text

/// Asks a model the rows of a split and lets the task's evaluator and the recipe's rewards judge the
/// answers.
struct Judge {
  private let session: TaskSession
  private let split: Split
  private let evaluation: EvaluationRun
  private let panel: RewardPanel?
  private let log: RewardLog?

  /// A judge over `split`; nil when the task has no evaluator, no such split, or the recipe asks for
  /// losses only. `limit` rows are spread evenly over the split; `log` keeps what rewards say.
  init?(
    _ session: TaskSession, split: Split, limit: Int?, panel: RewardPanel? = nil,
    log: RewardLog? = nil
  ) throws {
    guard session.recipe.evaluation.generates, let dataset = try session.dataset(split),
      dataset.count > 0,
      let evaluator = try session.task.evaluator(
        split: split, configuration: session.recipe.dataConfiguration)
    else { return nil }
    self.session = session
    self.split = split
    self.panel = panel
    self.log = log
    evaluation = try EvaluationRun(
      dataset: dataset, evaluator: evaluator,
      batchSize: session.recipe.training.evaluationBatchSize, limit: limit, seed: session.seed)
  }

  /// The report over the model's answers, and the answers; greedy unless the recipe samples.
  func judge(
    _ model: CausalLanguageModel, label: String, at moment: RewardLog.Moment
  ) throws -> (report: Report, predictions: [Prediction]) {
    let generator = try generator(model)
    var bar = ProgressBar(label, total: evaluation.rows.count, unit: "rows")
    defer { bar.finish() }
    var scored: [ScoredCompletion] = []
    var (report, predictions) = try evaluation(observe: { bar.update($0.done) }) { questions in
      let answers = try answers(questions, model, generator)
      scored += try score(questions, answers, at: moment)
      return answers
    }
    if let panel { try report.add(scored, of: panel) }
    return (report, predictions)
  }

  /// What the rewards say of the generated answers. A prompt is what the model saw, the template's
  /// words included; rows that the model chose an ending for have nothing to score.
  private func score(
    _ questions: [Question], _ answers: [Answer], at moment: RewardLog.Moment
  ) throws -> [ScoredCompletion] {
    guard let panel else { return [] }
    let completions = try zip(questions, answers).filter { $0.0.example.choices.isEmpty }.map {
      question, answer in
      let prompt = try session.encoder.prompt(question.example.prompt)
      return Completion(
        prompt: session.tokenizer.decode(prompt), text: answer.text,
        metadata: question.example.metadata, group: question.index)
    }
    do {
      let scored = try panel.score(completions)
      try log?.append(scored, at: moment)
      return scored
    } catch let failure as RewardPanel.Failure {
      try log?.append(failure.batch, at: moment)
      throw failure.error
    }
  }

  /// Generated answers, or, for rows that carry choices, the log-likelihood of each.
  private func answers(
    _ questions: [Question], _ model: CausalLanguageModel, _ generator: Generator
  ) throws -> [Answer] {
    let prompts = try questions.map { question in
      Prompt(
        ids: try session.encoder.prompt(question.example.prompt),
        label: "\(split.rawValue) \(question.index)")
    }
    let open = questions.indices.filter { questions[$0].example.choices.isEmpty }
    let closed = questions.indices.filter { !questions[$0].example.choices.isEmpty }
    var answers = questions.map { _ in Answer(text: "") }
    for (index, sequence) in zip(open, try generator(open.map { prompts[$0] }).sequences) {
      answers[index].text = session.tokenizer.decode(sequence.ids, skipSpecialTokens: true)
    }
    let scores = try model.scoreChoices(
      closed.map { index in
        ChoiceQuestion(
          prompt: prompts[index].ids,
          choices: questions[index].example.choices.map(session.tokenizer.encode))
      })
    for (index, score) in zip(closed, scores) { answers[index].choiceLogLikelihoods = score }
    return answers
  }

  private func generator(_ model: CausalLanguageModel) throws -> Generator {
    let recipe = session.recipe.generation
    let sampler = try Sampler(
      temperature: recipe.samples ? recipe.temperature : 0, topK: recipe.topK, topP: recipe.topP,
      repetitionPenalty: recipe.repetitionPenalty, seed: session.seed)
    return try Generator(
      model: model, vocabulary: session.tokenizer.count,
      stopTokens: session.encoder.stopTokens, maximumNewTokens: recipe.maximumNewTokens,
      sampler: sampler)
  }
}
