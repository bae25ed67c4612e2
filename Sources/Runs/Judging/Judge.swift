import Evaluation
import Formats
import Generation
import JSON
import Models
import Ranks
import Tasks
import Text
import Training

/// A report over a model's answers, and the answers.
public typealias Judged = (report: Report, predictions: [Prediction])

/// Asks a model the rows of a split and lets the task's evaluator and the recipe's rewards judge the
/// answers. The answers of preference pairs and of rows with labels are weighed; the model writes its
/// own beside them unless the recipe says otherwise.
public struct Judge {
  let session: TaskSession
  private let split: Split
  private let evaluation: EvaluationRun
  private let panel: RewardPanel?
  private var log: RewardLog?
  /// The ranks that ask the model, each some of the batches.
  var group = Group.alone
  /// Whether the model writes its answers out even where rows carry choices.
  private let generates: Bool

  /// A judge over `split`; nil when the task has no evaluator, no such split, or the recipe asks for
  /// losses only and does not learn what can be weighed. `limit` rows are spread evenly over the
  /// split; `log` keeps what rewards say.
  public init?(
    _ session: TaskSession, split: Split, limit: Int?, panel: RewardPanel? = nil,
    log: RewardLog? = nil, generates: Bool = false
  ) throws {
    self.generates = generates
    if panel != nil, session.givesScores {
      throw session.recipe.fault(
        "rewards",
        "score answers that a model writes, and a reward model writes none; leave them out")
    }
    guard session.judges, let dataset = try session.dataset(split), dataset.count > 0,
      let evaluator = try session.task.evaluator(
        split: split, configuration: session.recipe.dataConfiguration)
    else { return nil }
    self.session = session
    self.split = split
    self.panel = panel
    self.log = log
    evaluation = try EvaluationRun(
      dataset: dataset, evaluator: evaluator,
      batchSize: session.recipe.training.evaluationBatchSize, limit: limit, seed: session.seed
    ) { question in
      try session.encoder.reference(question.example, label: "\(split.rawValue) \(question.index)")
    }
  }

  /// The same, or an error that says why nothing can be judged.
  public static func required(
    _ session: TaskSession, split: Split, limit: Int?, panel: RewardPanel? = nil,
    log: RewardLog? = nil, generates: Bool = false
  ) throws -> Judge {
    guard session.judges else {
      throw session.recipe.fault(
        "evaluation.predict_with_generate",
        "is false, so no answer would be judged; leave it out, or set it to true")
    }
    let judge = try Judge(
      session, split: split, limit: limit, panel: panel, log: log, generates: generates)
    guard let judge else {
      let task = session.task.description
      throw Diagnosis(
        Diagnosis.data,
        task.evaluator == nil
          ? "the task '\(task.name)' has no evaluator, so nothing can judge answers"
          : "the task '\(task.name)' has no rows in the split '\(split.rawValue)'; there are "
            + (try Split.allCases.filter { try session.dataset($0)?.count ?? 0 > 0 })
            .map(\.rawValue).joined(separator: ", "))
    }
    return judge
  }

  /// The rows that are asked, by their indices in the split.
  public var rows: [Int] { evaluation.rows }

  /// The same judge, which keeps nothing of what rewards say.
  var unlogged: Judge {
    var judge = self
    judge.log = nil
    return judge
  }

  /// What the model is asked of the split's row `index`.
  func question(_ index: Int) throws -> Question { try evaluation.question(index) }

  /// What the model should answer, as the chat template writes it.
  func reference(_ question: Question) throws -> String? {
    try session.encoder.reference(question.example, label: label(question))
  }

  /// The evaluator's metrics before any model is asked, with `name` among them if it ever gives that;
  /// their values say nothing. `hasReference`: whether `judge` will be given one.
  func metrics(
    lookingFor name: String, hasReference: Bool = false
  ) throws -> [(name: String, measure: Measure)] {
    let weighing: Weighing =
      session.givesScores ? .scores : .logLikelihoods(withReference: hasReference)
    let few = try evaluation.metrics(limit: 16, weighing: weighing)
    return few.contains { $0.name == name } ? few : try evaluation.metrics(weighing: weighing)
  }

  /// The report over the model's answers, and the answers; greedy unless the recipe samples. Where
  /// answers are weighed, `reference` weighs them too.
  public func judge(
    _ model: CausalLanguageModel, label: String, at moment: RewardLog.Moment,
    reference: ReferenceLikelihoods? = nil
  ) throws -> Judged {
    let generator = session.givesScores ? nil : try generator(model)
    var scored: [(number: Int, value: [PackedScore])] = []
    let predictions = try session.tell.during(
      label, total: evaluation.rows.count, unit: "rows"
    ) { reached in
      try evaluation.predictions(
        in: group, together: { try model.together($0) }, observe: { reached($0.done) }
      ) { batch, questions in
        try leaveWhereAsked()
        let answers = try answers(questions, model, generator, reference)
        let scores = try score(questions, answers, at: moment)
        scored.append((batch, scores.map(PackedScore.init)))
        return answers
      }
    }
    return (try report(predictions, scored, at: moment), predictions)
  }

  /// Leaves between two batches where the user wants that; several ranks leave together only.
  private func leaveWhereAsked() throws(TaskError) {
    guard group.isAlone, session.catalog.isCancelled() else { return }
    throw TaskError(.cancelled, "interrupted while a model was answering")
  }

  /// The report, which rank 0 makes, at all ranks; `scored` is what rewards said of the batches here.
  private func report(
    _ predictions: [Prediction], _ scored: [(number: Int, value: [PackedScore])],
    at moment: RewardLog.Moment
  ) throws -> Report {
    let count = (evaluation.rows.count + evaluation.batchSize - 1) / evaluation.batchSize
    let batches = try group.inOrder("rewards of answers", of: count, scored)
      .map { $0.map(\.scored) }
    func report() throws -> Report {
      var report = try evaluation.report(predictions)
      if !group.isAlone, panel != nil {
        for batch in batches { try log?.append(batch, at: moment) }
      }
      if let panel { try report.add(Array(batches.joined()), of: panel) }
      return report
    }
    if group.isAlone { return try report() }
    let text = try group.share("the report") { try report().json.text(.compact) }
    return try Report(json: JSONValue(parsing: Array(text.utf8)))
  }

  /// What the rewards say of the generated answers. A prompt is what the model saw, the template's
  /// words included; rows that the model chose an ending for have nothing to score.
  private func score(
    _ questions: [Question], _ answers: [Answer], at moment: RewardLog.Moment
  ) throws -> [ScoredCompletion] {
    guard let panel else { return [] }
    let completions = try zip(questions, answers).filter { isWritten($0.0) }.map {
      question, answer in
      let prompt = session.tokenizer.encode(
        try session.encoder.question(question.example, label: label(question)))
      return Completion(
        prompt: session.tokenizer.decode(prompt), text: answer.text,
        metadata: question.example.metadata, group: question.index, tokens: answer.tokens,
        isTruncated: answer.isTruncated, reference: try reference(question))
    }
    do {
      let scored = try panel.score(completions)
      // Where there are several ranks, rank 0 writes in the rows' order.
      if group.isAlone { try log?.append(scored, at: moment) }
      return scored
    } catch let failure as RewardPanel.Failure {
      try log?.append(failure.batch, at: moment)
      throw failure.error
    }
  }

  /// Whether the model writes its own answer to the row.
  private func isWritten(_ question: Question) -> Bool {
    guard !session.givesScores else { return false }
    return question.example.kind.isWeighed
      ? session.recipe.evaluation.generates : generates || question.example.choices.isEmpty
  }

  /// Generated answers, and the log-likelihoods of the answers that a row holds; or, for rows that
  /// carry choices, the log-likelihood of each.
  private func answers(
    _ questions: [Question], _ model: CausalLanguageModel, _ generator: Generator?,
    _ reference: ReferenceLikelihoods?
  ) throws -> [Answer] {
    var answers = questions.map { _ in Answer(text: "") }
    let open = questions.indices.filter { isWritten(questions[$0]) }
    let prompts = try open.map { index in
      let prompt = try session.encoder.prompt(
        questions[index].example, label: label(questions[index]))
      return Prompt(ids: prompt.ids, media: prompt.media, label: prompt.source)
    }
    for (index, sequence) in zip(open, try generator?(prompts).sequences ?? []) {
      answers[index].text = session.tokenizer.decode(sequence.ids, skipSpecialTokens: true)
      answers[index].tokens = sequence.tokenCount
      answers[index].isTruncated = sequence.finishReason == .length
    }
    let weighed = questions.indices.filter { questions[$0].example.kind.isWeighed }
    let asked = weighed.map { questions[$0] }
    if session.givesScores {
      for (index, scores) in zip(weighed, try scores(asked, model)) {
        answers[index].scores = scores
      }
    } else {
      for (index, weights) in zip(weighed, try weigh(asked, model, reference)) {
        answers[index].choiceLogLikelihoods = weights
      }
    }
    let closed = questions.indices.filter { !open.contains($0) && !weighed.contains($0) }
    for (index, scores) in zip(closed, try choose(closed.map { questions[$0] }, model)) {
      answers[index].choiceLogLikelihoods = scores
    }
    return answers
  }

  /// A row as errors name it.
  func label(_ question: Question) -> String { "\(split.rawValue) \(question.index)" }

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
