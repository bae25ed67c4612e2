import Formats
import JSON
import OrderedCollections

/// `trainer_state.json` as transformers' Trainer writes it.
public struct TrainerState: Sendable, Hashable {
  /// Optimizer steps done, and epochs.
  public var globalStep = 0, epoch = 0.0
  /// Steps and epochs of the whole run.
  public var maxSteps = 0, epochs = 0.0
  /// Intervals, in steps.
  public var loggingSteps = 0, evalSteps = 0, saveSteps = 0
  /// Rows of a micro-batch.
  public var trainBatchSize = 0
  /// The best value of the metric watched, where it was reached, and the checkpoint kept for it.
  public var bestMetric: Double?, bestGlobalStep: Int?, bestCheckpoint: String?
  /// Evaluations since the best one: early stopping's count.
  public var evaluationsWithoutGain = 0
  /// What the steps since the last row of the log have added up to, as the trainer keeps it.
  public var logWindow = JSONValue.emptyObject
  /// Whether the evaluation of the last step is still to be done: it failed, or was interrupted.
  public var owesEvaluation = false
  /// Tokens read so far.
  public var tokensSeen = 0
  /// Rows of `loss` and of `eval_loss`, in order.
  public var logHistory: [JSONValue] = []

  /// The state before the first step.
  public init() {}

  /// The file's content, keys sorted.
  public var json: JSONValue {
    [
      "best_global_step": bestGlobalStep.map(JSONValue.int) ?? .null,
      "best_metric": bestMetric.map(JSONValue.double) ?? .null,
      "best_model_checkpoint": bestCheckpoint.map(JSONValue.string) ?? .null,
      "epoch": .double(epoch), "eval_steps": .int(evalSteps), "global_step": .int(globalStep),
      "is_hyper_param_search": false, "is_local_process_zero": true, "is_world_process_zero": true,
      "log_history": .array(logHistory), "logging_steps": .int(loggingSteps),
      "max_steps": .int(maxSteps), "num_input_tokens_seen": .int(tokensSeen),
      "num_train_epochs": Int(exactly: epochs).map(JSONValue.int) ?? .double(epochs),
      "save_steps": .int(saveSteps),
      "stateful_callbacks": [
        "EarlyStoppingCallback": [
          "attributes": ["early_stopping_patience_counter": .int(evaluationsWithoutGain)]
        ],
        "LogWindow": [
          "attributes": [
            "evaluation_pending": .bool(owesEvaluation), "sums": logWindow,
          ]
        ],
      ],
      "total_flos": 0, "train_batch_size": .int(trainBatchSize), "trial_name": nil,
      "trial_params": nil,
    ]
  }

  /// Reads the file's content.
  public init?(json: JSONValue) {
    guard let step = json["global_step"]?.int, let history = json["log_history"]?.array else {
      return nil
    }
    globalStep = step
    logHistory = history
    epoch = json["epoch"]?.double ?? 0
    maxSteps = json["max_steps"]?.int ?? 0
    epochs = json["num_train_epochs"]?.double ?? 0
    loggingSteps = json["logging_steps"]?.int ?? 0
    evalSteps = json["eval_steps"]?.int ?? 0
    saveSteps = json["save_steps"]?.int ?? 0
    trainBatchSize = json["train_batch_size"]?.int ?? 0
    bestMetric = json["best_metric"]?.double
    bestGlobalStep = json["best_global_step"]?.int
    bestCheckpoint = json["best_model_checkpoint"]?.string
    tokensSeen = json["num_input_tokens_seen"]?.int ?? 0
    let stopping = json["stateful_callbacks"]?["EarlyStoppingCallback"]?["attributes"]
    evaluationsWithoutGain = stopping?["early_stopping_patience_counter"]?.int ?? 0
    let window = json["stateful_callbacks"]?["LogWindow"]?["attributes"]
    logWindow = window?["sums"] ?? .emptyObject
    owesEvaluation = window?["evaluation_pending"]?.bool ?? false
  }

  /// Reads the file at `path`; nil when it is not one.
  public init?(path: String) {
    guard let text = AppendedFile.read(path), let json = try? JSONValue(parsing: text) else {
      return nil
    }
    self.init(json: json)
  }

  /// Replaces the file at `path`.
  public func write(to path: String) throws(FormatError) {
    let style = JSONValue.Style(indent: 2, sortsKeys: true, isSpaced: true)
    try DurableFile.write(json.text(style) + "\n", to: path)
  }
}
