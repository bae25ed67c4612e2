import Formats
import Tasks

/// The metric that chooses the best step and ends a run early, where the recipe asks for either.
struct WatchedMetric {
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

  /// Refuses a run that could never tell its best step: one without validation rows, or one whose
  /// evaluations do not give the metric. What they give is known beforehand from `judge`, unless its
  /// evaluator fails on what it is shown: then the answer is false, and the base model's report must
  /// decide.
  func check(hasValidation: Bool, _ judge: Judge?, _ panel: RewardPanel?) throws -> Bool {
    guard hasValidation else {
      throw recipe.fault(
        key,
        "needs a validation split, which the data does not have; name one, or leave the key out")
    }
    guard let name = recipe.training.bestMetric, Self.bare(name) != "loss" else { return true }
    var names: [String] = []
    if let judge {
      guard let own = try? judge.metricNames() else { return false }
      names = own + (panel.map { ["reward"] + $0.members.map { "reward/" + $0.name } } ?? [])
    }
    try check(amongst: names)
    return true
  }

  /// Refuses a metric that is neither the loss nor one of `names`.
  func check(amongst names: [String]) throws {
    guard let metric = recipe.training.bestMetric else { return }
    let known = (["loss"] + names).map { "eval_" + $0 }
    let bare = Self.bare(metric)
    guard !known.contains("eval_" + bare) else { return }
    let hint = nearest(to: bare, among: ["loss"] + names).map { "; did you mean '\($0)'?" } ?? ""
    throw recipe.fault(
      "training_args.metric_for_best_model",
      "is '\(metric)', which no evaluation gives; there are " + known.joined(separator: ", ")
        + hint)
  }

  private static func bare(_ name: String) -> String {
    name.hasPrefix("eval_") ? String(name.dropFirst("eval_".count)) : name
  }
}
