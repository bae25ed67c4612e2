import Tensors

/// Chooses the next token. Logits pass through transformers' processors in transformers' order:
/// repetition penalty, temperature, top-k, top-p, min-p; then one token is drawn.
public struct Sampler: Sendable, Hashable {
  /// What logits are divided by; 0 takes the most likely token.
  public let temperature: Double
  /// How many of the most likely tokens stay, more where the last of them has equals; nil for all.
  public let topK: Int?
  /// The smallest set of most likely tokens whose probabilities reach this sum stays; 1 for all.
  public let topP: Double
  /// Tokens stay whose probability is at least this share of the most likely one's (Nguyen et al.
  /// 2024); 0 for all.
  public let minP: Double
  /// Logits of tokens that the prompt or the answer holds are divided by this where positive,
  /// multiplied where negative (Keskar et al. 2019, section 4.1); 1 for none.
  public let repetitionPenalty: Double
  /// Decides the random numbers.
  public let seed: UInt64

  /// The most likely token each time.
  public static let greedy = Sampler()

  private init() {
    (temperature, topK, topP, minP, repetitionPenalty, seed) = (0, nil, 1, 0, 1, 0)
  }

  /// Checks the settings; 0 and nil both mean no top-k, as in the ecosystem's files.
  public init(
    temperature: Double = 0, topK: Int? = nil, topP: Double = 1, minP: Double = 0,
    repetitionPenalty: Double = 1, seed: UInt64 = 42
  ) throws(GenerationError) {
    func demand(_ isGood: Bool, _ message: String) throws(GenerationError) {
      if !isGood { throw GenerationError(.configuration, message) }
    }
    try demand(
      temperature >= 0 && temperature.isFinite,
      "temperature is \(temperature); a number from 0 (greedy) upward is needed")
    try demand(
      topK ?? 0 >= 0, "top_k is \(topK ?? 0); a number from 1 upward is needed, or 0 for all")
    try demand(topP > 0 && topP <= 1, "top_p is \(topP); a number above 0 and up to 1 is needed")
    try demand(
      minP >= 0 && minP <= 1, "min_p is \(minP); a number from 0 (for all) to 1 is needed")
    try demand(
      repetitionPenalty > 0 && repetitionPenalty.isFinite,
      "repetition_penalty is \(repetitionPenalty); a number above 0 is needed (1 for none)")
    self.temperature = temperature
    self.topK = topK == 0 ? nil : topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
    self.seed = seed
  }

  /// The next token's id; nil where the logits are not finite. `seen` are the tokens so far. The
  /// random number is a pure function of (seed, label, step): what else is in the batch, and how
  /// often others were asked, does not matter.
  public func callAsFunction(
    _ logits: [Float], seen: Set<Int32> = [], label: String = "", step: Int = 0
  ) -> Int32? {
    token(of: Scores(logits), seen: seen, label: label, step: step)
  }

  /// The same.
  func token(of logits: Scores, seen: Set<Int32>, label: String, step: Int) -> Int32? {
    let scores = penalized(logits, seen)
    if temperature == 0 { return scores.indexOfLargest.map(Int32.init) }
    guard let distribution = distribution(of: scores) else { return nil }
    let random = Random(seed: seed, stream: Random.stream(label))
    return distribution.token(at: random.uniform(step))
  }

  /// The tokens that can be drawn and their probabilities; nil where the logits are not finite. With
  /// temperature 0, the most likely token alone.
  public func probabilities(_ logits: [Float], seen: Set<Int32> = []) -> [Int32: Double]? {
    let scores = penalized(Scores(logits), seen)
    if temperature == 0 { return scores.indexOfLargest.map { [Int32($0): 1] } }
    return distribution(of: scores)?.probabilities
  }

  private func penalized(_ logits: Scores, _ seen: Set<Int32>) -> Scores {
    guard repetitionPenalty != 1 else { return logits }
    var scores = logits
    let penalty = Float(repetitionPenalty)
    for id in seen where scores.values.indices.contains(Int(id)) {
      let score = scores.values[Int(id)]
      scores.values[Int(id)] = score < 0 ? score * penalty : score / penalty
    }
    return scores
  }
}
