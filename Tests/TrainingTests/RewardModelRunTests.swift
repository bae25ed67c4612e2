import Adapters
import Formats
import Generation
import JSON
import Layers
import Models
import Objectives
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Training

/// Twenty optimizer steps of reward models against trl, scores against transformers.
@Suite struct RewardModelRunTests {
  static let runs = ["llama", "qwen2", "qwen3"].flatMap { family in
    ["plain", "centered", "full"].map { (family: family, name: $0) }
  }

  /// What trl logs of each step.
  @Test(arguments: runs) func steps(of run: (family: String, name: String)) throws {
    let goldens = try RewardModelGoldens(run.family)
    let steps = try #require(goldens.file["runs"]?[run.name]?["steps"]?.array)
    try #require(steps.count == 20)
    let training = try RewardModelTraining(goldens, run.name)
    for (index, expected) in steps.enumerated() {
      let (result, norm) = try training.step(index + 1)
      let what = "\(run), step \(index + 1)"
      expectClose(
        result.loss, try #require(expected["loss"]?.double), atol: 1e-6,
        rtol: index == 0 ? 1e-4 : 1e-3, what)
      expectClose(
        norm, try #require(expected["grad_norm"]?.double), atol: 1e-5, rtol: 1e-3, "\(what), norm")
      for name in ["accuracy", "margin", "min_reward", "mean_reward", "max_reward"] {
        let mean = try #require(result.mean(name), "\(what), \(name)")
        expectClose(
          mean, try #require(expected[name]?.double), atol: 1e-4, rtol: 1e-3, "\(what), \(name)")
      }
    }
  }

  /// Every gradient of the first step that the folder has, the head's among them.
  @Test(arguments: runs) func gradients(of run: (family: String, name: String)) throws {
    let goldens = try RewardModelGoldens(run.family)
    let file = try SafeTensorsFile(path: goldens.folder + "/gradients.safetensors")
    let training = try RewardModelTraining(goldens, run.name)
    let gradients = try training.result(1).gradients
    var compared = 0
    for parameter in training.trainable.parameters {
      let name = "\(run.name)/\(parameter.name)"
      guard run.name != "full" || file.entries[name] != nil else { continue }
      let gradient = try #require(parameter.tensor.slot.flatMap { gradients[$0] })
      let expected = try file.floats(name), largest = expected.map { abs($0) }.max() ?? 0
      expectClose(gradient.values, expected, atol: 1e-5 * Double(largest), rtol: 1e-3, name)
      compared += 1
    }
    #expect(compared == file.entries.keys.count { $0.hasPrefix(run.name + "/") })
  }

  /// The score of each text as transformers gives it with PEFT's adapter: all texts packed, with their
  /// prompts computed once, and each one alone.
  @Test(arguments: ["llama", "qwen2", "qwen3"]) func scores(family: String) throws {
    let goldens = try RewardModelGoldens(family)
    let model = try goldens.start("plain").model, texts = goldens.pairs.flatMap(\.texts)
    let expected = try #require(goldens.file["scores"]?.array).compactMap(\.double)
    let packed = try model.scores(of: texts)
    expectClose(packed, expected, atol: 1e-5, rtol: 1e-4, family)
    let alone = try texts.flatMap { try model.scores(of: [$0]) }
    expectClose(alone, packed, atol: 1e-5, rtol: 1e-5, family)
  }

  /// A sequence classifier that transformers has saved; texts of which the last token is padding.
  @Test func aClassifiersFolder() throws {
    let goldens = try RewardModelGoldens("llama")
    let model = try CausalLanguageModel(folder: goldens.folder + "/classifier")
    #expect(model.givesScores && model.head.path == "score" && model.config.padToken == 0)
    let rows = try #require(goldens.file["classifier"]?.array)
    let texts = try rows.map { row -> Sample in
      let ids = try #require(row["ids"]?.array).compactMap(\.int).map(Int32.init)
      return Sample(ids: ids, isTrained: ids.map { _ in false }, source: "text", role: .prompt)
    }
    try #require(texts.count == 20)
    expectClose(
      try model.scores(of: texts), rows.compactMap { $0["score"]?.double }, atol: 1e-5, rtol: 1e-4)
  }

  /// A reward model writes no text, and a language model gives no scores.
  @Test func whatIsAskedOfTheWrongHeadIsRefused() throws {
    let goldens = try RewardModelGoldens("llama")
    let classifier = try CausalLanguageModel(folder: goldens.folder + "/classifier")
    let text = goldens.pairs[0].texts[0]
    let writing = #expect(throws: GenerationError.self) {
      try Generator(model: classifier, vocabulary: 9, stopTokens: [], maximumNewTokens: 1)
    }
    #expect(writing?.message.contains("gives scores of texts and writes none") == true)
    #expect(throws: GenerationError.self) { try classifier.logLikelihoods(of: [text]) }
    let language = try CausalLanguageModel(folder: goldens.model)
    let scoring = #expect(throws: GenerationError.self) { try language.scores(of: [text]) }
    #expect(scoring?.message.contains("without the head of a score") == true)
    let loading = #expect(throws: FormatError.self) {
      try AdapterSet.load(folder: goldens.folder + "/adapter", on: language.seats)
    }
    #expect(loading?.message.contains("makes a reward model of its base") == true)
    let config = try #require(try ModelConfig(folder: goldens.model).scoring(padToken: nil))
    #expect(throws: FormatError.self) {
      try CausalLanguageModel(folder: goldens.model, config: config)
    }
  }

  /// How a step is cut, shared prompts and checkpointing change nothing beyond rounding.
  @Test func cuts() throws {
    let goldens = try RewardModelGoldens("qwen3")
    func result(_ size: Int, _ sharing: Bool, _ checkpointing: Bool) throws -> (
      Double, [[Float]], [Double]
    ) {
      let training = try RewardModelTraining(
        goldens, "centered", batchSize: size, sharing: sharing)
      training.model.usesCheckpointing = checkpointing
      let result = try training.result(1)
      return (
        result.loss,
        try training.trainable.parameters.map {
          try #require($0.tensor.slot.flatMap { result.gradients[$0] }).values
        }, result.metrics.means.map(\.value)
      )
    }
    let whole = try result(4, false, false)
    for (size, sharing, checkpointing) in [
      (1, false, false), (3, true, false), (2, true, true), (4, true, true), (1, true, false),
    ] {
      let part = try result(size, sharing, checkpointing)
      let what = "\(size), \(sharing), \(checkpointing)"
      expectClose(part.0, whole.0, rtol: 1e-5, what)
      expectClose(part.2, whole.2, atol: 1e-5, rtol: 1e-4, what)
      for (a, b) in zip(part.1, whole.1) {
        let largest = b.map { abs($0) }.max() ?? 0
        expectClose(a, b, atol: 1e-4 * Double(largest), rtol: 1e-3, what)
      }
    }
  }

  /// The head's first values follow from the seed, as far apart as config.json says.
  @Test func firstValuesOfTheHead() throws {
    let folder = GoldenRunTests.goldens + "/models/qwen3"
    let config = try #require(try ModelConfig(folder: folder).scoring(padToken: 0))
    func head(_ seed: UInt64) throws -> [Float] {
      try CausalLanguageModel(folder: folder, config: config, headSeed: seed).head.weight.tensor()
        .values
    }
    #expect(try head(3) == head(3) && head(3) != head(4))
    let squares = try head(3).map { $0 * $0 }.reduce(0, +) / 48
    #expect((0.01...0.03).contains(squares.squareRoot()))
  }

  /// The plan of memory knows the head, and that there is none of a language model.
  @Test func thePlanCountsTheHead() throws {
    let goldens = try RewardModelGoldens("qwen2")
    let (model, trainable) = try goldens.start("plain")
    let config = try #require(trainable.adapters).config
    let numbers = trainable.parameters.reduce(0) { $0 + $1.tensor.count }
    #expect(
      TrainingSetup(model, quantization: nil, adapters: config).trainedParameters == numbers)
    let language = try CausalLanguageModel(folder: goldens.model)
    let full = [model, language].map {
      TrainingSetup($0, quantization: nil, adapters: nil).trainedParameters
    }
    // Qwen2's head is a matrix of its own.
    #expect(full[1] - full[0] == 160 * 40 - 40)
    #expect(trainable.parameters.last?.name == "base_model.model.score.weight")
    #expect(trainable.parameters.last?.decays == true)
  }
}
