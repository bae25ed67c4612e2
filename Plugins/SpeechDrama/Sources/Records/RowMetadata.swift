import TaskKit

/// What the evaluator gets back of a row, beside the prediction.
///
/// A row of one dimension has one question, a row of all dimensions has one for each choice part of
/// its answer, in the order of the parts. A multiple-choice row has none, but `correct`.
public struct RowMetadata: Codable, Sendable, Hashable {
  /// One dimension that the row asks for.
  public struct Question: Codable, Sendable, Hashable {
    /// The dimension's key, for instance `pitch_dynamics`.
    public var dimension: String
    /// Its tag in an answer of all dimensions, for instance `PitchDynamics`.
    public var tag: String
    /// What each annotator gave, by annotator; nil where one gave nothing.
    public var ratings: [Double?]
    /// The lowest and the highest score of the scale: 1 and 5, or 0 and 1. The row's choices are
    /// the integers between them, in ascending order.
    public var low: Int, high: Int

    /// Creates a question.
    public init(dimension: String, tag: String, ratings: [Double?], low: Int, high: Int) {
      self.dimension = dimension
      self.tag = tag
      self.ratings = ratings
      self.low = low
      self.high = high
    }
  }

  /// The record's `id`; rows of one record share it.
  public var id: String
  /// The path of the record's clip.
  public var clip: String
  /// The path of the clip that is heard in its place (`data.shuffle_audio`); nil: its own.
  public var heard: String?
  /// The record's kind, for instance `ROLE`, `Arche` or `AVQA`.
  public var dataset: String
  /// The dimensions that the row asks for.
  public var questions: [Question]
  /// Multiple choice: the index of the right choice; nil where the record does not say.
  public var correct: Int?
  /// Multiple choice: the group that the accuracy is told for (`sound`, `music`, `speech`).
  public var category: String?
  /// The character, as the record describes it.
  public var character_profile: String?, character_style: String?
  /// Where the record comes from.
  public var data_source: String?

  /// Creates a row's metadata.
  public init(
    id: String, clip: String, heard: String? = nil, dataset: String, questions: [Question] = [],
    correct: Int? = nil,
    category: String? = nil, character_profile: String? = nil, character_style: String? = nil,
    data_source: String? = nil
  ) {
    self.id = id
    self.clip = clip
    self.heard = heard
    self.dataset = dataset
    self.questions = questions
    self.correct = correct
    self.category = category
    self.character_profile = character_profile
    self.character_style = character_style
    self.data_source = data_source
  }
}

extension RowMetadata.Question {
  /// The question for `dimension`, rated so.
  init(_ dimension: Dimension, _ ratings: [Double?]) {
    self.init(
      dimension: dimension.key, tag: dimension.tag, ratings: ratings, low: dimension.low,
      high: dimension.high)
  }
}
