import Formats
import JSON
import Layers
import Models
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How far another form of a model is from it, over the places of some texts.
public struct Drift: Sendable {
  /// How many predictions were compared.
  public private(set) var places = 0
  /// The largest and the mean difference of logits, and the largest and mean magnitude of one.
  public private(set) var maximum = 0.0, mean = 0.0, largest = 0.0, magnitude = 0.0
  /// KL(model ‖ other form) and KL(model ‖ untuned base) in nats, means over the places.
  public private(set) var divergence = 0.0, ofBase: Double?
  /// Places at which both rate the same token highest.
  public private(set) var agreeing = 0

  /// The share of what tuning changed that the other form has lost; nil where that means nothing, since
  /// tuning has changed next to nothing.
  public var loss: Double? {
    guard let ofBase, ofBase > 1e-9 else { return nil }
    return divergence / ofBase
  }

  /// Compares the predictions of three models after each token of each text. The first is what the
  /// others are held against; `base` may be absent.
  init(
    _ texts: [[Int32]], model: (([Int32]) -> States), other: (([Int32]) -> States),
    base: (([Int32]) -> States)?
  ) {
    for ids in texts where !ids.isEmpty {
      let own = model(ids), others = other(ids), bases = base?(ids)
      for first in stride(from: 0, to: ids.count, by: 16) {
        let rows = Array(first..<min(first + 16, ids.count))
        let tuned = own.logits(rows), merged = others.logits(rows), untuned = bases?.logits(rows)
        for row in 0..<rows.count {
          add(tuned.row(row), merged.row(row), untuned?.row(row))
        }
      }
    }
    guard places > 0 else { return }
    (mean, magnitude) = (mean / Double(places), magnitude / Double(places))
    divergence /= Double(places)
    ofBase = ofBase.map { $0 / Double(places) }
  }

  /// States of one text, and what makes logits of some of them.
  struct States {
    let hidden: Tensor, model: CausalLanguageModel

    init(_ ids: [Int32], _ model: CausalLanguageModel) {
      self.model = model
      hidden = Recording.off { model.hidden(ids, Segments(lengths: [ids.count])) }
    }

    func logits(_ rows: [Int]) -> Tensor {
      Recording.off { model.logits(selectRows(hidden, rows)) }
    }
  }

  private mutating func add(_ model: [Float], _ other: [Float], _ base: [Float]?) {
    places += 1
    var sum = 0.0, size = 0.0
    for (a, b) in zip(model, other) {
      let difference = abs(Double(a) - Double(b))
      sum += difference
      size += abs(Double(a))
      // NaN is the largest difference of all.
      if !(difference <= maximum) { maximum = difference.isNaN ? .infinity : difference }
      largest = max(largest, abs(Double(a)))
    }
    mean += sum / Double(model.count)
    magnitude += size / Double(model.count)
    divergence += Self.divergence(model, other)
    if let base { ofBase = (ofBase ?? 0) + Self.divergence(model, base) }
    if Self.best(model) == Self.best(other) { agreeing += 1 }
  }

  private static func best(_ logits: [Float]) -> Int? {
    logits.indices.max { logits[$0] < logits[$1] }
  }

  /// KL(p ‖ q) of two rows of logits.
  private static func divergence(_ p: [Float], _ q: [Float]) -> Double {
    let (logP, logQ) = (logSum(p), logSum(q))
    var sum = 0.0
    for (a, b) in zip(p, q) {
      let a = Double(a) - logP
      sum += exp(a) * (a - (Double(b) - logQ))
    }
    return max(sum, 0)
  }

  private static func logSum(_ logits: [Float]) -> Double {
    let top = Double(logits.max() ?? 0)
    return top + log(logits.reduce(0.0) { $0 + exp(Double($1) - top) })
  }
}

extension Drift {
  /// The numbers for a report.
  public var json: JSONValue {
    [
      "places": .int(places), "max_logit_difference": .double(maximum),
      "mean_logit_difference": .double(mean), "largest_logit": .double(largest),
      "mean_logit": .double(magnitude), "kl": .double(divergence),
      "kl_of_base": ofBase.map(JSONValue.double) ?? .null,
      "lost_share": loss.map(JSONValue.double) ?? .null,
      "same_best_token": .double(places > 0 ? Double(agreeing) / Double(places) : 1),
    ]
  }

  /// The numbers as lines of a note.
  public var lines: [String] {
    var divergence = "KL \(Format.short(divergence)) nats"
    if let ofBase {
      divergence += " of the \(Format.short(ofBase)) that tuning moved the base by"
      if let loss { divergence += " (\(Format.percent(loss)))" }
    }
    return [
      "logits differ by \(Format.short(maximum)) at most, \(Format.short(mean)) on average; the largest "
        + "is \(Format.short(largest))",
      divergence, "the same token is best at \(agreeing) of \(places) places",
    ]
  }
}
