/// A row as the model sees it.
public struct Sample: Sendable, Hashable {
  /// A clip and the run of tokens whose embeddings its features take the place of.
  public struct Medium: Sendable, Hashable {
    /// Where its tokens stand; never cut in two.
    public var places: Range<Int>
    /// The features, as the row carries them.
    public var features: MediaTensor

    /// Places a clip.
    public init(places: Range<Int>, features: MediaTensor) {
      self.places = places
      self.features = features
    }

    /// The clips of several texts, by their places once the texts lie behind one another.
    public static func packed(_ texts: [(tokens: Int, media: [Medium])]) -> [Medium] {
      var start = 0
      return texts.flatMap { text in
        defer { start += text.tokens }
        return text.media.map { clip in
          let places = clip.places.lowerBound + start..<clip.places.upperBound + start
          return Medium(places: places, features: clip.features)
        }
      }
    }
  }

  /// A trained token in whose place other tokens might stand.
  public struct Alternatives: Sendable, Hashable {
    /// Where the token stands.
    public var place: Int
    /// What may stand there, as text and as a token, and each one's probability of being right.
    public var options: [String], ids: [Int32], weights: [Float]

    /// Describes a place.
    public init(place: Int, options: [String], ids: [Int32], weights: [Float]) {
      self.place = place
      self.options = options
      self.ids = ids
      self.weights = weights
    }
  }

  /// What a text is to its row.
  public enum Role: UInt32, Sendable, CaseIterable {
    /// The row, or one turn of it, to be learnt.
    case whole
    /// A pair's prompt with the answer that is preferred; with the other one.
    case chosen, rejected
    /// A conversation whose answer is a wanted one; one whose answer is not.
    case desirable, undesirable
    /// A prompt with the header of the answer; nothing of it is trained.
    case prompt
    /// A prompt with one of the answers that may be chosen.
    case option
  }

  /// Token ids of the whole conversation.
  public var ids: [Int32]
  /// Whether each token is a prediction target; the first never is.
  public var isTrained: [Bool]
  /// The row, as messages name it.
  public var source: String
  /// Clips, in the text's order.
  public var media: [Medium]
  /// Choices inside the answer, in the text's order.
  public var choices: [Alternatives]

  /// What the chat template left out of the trained turns.
  public var omission: Omission
  /// What the text is to its row.
  public var role: Role

  /// Creates a sample; both arrays have one entry per token.
  public init(
    ids: [Int32], isTrained: [Bool], source: String, media: [Medium] = [],
    choices: [Alternatives] = [], omission: Omission = Omission(), role: Role = .whole
  ) {
    precondition(
      ids.count == isTrained.count, "sample: \(ids.count) ids, \(isTrained.count) flags")
    self.ids = ids
    self.isTrained = isTrained
    self.source = source
    self.media = media
    self.choices = choices
    self.omission = omission
    self.role = role
  }

  /// The first `count` tokens, or fewer: a clip that would be cut in two goes as a whole, and with
  /// it what follows.
  public func prefix(_ count: Int) -> Sample {
    let cut = media.first { $0.places.contains(count) }.map(\.places.lowerBound) ?? count
    guard cut < ids.count else { return self }
    return Sample(
      ids: Array(ids[..<cut]), isTrained: Array(isTrained[..<cut]), source: source,
      media: media.filter { $0.places.upperBound <= cut },
      choices: choices.filter { $0.place < cut }, omission: omission, role: role)
  }
}
