import ArgumentParser
import Formats
import JSON
import Models
import Training

/// `host plan`
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Shows what a training run would do, without training.",
    discussion: """
      Prints the resolved recipe as YAML, the number of steps, the learning rate's curve and an
      estimate of the memory. The recipe can be saved and run: `host train --config`.

      Examples:
        host plan --task hri_dialogue
        host plan --config mine.yaml --set training_args.num_train_epochs=5 --json
      """)

  @OptionGroup var task: TaskOptions
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let session = try TaskSession(task.assemble())
    guard let train = try session.encoded(.train) else {
      throw Diagnosis(
        Diagnosis.data, "the task '\(session.task.description.name)' has no training rows")
    }
    let options = TrainingOptions(session.recipe, rows: train.count, hasValidation: true)
    let model = try CausalLanguageModel(folder: session.modelFolder)
    let memory = MemoryEstimate(
      model, session.recipe, rowTokens: train.statistics.longest)
    if json {
      let report: JSONValue = [
        "recipe": session.recipe.json, "rows": .int(train.count), "steps": .int(options.steps),
        "learning_rates": .array(
          Self.points(options.steps).map { .double(options.learningRate($0)) }),
        "memory": memory.json,
      ]
      return Console.print(report.text(.pretty))
    }
    Console.output.write(session.recipe.yaml)
    Console.print("")
    print(train, options, memory)
  }

  /// The summary, as comments, so that the whole output is a recipe.
  private func print(
    _ train: EncodedDataset, _ options: TrainingOptions, _ memory: MemoryEstimate
  ) {
    let rows = options.batchSize * options.accumulation
    var table = TextTable(("", .left), ("", .left))
    table.append("# rows", "\(Format.grouped(train.count)), \(rows) a step")
    table.append(
      "# tokens",
      "\(Format.grouped(train.statistics.tokens)), \(Format.grouped(train.statistics.trainedTokens)) "
        + "trained, longest row \(train.statistics.longest)")
    table.append("# steps", "\(options.steps), evaluation every \(options.evaluationSteps)")
    table.append("# learning rate", sketch(options.learningRate, options.steps))
    table.append("# peak", Format.short(options.learningRate.peak))
    table.append("# weights", Format.bytes(memory.weights) + ", mapped from their files")
    table.append("# trained", Format.bytes(memory.trained) + ", with gradients and moments")
    table.append("# activations", "about " + Format.bytes(memory.activations) + " at most")
    Console.print(table.text)
  }

  private func sketch(_ rate: LearningRate, _ steps: Int) -> String {
    let cells = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    return Self.points(steps).map { step in
      cells[min(7, Int(rate(step) / max(rate.peak, .leastNonzeroMagnitude) * 7.999))]
    }.joined()
  }

  /// At most 60 steps, evenly spread, the first and the last among them.
  private static func points(_ steps: Int) -> [Int] {
    let count = min(steps, 60)
    return (0..<count).map { count == 1 ? 1 : 1 + $0 * (steps - 1) / (count - 1) }
  }
}

/// Bytes a run needs, from shapes alone.
struct MemoryEstimate {
  /// The model's stored weights; trained tensors with gradient and two moments; what a micro-batch
  /// of the longest rows keeps for its way back.
  let weights: Int, trained: Int, activations: Int

  init(_ model: CausalLanguageModel, _ recipe: Recipe, rowTokens: Int) {
    let linears = model.linears, config = model.config
    weights = linears.reduce(model.modules.embedding.weight.storedBytes) { sum, linear in
      let count = linear.weight.rows * linear.weight.columns
      guard config.quantization == nil, let kind = recipe.quantization?.kind,
        linear.path != model.head.path
      else { return sum + linear.weight.storedBytes }
      return sum + kind.storedBytes(count)
    }
    let parameters: Int
    switch recipe.peft.method {
    case .full: parameters = linears.reduce(0) { $0 + $1.weight.rows * $1.weight.columns }
    case .lora:
      let names: Set<String>? =
        if case .names(let names) = recipe.peft.targets { Set(names) } else { nil }
      parameters = linears.dropLast().filter { names?.contains($0.name) ?? true }
        .reduce(0) { $0 + recipe.peft.rank * ($1.weight.rows + $1.weight.columns) }
    }
    trained = 4 * 4 * parameters
    let heads = config.headDimension * (config.attentionHeads + config.keyValueHeads)
    // Per token and block: residuals and norms, q, k, v and their rotations, the feed-forward's three.
    let block = 6 * config.hiddenSize + 4 * heads + 3 * config.intermediateSize
    let tokens = rowTokens * recipe.training.trainBatchSize
    let kept =
      recipe.training.usesCheckpointing
      ? config.layers * config.hiddenSize + block : config.layers * block
    activations = 4 * tokens * kept + 4 * 256 * config.vocabularySize
  }

  var json: JSONValue {
    [
      "weight_bytes": .int(weights), "trained_bytes": .int(trained),
      "activation_bytes": .int(activations),
    ]
  }
}
