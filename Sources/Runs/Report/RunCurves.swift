public import Evaluation
import Formats
import JSON

/// The curves of training runs, of what they wrote in `metrics.jsonl`.
public enum RunCurves {
  /// A picture for each quantity that any of the runs has: the loss, rewards, the learning rate, a line
  /// for each run; and `metrics` of evaluations. The lines of a run without a name are called after what
  /// was read.
  public static func of(
    _ runs: [(name: String, folder: String)], metrics: [String] = []
  ) throws -> [Curves] {
    var logs: [(name: String, rows: [JSONValue])] = []
    for run in runs {
      let path = run.folder + "/metrics.jsonl"
      guard FileSystem.exists(path) else { continue }
      logs.append((run.name, try DataRows.read(path).map(\.value)))
    }
    var names: [String] = []
    for key in logs.flatMap({ $0.rows.flatMap { $0.object.map { Array($0.keys) } ?? [] } })
    where !names.contains(key) && isShown(key) {
      names.append(key)
    }
    let groups = names + metrics.filter { !names.contains($0) }
    return groups.compactMap { name in
      let lines = logs.flatMap { log in
        [name, "eval_" + name].compactMap { key -> Curves.Line? in
          let points = points(key, log.rows)
          guard points.count > 1 else { return nil }
          let isTrained = key == name
          let own =
            log.name.isEmpty
            ? isTrained ? "training" : "validation" : log.name + (isTrained ? "" : ", evaluated")
          return Curves.Line(name: own, points: points)
        }
      }
      return lines.isEmpty ? nil : Curves(title: name, across: "step", lines: lines)
    }
  }

  private static func isShown(_ key: String) -> Bool {
    ["loss", "learning_rate", "grad_norm", "reward", "kl", "entropy"].contains(key)
      || key.hasPrefix("rewards/")
  }

  private static func points(_ key: String, _ rows: [JSONValue]) -> [(x: Double, y: Double)] {
    rows.compactMap { row in
      guard let step = row["step"]?.double, let value = row[key]?.double, value.isFinite else {
        return nil
      }
      return (step, value)
    }
  }
}
