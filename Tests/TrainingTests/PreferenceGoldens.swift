import Adapters
import Formats
import Foundation
import JSON
import Models
import Objectives
import Tasks
import TestSupport
import Testing

@testable import Training

/// What trl says of a family: `Tests/Goldens/preference`.
struct PreferenceGoldens {
  let folder: String, model: String
  private let runs: JSONValue
  /// The runs' names.
  let names: [String]
  /// Rows of two answers, and rows of one with a label.
  let pairs: [TrainingRow], texts: [TrainingRow]
  private let references: JSONValue

  init(_ family: String) throws {
    let goldens = GoldenRunTests.goldens
    folder = "\(goldens)/preference/\(family)"
    model = "\(goldens)/models/\(family)"
    let file = try JSONValue(readingFile: folder + "/runs.json")
    runs = try #require(file["runs"])
    names = Array(try #require(runs.object).keys)
    references = try #require(file["reference"])
    let rows = try JSONValue(readingFile: "\(goldens)/preference/pairs.json")
    pairs = try #require(rows["pairs"]?.array).enumerated().map { index, row in
      TrainingRow(
        try [("chosen_ids", .chosen), ("rejected_ids", .rejected)].map {
          try Self.sample(row, $0, $1, index)
        }, index: index)
    }
    texts = try #require(rows["texts"]?.array).enumerated().map { index, row in
      let role: Sample.Role = row["label"]?.bool == true ? .desirable : .undesirable
      return TrainingRow([try Self.sample(row, "completion_ids", role, index)], index: index)
    }
  }

  /// The prompt of a row with an answer of which every token is scored.
  private static func sample(
    _ row: JSONValue, _ answer: String, _ role: Sample.Role, _ index: Int
  ) throws -> Sample {
    func ids(_ name: String) throws -> [Int32] {
      try #require(row[name]?.array).compactMap(\.int).map(Int32.init)
    }
    let prompt = try ids("prompt_ids"), answer = try ids(answer)
    return Sample(
      ids: prompt + answer, isTrained: prompt.map { _ in false } + answer.map { _ in true },
      source: "row \(index)", role: role)
  }

  /// The steps of a run.
  func steps(_ run: String) throws -> [JSONValue] { try #require(runs[run]?["steps"]?.array) }

  /// The options of a run's loss.
  func settings(_ run: String) throws -> JSONValue { try #require(runs[run]?["settings"]) }

  /// Members of the rows of `reference.<name>`, row by row.
  func reference(_ name: String, _ members: String...) throws -> [Double] {
    try #require(references[name]?.array).flatMap { row in
      try members.map { try #require(row[$0]?.double) }
    }
  }

  /// What a run minimizes.
  func terms(_ run: String) throws -> [Term] {
    let settings = try settings(run)
    let beta = try #require(settings["beta"]?.double)
    let smoothing = settings["label_smoothing"]?.double ?? 0
    switch runs[run]?["trainer"]?.string {
    case "DPOTrainer":
      let weights = settings["loss_weights"]?.array?.compactMap(\.double)
      return try #require(settings["loss_type"]?.array).enumerated().map { index, type in
        let name = try #require(type.string), weight = weights?[index] ?? 1
        if name == "sft" { return Term(SFT(rows: .pairs), weight: weight) }
        let loss = try #require(PairLoss(rawValue: name))
        return Term(DPO(loss, beta: beta, labelSmoothing: smoothing), weight: weight)
      }
    case "KTOTrainer":
      let kind = try #require(KTO.Kind(rawValue: settings["loss_type"]?.string ?? ""))
      return [
        Term(
          KTO(
            kind, beta: beta, desirable: try #require(settings["desirable_weight"]?.double),
            undesirable: try #require(settings["undesirable_weight"]?.double)))
      ]
    case "CPOTrainer":
      let alpha = try #require(settings["cpo_alpha"]?.double)
      let gamma = try #require(settings["simpo_gamma"]?.double)
      let first: any Objective =
        settings["loss_type"]?.string == "simpo"
        ? SimPO(beta: beta, gamma: gamma, labelSmoothing: smoothing)
        : CPO(beta: beta, labelSmoothing: smoothing)
      return [Term(first)] + (alpha > 0 ? [Term(SFT(rows: .pairs), weight: alpha)] : [])
    case "ORPOTrainer":
      return [Term(ORPO(beta: beta)), Term(SFT(rows: .pairs, scoresPrompts: true))]
    default:
      throw CocoaError(.fileReadCorruptFile)
    }
  }
}

/// A run that goes along with one of trl's.
final class PreferenceTraining {
  let adapters: AdapterSet
  let reference: Reference?
  private let rows: [TrainingRow], batchSize: Int
  private let runner: StepRunner
  private let optimizer: AdamW
  private let learningRate: Double

  /// `batchSize` of a step's four rows are a micro-batch.
  init(_ goldens: PreferenceGoldens, _ run: String, batchSize: Int = 2, sharing: Bool = true) throws
  {
    let model = try CausalLanguageModel(folder: goldens.model)
    adapters = try AdapterSet.load(folder: goldens.model + "/adapter", on: model.seats)
    let terms = try goldens.terms(run)
    reference =
      terms.contains { $0.objective.usesReference }
      ? Reference.snapshot(of: model, with: adapters) : nil
    rows = terms[0].objective.rows == .labels ? goldens.texts : goldens.pairs
    self.batchSize = batchSize
    runner = StepRunner(model, terms: terms, reference: reference, sharesPrefixes: sharing)
    optimizer = AdamW(adapters.parameters)
    learningRate = try #require(goldens.settings(run)["learning_rate"]?.double)
  }

  /// Loss and gradients of step `number`, from 1, without an update.
  func result(_ number: Int) throws -> StepResult {
    let four = Array(rows[((number - 1) % 2 * 4)...].prefix(4))
    return try runner(
      stride(from: 0, to: 4, by: batchSize).map { Array(four[$0..<min($0 + batchSize, 4)]) })
  }

  /// Loss and gradients of step `number` after the updates of the steps up to `last`.
  func result(_ number: Int, after last: Int) throws -> StepResult {
    for step in 1...last { _ = try self.step(step) }
    return try result(number)
  }

  /// Step `number` with its update, and the norm of its gradient.
  func step(_ number: Int) throws -> (StepResult, norm: Double) {
    let result = try result(number), norm = optimizer.norm(result.gradients)
    optimizer.update(
      result.gradients, step: number, learningRate: learningRate, norm: norm, maximumNorm: nil)
    return (result, norm)
  }

  /// The loss and the means of an evaluation of all rows, `batchSize` at once.
  func evaluate(batchSize: Int) throws -> [(name: String, value: Double)] {
    let batches = stride(from: 0, to: rows.count, by: batchSize).map {
      Array(rows[$0...].prefix(batchSize))
    }
    let terms = try runner.prepared(StepRows(batches), own: Array(batches.indices))
    var sums = StepRunner.Evaluated(count: terms.count)
    for batch in batches { sums += runner.evaluate(batch, terms) }
    return [("loss", sums.loss(terms))] + sums.metrics.means
  }
}

extension StepResult {
  /// The mean of what the log calls `name`.
  func mean(_ name: String) -> Double? { metrics.means.first { $0.name == name }?.value }
}
