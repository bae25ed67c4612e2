import Formats
import Names
import Tasks
import Training

/// The metric that chooses the best step and ends a run early, where the recipe asks for either.
struct WatchedMetric {
  /// Which way a metric improves.
  enum Direction {
    case lower, higher

    init(_ measure: Measure) { self = measure.lowerIsBetter ? .lower : .higher }
  }

  private let recipe: Recipe
  /// The key that asks for it.
  private let key: String

  /// nil when nothing depends on a metric.
  init?(_ recipe: Recipe) {
    let training = recipe.training
    let keys = [
      ("metric_for_best_model", training.bestMetric != nil),
      ("early_stopping_patience", training.stoppingPatience != nil),
      ("load_best_model_at_end", training.loadsBestModel),
    ]
    guard let key = keys.first(where: \.1)?.0 else { return nil }
    self.recipe = recipe
    self.key = "training_args." + key
  }

  /// Which way the metric improves. Refuses a run that could never tell its best step: one without
  /// validation rows, or one whose evaluations do not give the metric. What they give is known
  /// beforehand from `judge`, unless its evaluator fails on what it is shown: then the answer is nil,
  /// and the base model's report must decide.
  func direction(
    hasValidation: Bool, _ judge: Judge?, _ panel: RewardPanel?
  ) throws -> Direction? {
    guard hasValidation else {
      throw recipe.fault(
        key,
        "needs a validation split, which the data does not have; name one, or leave the key out")
    }
    let metric = Self.bare(recipe.bestMetric)
    if metric == "loss", recipe.objective.type != .grpo { return .lower }
    var given: [(name: String, direction: Direction)] = []
    if let judge {
      guard
        let own = try? judge.metrics(
          lookingFor: metric, hasReference: [Term](recipe.objective).useReference)
      else { return nil }
      let rewards = panel.map { ["reward"] + $0.members.map { "reward/" + $0.name } } ?? []
      given = own.map { ($0.name, Direction($0.measure)) } + rewards.map { ($0, .higher) }
    }
    return try direction(amongst: given)
  }

  /// Which way the metric improves, by a report.
  func direction(in report: Report) throws -> Direction {
    try direction(amongst: report.metrics.map { ($0.name, Direction($0.measure)) })
  }

  /// Refuses a metric that is neither the loss nor one of `given`.
  private func direction(
    amongst given: [(name: String, direction: Direction)]
  ) throws -> Direction {
    let metric = recipe.bestMetric, bare = Self.bare(metric)
    let loss = recipe.objective.type == .grpo ? [] : [("loss", Direction.lower)]
    let known = loss + given + rewards
    if let found = known.first(where: { $0.0 == bare }) { return found.1 }
    let names = known.map(\.0)
    let hint = nearestName(to: bare, among: names).map { "; did you mean '\($0)'?" } ?? ""
    throw recipe.fault(
      "training_args.metric_for_best_model",
      "is '\(metric)', which no evaluation gives; there are "
        + names.map { "eval_" + $0 }.joined(separator: ", ") + hint)
  }

  /// What the objective says of itself, as far as better and worse can be told.
  private var rewards: [(String, Direction)] {
    [Term](recipe.objective).flatMap { $0.objective.directions }.map {
      ($0.name, $0.higherIsBetter ? .higher : .lower)
    }
  }

  private static func bare(_ name: String) -> String {
    name.hasPrefix("eval_") ? String(name.dropFirst("eval_".count)) : name
  }
}

extension Recipe {
  /// The metric that chooses the best step: the loss, or, where completions are sampled, what they earn.
  var bestMetric: String {
    training.bestMetric ?? (objective.type == .grpo ? "eval_reward" : "eval_loss")
  }
}
