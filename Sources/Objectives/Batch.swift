public import Tasks

/// The texts of a micro-batch as an objective sees them: which log-probability belongs to what.
public struct Batch: Sendable {
  /// One text.
  public struct Text: Sendable {
    /// What it is in its row, and the row's number in the batch.
    public var role: Sample.Role, row: Int
    /// Places of its scored tokens among the batch's log-probabilities: those of its prompt, where
    /// prompts are scored, and those of its answer.
    public var prompt: Range<Int>, answer: Range<Int>
    /// Its answer's trained tokens. A place of which a distribution is learnt counts once, though each
    /// option has a log-probability.
    public var length: Int
    /// How much better it is than its sampled group could be expected to be.
    public var advantage: Double

    /// Describes a text.
    public init(
      role: Sample.Role, row: Int, prompt: Range<Int>? = nil, answer: Range<Int>,
      length: Int? = nil, advantage: Double = 0
    ) {
      self.role = role
      self.row = row
      self.prompt = prompt ?? answer.lowerBound..<answer.lowerBound
      self.answer = answer
      self.length = length ?? answer.count
      self.advantage = advantage
    }
  }

  /// A place at which one of several options is chosen.
  public struct Choice: Sendable {
    /// Of each option the places of its tokens among the batch's log-probabilities, and what it earns;
    /// nil where nobody says.
    public var options: [Range<Int>], rewards: [Double?]

    /// Describes a place.
    public init(options: [Range<Int>], rewards: [Double?]) {
      precondition(
        options.count == rewards.count, "choice: \(options.count) options, \(rewards.count) rewards"
      )
      self.options = options
      self.rewards = rewards
    }
  }

  /// The texts; those of one row follow one another.
  public var texts: [Text]
  /// Each log-probability's weight: 1, or an option's probability of being right.
  public var weights: [Float]
  /// Places at which one of several options is chosen.
  public var choices: [Choice] = []
  /// Each log-probability as it was when its text was sampled; nil where it is as it is now.
  public var old: [Float]?
  /// The same as the decoder that sampled the texts found it; nil where that no longer counts.
  public var decoded: [Float]?
  /// The entropy of what each token was drawn from, in nats, where it is known.
  public var entropies: [Double]?

  /// Describes texts.
  public init(texts: [Text], weights: [Float]) {
    self.texts = texts
    self.weights = weights
  }

  /// Rows of two answers: the chosen one and the rejected one.
  public var pairs: [(chosen: Text, rejected: Text)] {
    texts.indices.dropLast().compactMap { index in
      let (chosen, rejected) = (texts[index], texts[index + 1])
      return chosen.role == .chosen && rejected.role == .rejected ? (chosen, rejected) : nil
    }
  }

  /// Σ weight · log p over `places`.
  public func sum(_ logProbabilities: [Float], _ places: Range<Int>) -> Double {
    places.reduce(0) { $0 + Double(weights[$1]) * Double(logProbabilities[$1]) }
  }

  /// log p(answer) under the model less the same under the reference.
  func logRatio(_ text: Text, _ policy: [Float], _ reference: [Float]?) -> Double {
    sum(policy, text.answer) - (reference.map { sum($0, text.answer) } ?? 0)
  }

  /// Puts the derivative of an answer's summed log-probability down for each of its tokens.
  func spread(_ derivative: Double, over places: Range<Int>, in result: inout [Float]) {
    for place in places { result[place] += weights[place] * Float(derivative) }
  }

  /// No derivative anywhere.
  var zeros: [Float] { Array(repeating: 0, count: weights.count) }
}
