import Generation
import Models

/// The texts of a micro-batch laid out so that what several begin with is computed once.
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
    // Nothing is predicted from the last scored token or behind it: that is never read.
    let packing = TextPacking(
      zip(samples, ends).map { sample, end in
        .init(
          sample.ids, sample.media, reading: end, rotaryClass: rotaryClass(sample.ids.count))
      })
    let tokens = ends.reduce(0, +)
    layout = packing.layout
    guard (tokens - layout.ids.count) * 16 >= tokens else { return nil }
    let predicting = scored.places.map { packing.rows[$0.text][$0.place - 1] }
    let rows = Set(predicting).sorted()
    let index = Dictionary(uniqueKeysWithValues: zip(rows, rows.indices))
    places = predicting.compactMap { index[$0] }
    self.rows = rows
  }
}
