import TaskKit

extension Bootstrap {
  /// Of fewer resamples the percentiles would be coarse; more would cost without telling more.
  static let most = 1000, least = 100

  /// Resamples of clips: what is asked about one clip is not independent. As many as a second or two
  /// allows for `questions` questions.
  init(questions: Int, seed: UInt64) {
    self.init(resamples: min(Self.most, max(Self.least, 400_000 / max(1, questions))), seed: seed)
  }
}
