import Formats
import JSON
import Tasks
import Tracking

/// `rewards.jsonl`: every answer that rewards scored, with its prompt and what each said. Those of an
/// evaluation have a `moment`; those that a run learns from have their tokens, too.
public final class RewardLog {
  /// When in a run an answer was given.
  public enum Moment {
    case base, step(Int), end
    /// In training: sampled for this step.
    case sampling(Int)

    fileprivate var text: String {
      switch self {
      case .base: "base"
      case .step(let step): "step \(step)"
      case .end: "end"
      case .sampling(let step): "sampling \(step)"
      }
    }

    /// A step's completions are sampled before the evaluation that follows the step.
    fileprivate static func order(_ text: String?) -> Int {
      switch text {
      case nil, "base": return 0
      case "end": return .max
      case let text?:
        let words = text.split(separator: " "), step = words.last.flatMap { Int($0) } ?? 0
        return 2 * step - (words.first == "sampling" ? 1 : 0)
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
    try append(batch.map(\.json), at: moment)
  }

  /// The same of rows that are written already.
  func append(_ rows: [JSONValue], at moment: Moment) throws {
    if log == nil {
      if isFresh { try DurableFile.write("", to: path) }
      let now = Moment.order(moment.text)
      log = try MetricsLog(path: path) { Moment.order($0["moment"]?.string) < now }
    }
    for row in rows {
      let start: JSONValue = ["moment": .string(moment.text)]
      try log?.append((row.object ?? [:]).reduce(start) { $0.setting($1.key, $1.value) })
    }
  }
}
