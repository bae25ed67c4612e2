import Layers
import Models
import Objectives
import Tasks
import Tensors

/// A micro-batch's rows as packed texts, and what a model says of them: nothing is padded.
struct ScoredTexts {
  /// A row's texts, one row behind the other.
  let samples: [Sample]
  /// The same as an objective sees it.
  private(set) var batch = Batch(texts: [], weights: [])
  /// Scored places: the text, and the place in it. The token before predicts what stands there, or its
  /// state is the text's.
  private(set) var places: [(text: Int, place: Int)] = []
  /// For each log-probability the index of its place, and the token that it is of; of scores no token.
  private(set) var entries: [Int] = [], targets: [Int32] = []
  /// What logits are divided by.
  let temperature: Float

  /// The texts of `rows`. What is trained is scored; with `scoresPrompts`, of texts that are to become
  /// likelier, what stands before it too.
  /// Where `optionRewards` says what options earn, all of them are.
  init(
    _ rows: some Collection<[Sample]>, optionRewards: [[[Double?]]?] = [],
    scoresPrompts: Bool = false, temperature: Float = 1
  ) {
    self.temperature = temperature
    samples = rows.flatMap { $0 }
    var row = 0
    for texts in rows {
      let rewards = optionRewards.indices.contains(row) ? optionRewards[row] : nil
      for sample in texts { add(sample, row, scoresPrompts, rewards) }
      let options = batch.texts.filter { $0.row == row && $0.role == .option }.map(\.answer)
      if !options.isEmpty, let rewards = rewards?.last {
        batch.choices.append(Batch.Choice(options: options, rewards: rewards))
      }
      row += 1
    }
  }

  /// The texts of `rows`, of each of which one number is read: at the end of as many of its tokens as
  /// `length` says.
  init(_ rows: some Collection<[Sample]>, scoredLength length: (_ ids: [Int32]) -> Int) {
    temperature = 1
    samples = rows.flatMap { $0 }
    var row = 0
    for texts in rows {
      for sample in texts {
        let index = entries.count
        entries.append(places.count)
        batch.weights.append(1)
        places.append((batch.texts.count, length(sample.ids)))
        batch.texts.append(Batch.Text(role: sample.role, row: row, answer: index..<index + 1))
      }
      row += 1
    }
  }

  /// The texts of `rows` with what is known of those that were sampled.
  init(_ rows: [TrainingRow], scoresPrompts: Bool, temperature: Float) {
    self.init(
      rows.map(\.texts), optionRewards: rows.map(\.optionRewards), scoresPrompts: scoresPrompts,
      temperature: temperature)
    let sampled = rows.compactMap(\.sampling)
    guard sampled.count == rows.count else { return }
    for index in batch.texts.indices {
      batch.texts[index].advantage = sampled[batch.texts[index].row].advantage
    }
    func joined(_ values: [[Float]?]) -> [Float]? {
      let known = values.compactMap(\.self)
      return known.count == rows.count ? known.flatMap(\.self) : nil
    }
    batch.old = joined(sampled.map(\.old))
    batch.decoded = joined(sampled.map(\.decoded))
  }

  private mutating func add(
    _ sample: Sample, _ row: Int, _ scoresPrompts: Bool, _ optionRewards: [[Double?]]?
  ) {
    let text = batch.texts.count, start = entries.count
    if scoresPrompts, sample.role == .whole || sample.role == .chosen {
      let end = sample.isTrained.firstIndex(of: true) ?? 0
      for place in 1..<max(end, 1) { score(text, place, [(sample.ids[place], 1)]) }
    }
    let answer = entries.count, trained = places.count
    let choices = Dictionary(
      uniqueKeysWithValues: sample.choices.enumerated().map { ($1.place, (number: $0, choice: $1)) }
    )
    for place in sample.isTrained.indices.dropFirst() where sample.isTrained[place] {
      guard let (number, choice) = choices[place] else {
        score(text, place, [(sample.ids[place], 1)])
        continue
      }
      if let rewards = optionRewards?[number] {
        let first = entries.count
        score(text, place, Array(zip(choice.ids, choice.weights)))
        batch.choices.append(
          Batch.Choice(options: (first..<entries.count).map { $0..<$0 + 1 }, rewards: rewards))
      } else if choice.weights.max() == 1 {
        // A choice with one right answer is learnt as any token.
        score(text, place, [(sample.ids[place], 1)])
      } else {
        score(text, place, zip(choice.ids, choice.weights).filter { $0.1 > 0 })
      }
    }
    batch.texts.append(
      Batch.Text(
        role: sample.role, row: row, prompt: start..<answer, answer: answer..<entries.count,
        length: places.count - trained))
  }

  private mutating func score(_ text: Int, _ place: Int, _ wanted: [(id: Int32, weight: Float)]) {
    for (id, weight) in wanted {
      entries.append(places.count)
      targets.append(id)
      batch.weights.append(weight)
    }
    places.append((text, place))
  }

  /// Tokens that are read.
  var tokens: Int { samples.reduce(0) { $0 + $1.ids.count } }

  /// The rows, as messages name them.
  var names: String {
    var names: [String] = []
    for sample in samples where names.last != sample.source { names.append(sample.source) }
    return names.joined(separator: ", ")
  }

  /// Whether each place has one token to score.
  fileprivate var hasOneEach: Bool { entries.count == places.count }

  /// The states that predict the scored places, by their places in the packed texts.
  fileprivate var predictingRows: [Int] {
    var starts: [Int] = [], start = 0
    for sample in samples {
      starts.append(start)
      start += sample.ids.count
    }
    return places.map { starts[$0.text] + $0.place - 1 }
  }
}

extension CausalLanguageModel {
  /// What `signal` reads of the texts. With `sharing`, what texts begin with alike is computed once.
  func read(_ signal: Signal, of texts: ScoredTexts, sharing: Bool) -> any ObjectiveInput {
    switch signal {
    case .logProbabilities: logProbabilities(texts, sharing: sharing)
    case .score: scores(hidden(texts, sharing: sharing))
    }
  }

  /// The log-probability of each scored token. With `sharing`, what texts begin with alike is computed
  /// once.
  func logProbabilities(_ texts: ScoredTexts, sharing: Bool) -> LogProbabilities {
    var hidden = hidden(texts, sharing: sharing)
    if texts.temperature != 1 { hidden = 1 / texts.temperature * hidden }
    let states = texts.hasOneEach ? hidden : selectRows(hidden, texts.entries)
    return throughHead {
      Tensors.logProbabilities(states, $0.effectiveWeight, targets: texts.targets)
    }
  }

  /// The state that predicts each scored place.
  private func hidden(_ texts: ScoredTexts, sharing: Bool) -> Tensor {
    guard sharing, let packing = PrefixPacking(texts, rotaryClass: rotaryClass) else {
      let samples = texts.samples
      return hidden(
        samples.flatMap(\.ids), Segments(lengths: samples.map(\.ids.count)),
        rows: texts.predictingRows,
        media: media(Sample.Medium.packed(samples.map { ($0.ids.count, $0.media) })))
    }
    let layout = packing.layout
    let hidden = hidden(
      layout.ids, Segments(lengths: layout.lengths), rows: packing.rows,
      media: media(layout.media), shared: layout.shared, classes: layout.classes)
    return selectRows(hidden, packing.places)
  }
}
