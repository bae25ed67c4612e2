import Models
import Tasks

/// The texts of a micro-batch laid out so that what several begin with, a pair's prompt, a system
/// prompt or a clip, is computed once. The numbers are those of separate texts.
struct PrefixPacking {
  let layout: PrefixTree.Layout
  /// The layout's tokens that predict a scored one, rising.
  let rows: [Int]
  /// For each scored place, text after text: which of `rows` predicts it.
  let places: [Int]

  /// nil where less than one token in 16 is saved: keys and values are gathered for each text, which
  /// costs a few percent of a step.
  init?(_ scored: ScoredTexts, rotaryClass: (_ length: Int) -> Int = { _ in 0 }) {
    let samples = scored.samples
    guard samples.count > 1 else { return nil }
    var ends = samples.map { _ in 0 }
    for place in scored.places { ends[place.text] = max(ends[place.text], place.place) }
    var tree = PrefixTree()
    // Nothing is predicted from the last scored token or behind it: that is never read.
    let texts = zip(samples, ends).map { sample, end in
      Array(tree.keys(sample.ids, sample.media).prefix(end))
    }
    let classes = samples.map { rotaryClass($0.ids.count) }
    for (text, rotaryClass) in zip(texts, classes) { tree.insert(text, rotaryClass: rotaryClass) }
    let layout = tree.layout()
    let tokens = texts.reduce(0) { $0 + $1.count }
    guard (tokens - layout.ids.count) * 16 >= tokens else { return nil }
    let standing = zip(texts, classes).map { tree.rows(of: $0, rotaryClass: $1, in: layout) }
    let predicting = scored.places.map { standing[$0.text][$0.place - 1] }
    let rows = Set(predicting).sorted()
    let index = Dictionary(uniqueKeysWithValues: zip(rows, rows.indices))
    places = predicting.compactMap { index[$0] }
    self.layout = layout
    self.rows = rows
  }
}
