import Formats
import JSON
import Tasks
import Tracking

/// `rewards.jsonl`: every answer that rewards scored, with its prompt and what each said.
public final class RewardLog {
  /// When in a run an answer was given.
  public enum Moment {
    case base, step(Int), end

    fileprivate var text: String {
      switch self {
      case .base: "base"
      case .step(let step): "step \(step)"
      case .end: "end"
      }
    }

    fileprivate static func order(_ text: String?) -> Int {
      switch text {
      case nil, "base": 0
      case "end": .max
      case let text?: Int(text.dropFirst("step ".count)) ?? 0
      }
    }
  }

  private let path: String, isFresh: Bool
  private var log: MetricsLog?

  /// A log at `path`; the file appears with its first row. A fresh one takes the place of a file that
  /// is there; else a run goes on with its own.
  public init(path: String, isFresh: Bool = false) {
    self.path = path
    self.isFresh = isFresh
  }

  /// Appends a batch. The first one of a process drops the rows of this moment and later ones, which
  /// a resumed run scores again.
  func append(_ batch: [ScoredCompletion], at moment: Moment) throws {
    if log == nil {
      if isFresh { try DurableFile.write("", to: path) }
      let now = Moment.order(moment.text)
      log = try MetricsLog(path: path) { Moment.order($0["moment"]?.string) < now }
    }
    for scored in batch {
      let row: JSONValue = ["moment": .string(moment.text)]
      try log?.append((scored.json.object ?? [:]).reduce(row) { $0.setting($1.key, $1.value) })
    }
  }
}
