import Tensors

/// Chooses the next token. Logits pass through transformers' processors in transformers' order:
/// repetition penalty, temperature, top-k, top-p; then one token is drawn.
public struct Sampler: Sendable, Hashable {
  /// What logits are divided by; 0 takes the most likely token.
  public let temperature: Double
  /// How many of the most likely tokens stay, more where the last of them has equals; nil for all.
  public let topK: Int?
  /// The smallest set of most likely tokens whose probabilities reach this sum stays; 1 for all.
  public let topP: Double
  /// Logits of tokens that the prompt or the answer holds are divided by this where positive,
  /// multiplied where negative (Keskar et al. 2019, section 4.1); 1 for none.
  public let repetitionPenalty: Double
  /// Decides the random numbers.
  public let seed: UInt64

  /// The most likely token each time.
  public static let greedy = Sampler()

  private init() {
    (temperature, topK, topP, repetitionPenalty, seed) = (0, nil, 1, 1, 0)
  }

  /// Checks the settings; 0 and nil both mean no top-k, as in the ecosystem's files.
  public init(
    temperature: Double = 0, topK: Int? = nil, topP: Double = 1, repetitionPenalty: Double = 1,
    seed: UInt64 = 42
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
      repetitionPenalty > 0 && repetitionPenalty.isFinite,
      "repetition_penalty is \(repetitionPenalty); a number above 0 is needed (1 for none)")
    self.temperature = temperature
    self.topK = topK == 0 ? nil : topK
    self.topP = topP
    self.repetitionPenalty = repetitionPenalty
    self.seed = seed
  }

  /// The next token's id; nil where the logits are not finite. `seen` are the tokens so far. The
  /// random number is a pure function of (seed, label, step): what else is in the batch, and how
  /// often others were asked, does not matter.
  public func callAsFunction(
    _ logits: [Float], seen: Set<Int32> = [], label: String = "", step: Int = 0
  ) -> Int32? {
    var scores = logits
    penalize(&scores, seen)
    if temperature == 0 { return Self.mostLikely(scores) }
    guard let distribution = distribution(of: scores) else { return nil }
    let random = Random(seed: seed, stream: Random.stream(label))
    return distribution.token(at: random.uniform(step))
  }

  /// The tokens that can be drawn and their probabilities; nil where the logits are not finite. With
  /// temperature 0, the most likely token alone.
  public func probabilities(_ logits: [Float], seen: Set<Int32> = []) -> [Int32: Double]? {
    var scores = logits
    penalize(&scores, seen)
    if temperature == 0 { return Self.mostLikely(scores).map { [$0: 1] } }
    return distribution(of: scores)?.probabilities
  }

  private func penalize(_ scores: inout [Float], _ seen: Set<Int32>) {
    guard repetitionPenalty != 1 else { return }
    let penalty = Float(repetitionPenalty)
    for id in seen where scores.indices.contains(Int(id)) {
      let score = scores[Int(id)]
      scores[Int(id)] = score < 0 ? score * penalty : score / penalty
    }
  }

  /// The largest score's index, the lowest where several are equal, as torch.argmax; nil where a
  /// score is NaN or the largest is infinite.
  static func mostLikely(_ scores: [Float]) -> Int32? {
    var best = -Float.infinity, place = 0
    for (index, score) in scores.enumerated() {
      if score.isNaN { return nil }
      if score > best { (best, place) = (score, index) }
    }
    return best.isFinite ? Int32(place) : nil
  }
}
