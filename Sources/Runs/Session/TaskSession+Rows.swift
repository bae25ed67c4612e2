import Formats
import JSON
import Tasks

extension TaskSession {
  /// The run's seed.
  public var seed: UInt64 { UInt64(recipe.training.seed) }

  /// The rows of `split`; an error when the task has none.
  public func rows(of split: Split) throws -> any Dataset {
    guard let data = try dataset(split), data.count > 0 else {
      throw Diagnosis(
        Diagnosis.data,
        "the task '\(task.description.name)' has no rows in the split '\(split.rawValue)'")
    }
    return data
  }
}

extension Recipe {
  /// What a task's dataset and evaluator are told: the `data` section without the host's own keys,
  /// and the seed.
  public var dataConfiguration: JSONValue {
    guard case .object(var members) = data else { return .emptyObject }
    members["shuffle"] = nil
    members["assistant_turns"] = nil
    members["seed"] = .int(training.seed)
    return .object(members)
  }
}
