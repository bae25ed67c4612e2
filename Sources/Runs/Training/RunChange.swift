import Formats
import JSON
import Training

/// A setting of a run that a resumed run has otherwise.
public struct RunChange: Sendable, Hashable {
  /// The recipe's dotted key, or what else has changed: "base model.safetensors".
  public let key: String
  /// What it was, and what it is now; null where there was, or is, nothing.
  public let was: JSONValue, now: JSONValue
  /// Whether the steps that are done stay what they would have been.
  public let isFree: Bool
  /// Why they do not, where the key alone does not tell.
  public var why: String?

  /// `training_args.seed: 3 → 4`
  public var description: String {
    "\(key): \(Self.text(was)) → \(Self.text(now))" + (why.map { " (\($0))" } ?? "")
  }

  /// A value in one line; of a file's or of rows' description its hash, shortened, and its count.
  private static func text(_ value: JSONValue) -> String {
    guard let hash = value["sha256"]?.string else {
      return value.isNull ? "none" : value.text(.spaced)
    }
    let facts: [String?] = [
      value["version"]?.string, value["rows"]?.int.map { "\($0) rows" },
      value["size"]?.int.map { "\($0) bytes" }, "sha256 " + hash.prefix(12) + "…",
    ]
    return facts.compactMap(\.self).joined(separator: ", ")
  }
}

/// What a resumed run does otherwise than the run that it goes on with, by their receipts.
public struct RunChanges: Sendable {
  /// Every difference, in the order of the receipt.
  public let all: [RunChange]
  /// What cannot be compared, since the earlier receipt does not tell it.
  public let unknown: [String]

  /// Compares the receipt of the checkpoint's time with the one of now.
  public init(from was: JSONValue, to now: JSONValue) {
    var comparison = ReceiptComparison(was: was, now: now)
    comparison.compare()
    all = comparison.changes
    unknown = comparison.unknown
  }

  /// Those that make the steps to come another run's.
  public var refused: [RunChange] { all.filter { !$0.isFree } }

  /// Those that a resumed run may have.
  public var free: [RunChange] { all.filter(\.isFree) }

  /// Whether evaluations from here on cannot be compared with earlier ones, so that the best one has to
  /// be found anew.
  public var concernsEvaluation: Bool {
    let rules = RecipeRules.judging + RecipeRules.answering
    return all.contains { change in
      change.key.hasPrefix("base ") || rules.contains { RecipeRules.covers($0, change.key) }
    }
  }

  /// Whether the rows of the steps to come are other rows than they would have been.
  public var concernsOrder: Bool {
    let keys = [
      "training_args.seed", "training_args.per_device_train_batch_size",
      "training_args.gradient_accumulation_steps", "data.shuffle", "rows of train",
    ]
    return all.contains { keys.contains($0.key) }
  }

  /// Refuses what is not free, unless `accepts` says so.
  public func check(_ path: String, from step: Int, accepts: Bool) throws(TrainingError) {
    guard !accepts, !refused.isEmpty else { return }
    func lines(_ changes: [RunChange]) -> String {
      changes.map { "  \($0.description)\n" }.joined()
    }
    throw TrainingError(
      .refused,
      "\(path): the run was begun with other settings; from step \(step) on it would no longer be "
        + "what its receipt says:\n\(lines(refused))"
        + (free.isEmpty ? "" : "These may change:\n\(lines(free))")
        + "Resume it as it was begun, give --accept-changes to go on so and have it recorded in "
        + "run.json, or choose another output_dir for a run of its own.")
  }

  /// The changes that a receipt's history tells, with the first step that each was made for.
  public static func history(of receipt: JSONValue) -> [(step: Int, change: RunChange)] {
    (receipt["history"]?.array ?? []).flatMap { entry in
      (entry["changes"]?.object ?? [:]).map { key, values in
        let change = RunChange(
          key: key, was: values["was"] ?? .null, now: values["is"] ?? .null,
          isFree: RecipeRules.free.contains { RecipeRules.covers($0, key) })
        return (entry["from_step"]?.int ?? 0, change)
      }
    }
  }

  /// The receipt's history: the entries of `earlier`, and one for these changes where there are any.
  public func history(after earlier: JSONValue?, from step: Int, version: String) -> JSONValue {
    let entries = earlier?["history"]?.array ?? []
    guard !all.isEmpty else { return .array(entries) }
    let changes = all.reduce(JSONValue.emptyObject) { changes, change in
      changes.setting(change.key, ["was": change.was, "is": change.now])
    }
    let entry: JSONValue = [
      "from_step": .int(step), "host_version": .string(version),
      "changes": changes,
    ]
    return .array(entries + [entry])
  }
}
