import Models
import Tasks

/// The rows of a micro-batch laid out so that what several begin with, a system prompt or a clip, is
/// computed once. The losses are those of separate rows.
struct PrefixPacking {
  let layout: PrefixTree.Layout
  /// The layout's tokens that predict a trained one, rising.
  let rows: [Int]
  /// For each trained token, row after row: which of `rows` predicts it.
  let places: [Int]

  /// nil where less than one token in 16 is saved: keys and values are gathered for each row, which
  /// costs a few percent of a step.
  init?(_ samples: some Collection<Sample>, rotaryClass: (_ length: Int) -> Int = { _ in 0 }) {
    guard samples.count > 1 else { return nil }
    var tree = PrefixTree()
    // Nothing is predicted from the last trained token or behind it: that is never read.
    let texts = samples.map { sample in
      tree.keys(sample.ids, sample.media).prefix(sample.isTrained.lastIndex(of: true) ?? 0)
    }.map(Array.init)
    let classes = samples.map { rotaryClass($0.ids.count) }
    for (text, rotaryClass) in zip(texts, classes) { tree.insert(text, rotaryClass: rotaryClass) }
    let layout = tree.layout()
    let tokens = texts.reduce(0) { $0 + $1.count }
    guard (tokens - layout.ids.count) * 16 >= tokens else { return nil }
    let predicting = zip(samples, zip(texts, classes)).flatMap { sample, text in
      let rows = tree.rows(of: text.0, rotaryClass: text.1, in: layout)
      return sample.isTrained.indices.dropFirst().filter { sample.isTrained[$0] }
        .map { rows[$0 - 1] }
    }
    let rows = Set(predicting).sorted()
    let index = Dictionary(uniqueKeysWithValues: zip(rows, rows.indices))
    places = predicting.compactMap { index[$0] }
    self.layout = layout
    self.rows = rows
  }
}
