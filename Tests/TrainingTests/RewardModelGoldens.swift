import Adapters
import Formats
import Foundation
import JSON
import Layers
import Models
import Objectives
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Training

/// What trl and transformers say of a family's reward model: `Tests/Goldens/reward_model`.
struct RewardModelGoldens {
  static let root = GoldenRunTests.goldens + "/reward_model"

  let folder: String, model: String
  let file: JSONValue
  /// Rows of two texts.
  let pairs: [TrainingRow]

  init(_ family: String) throws {
    folder = "\(Self.root)/\(family)"
    model = "\(GoldenRunTests.goldens)/models/\(family)"
    file = try JSONValue(readingFile: folder + "/runs.json")
    pairs = try PreferenceGoldens(family).pairs
  }

  /// The model as a run starts from it, and what that trains.
  func start(_ run: String) throws -> (model: CausalLanguageModel, trainable: Trainable) {
    let config = try #require(try ModelConfig(folder: model).scoring(padToken: 0))
    let model = try CausalLanguageModel(folder: model, config: config, headSeed: 1)
    guard run != "full" else {
      let head = try SafeTensorsFile(path: folder + "/gradients.safetensors").floats("score.weight")
      model.head.substitute(
        .tensor(Tensor(rows: 1, columns: config.hiddenSize, values: head)))
      return (model, .full(model.unfreeze(), constants: [], config))
    }
    let adapters = try AdapterSet.load(
      folder: folder + "/adapter", on: model.seats)
    adapters.trainHead(model.head)
    return (model, .adapter(adapters))
  }
}

/// A run that goes along with one of trl's.
final class RewardModelTraining {
  let model: CausalLanguageModel
  let trainable: Trainable
  private let rows: [TrainingRow], batchSize: Int
  private let runner: StepRunner
  private let optimizer: AdamW
  private let learningRate: Double

  /// `batchSize` of a step's four rows are a micro-batch.
  init(_ goldens: RewardModelGoldens, _ run: String, batchSize: Int = 4, sharing: Bool = true)
    throws
  {
    (model, trainable) = try goldens.start(run)
    let settings = try #require(goldens.file["runs"]?[run]?["settings"])
    let centering = settings["center_rewards_coefficient"]?.double ?? 0
    rows = goldens.pairs
    self.batchSize = batchSize
    runner = StepRunner(
      model, terms: [Term(RewardModel(centering: centering))], sharesPrefixes: sharing)
    optimizer = AdamW(trainable.parameters)
    learningRate = try #require(settings["learning_rate"]?.double)
  }

  /// Loss and gradients of step `number`, from 1, without an update.
  func result(_ number: Int) throws -> StepResult {
    let four = Array(rows[((number - 1) % 2 * 4)...].prefix(4))
    return try runner(
      stride(from: 0, to: 4, by: batchSize).map { Array(four[$0..<min($0 + batchSize, 4)]) })
  }

  /// Step `number` with its update, and the norm of its gradient.
  func step(_ number: Int) throws -> (StepResult, norm: Double) {
    let result = try result(number), norm = optimizer.norm(result.gradients)
    optimizer.update(
      result.gradients, step: number, learningRate: learningRate, norm: norm, maximumNorm: nil)
    return (result, norm)
  }
}
