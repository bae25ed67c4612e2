public import Tasks

/// Supervised fine-tuning: cross-entropy, Σ −w · log p(token), mean over trained tokens. Of a pair the
/// chosen answer is learnt, of labelled rows the wanted ones.
public struct SFT: Objective {
  /// What it asks of rows.
  public let rows: RowKind
  /// Whether prompts are learnt too.
  public let scoresPrompts: Bool
  /// It compares with nothing.
  public var usesReference: Bool { false }

  /// Cross-entropy of answers; with `scoresPrompts` of what stands before them, too.
  public init(rows: RowKind = .texts, scoresPrompts: Bool = false) {
    self.rows = rows
    self.scoresPrompts = scoresPrompts
  }

  /// Trained tokens.
  public func weight(of batch: Batch) -> Double {
    Double(batch.learnt.reduce(0) { $0 + $1.length + prompt($1).count })
  }

  /// The sum over the batch, and its derivative.
  public func callAsFunction(_ policy: [Float], _: [Float]?, _ batch: Batch) -> Loss {
    var value = 0.0, derivative = batch.zeros
    for text in batch.learnt {
      for place in Array(prompt(text)) + Array(text.answer) {
        value -= Double(batch.weights[place]) * Double(policy[place])
        derivative[place] = -batch.weights[place]
      }
    }
    let metrics =
      rows == .texts ? [] : [Metric("nll_loss", value, over: weight(of: batch))]
    return Loss(value: value, derivative: derivative, metrics: metrics)
  }

  private func prompt(_ text: Batch.Text) -> Range<Int> {
    scoresPrompts ? text.prompt : text.answer.lowerBound..<text.answer.lowerBound
  }
}

extension Batch {
  /// Texts that are to become likelier.
  fileprivate var learnt: [Text] {
    texts.filter { [.whole, .chosen, .desirable].contains($0.role) }
  }
}
