public import Ranks
import Tasks

/// Asks a model every row of a dataset, a batch at a time, and has the answers judged.
public struct EvaluationRun {
  /// How far an evaluation is.
  public struct Progress: Sendable {
    /// Rows answered so far, rows in all.
    public let done: Int, total: Int
    /// The answers of the batch that has just been given.
    public let batch: [Prediction]
  }

  /// Rows asked at once.
  public let batchSize: Int
  /// The rows to ask, by rising indices.
  public let rows: [Int]
  /// Decides the random choices that rows are made with.
  public let seed: UInt64
  private let dataset: any Dataset
  private let evaluator: any Evaluator
  private let reference: (Question) throws -> String?

  /// Describes an evaluation of `limit` rows, which are spread over the dataset by `sampledRows` and
  /// are the same each time; nil asks all. `reference` says what the right answer to a row is.
  public init(
    dataset: any Dataset, evaluator: any Evaluator, batchSize: Int, limit: Int? = nil,
    seed: UInt64 = 42, reference: @escaping (Question) throws -> String? = { $0.example.reference }
  ) throws(TaskError) {
    guard batchSize > 0 else {
      throw TaskError(.configuration, "the batch size is \(batchSize); 1 or more is needed")
    }
    guard limit ?? 1 > 0 else {
      throw TaskError(.configuration, "the limit is \(limit ?? 0) rows; 1 or more is needed")
    }
    self.dataset = dataset
    self.evaluator = evaluator
    self.batchSize = batchSize
    self.seed = seed
    self.reference = reference
    rows = sampledRows(of: dataset.count, limit: limit, seed: seed)
  }

  /// Asks all rows in order and judges the answers. `respond` encodes the prompts of a batch,
  /// generates or scores, decodes, and gives one answer for each; what it throws ends the run.
  /// Tensors of rows (clips, pictures) are let go with their batch, since evaluators never see them.
  public func callAsFunction(
    observe: (Progress) -> Void = { _ in }, respond: ([Question]) throws -> [Answer]
  ) throws -> (report: Report, predictions: [Prediction]) {
    let predictions = try predictions(in: .alone, observe: observe) { try respond($1) }
    return (try evaluator.evaluate(predictions), predictions)
  }

  /// What the evaluator says of the answers.
  public func report(_ predictions: [Prediction]) throws -> Report {
    try evaluator.evaluate(predictions)
  }

  /// The answers to all rows in their order, at rank 0; each rank of `group` asks some of the batches,
  /// whose numbers `respond` is told. Elsewhere only the answers found there. `together` runs what asks
  /// the model, where ranks must do that at the same time.
  public func predictions(
    in group: Group, together: @escaping (() throws -> Void) throws -> Void = { try $0() },
    observe: (Progress) -> Void = { _ in }, respond: (_ batch: Int, [Question]) throws -> [Answer]
  ) throws -> [Prediction] {
    guard !rows.isEmpty else {
      throw TaskError(.data, "the dataset to evaluate has no rows; see the recipe's data section")
    }
    let batches = stride(from: 0, to: rows.count, by: batchSize).map {
      rows[$0...].prefix(batchSize)
    }
    var found: [Int: [Prediction]] = [:]
    let all = try group.inOrder("answers", of: batches.count) {
      var own: [(number: Int, value: [Answer])] = []
      try together {
        for number in group.dealt(batches.count) {
          let questions = try batches[number].map(question)
          let answers = try respond(number, questions)
          precondition(
            answers.count == questions.count,
            "evaluation: \(answers.count) answers to \(questions.count) questions")
          let batch = try predictions(questions, answers)
          found[number] = batch
          own.append((number, answers))
          // Other ranks are about as far.
          let last = batches[min(number + group.count, batches.count) - 1]
          observe(Progress(done: last.endIndex, total: rows.count, batch: batch))
        }
      }
      return own
    }
    return try group.together("the answers' rows") {
      try batches.indices.flatMap { number in
        if let batch = found[number] { return batch }
        guard group.isFirst else { return [] }
        return try predictions(try batches[number].map(question), all[number])
      }
    }
  }

  private func predictions(
    _ questions: [Question], _ answers: [Answer]
  ) throws -> [Prediction] {
    try zip(questions, answers).map { question, answer in
      Prediction(question, answer, reference: try reference(question))
    }
  }

  /// What the model is asked of the dataset's row `index`.
  public func question(_ index: Int) throws(TaskError) -> Question {
    Question(index: index, example: try dataset.example(at: index, epoch: 0, seed: seed))
  }

  /// The metrics that the evaluator gives, found before any model is asked: it judges the right
  /// answers to `limit` rows, or all. Only names and directions say anything, and that a metric is
  /// missing only where all rows were judged: few may leave it undefined. `weighing`: what there will
  /// be of answers.
  public func metrics(
    limit: Int? = nil, weighing: Weighing = .logLikelihoods(withReference: false)
  ) throws(TaskError) -> [(name: String, measure: Measure)] {
    var predictions: [Prediction] = []
    for row in sampledRows(of: rows.count, limit: limit, seed: seed) {
      let question = try question(rows[row])
      let answer = Answer(rightFor: question.example, weighing)
      predictions.append(Prediction(question, answer, reference: nil))
    }
    return try evaluator.evaluate(predictions).metrics
  }
}

extension Answer {
  /// The reference itself, or all but certainty that it stands among the row's choices, or that the
  /// chosen answer is given.
  fileprivate init(rightFor example: Example, _ weighing: Weighing) {
    let scores = example.kind == .pairs ? [-1.0, -14] : example.kind == .labels ? [-1] : []
    guard scores.isEmpty else {
      switch weighing {
      case .scores: self.init(text: "", scores: scores)
      case .logLikelihoods(let withReference):
        let reference = withReference ? scores.map { _ in -7.0 } : []
        self.init(text: example.reference ?? "", choiceLogLikelihoods: scores + reference)
      }
      return
    }
    let right = example.places.isEmpty ? [example.reference ?? ""] : example.places.map(\.text)
    self.init(
      text: example.choices.isEmpty ? right[0] : "",
      choiceLogLikelihoods: example.choices.isEmpty
        ? [] : right.flatMap { right in example.choices.map { $0 == right ? -1e-6 : -14 } })
  }
}

extension Prediction {
  init(_ question: Question, _ answer: Answer, reference: String?) {
    var example = question.example
    let scored = answer.choiceLogLikelihoods.count, texts = example.scoredTexts
    precondition(
      scored == 0 || scored == texts || scored == 2 * texts && example.choices.isEmpty,
      "evaluation: \(scored) log-likelihoods for \(texts) texts")
    precondition(
      answer.scores.isEmpty || answer.scores.count == texts,
      "evaluation: \(answer.scores.count) scores for \(texts) texts")
    example.tensors = [:]
    self.init(
      index: question.index, text: answer.text, example: example,
      choiceLogLikelihoods: answer.choiceLogLikelihoods, scores: answer.scores,
      reference: reference)
  }
}

extension Example {
  /// How many texts of the row are weighed.
  fileprivate var scoredTexts: Int {
    switch kind {
    case .pairs: 2
    case .labels: 1
    case .texts, .prompts: choices.count * max(1, places.count)
    }
  }
}
