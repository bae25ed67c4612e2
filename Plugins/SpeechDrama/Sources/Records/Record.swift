import TaskKit

/// What a record tells of its clip that a prompt may repeat.
enum ContextField: String, CaseIterable, Sendable {
  /// Who speaks, what happens, the character's traits and age, what is said; a role and situation.
  case profile, scene, traits, age, transcript, question

  /// The record's key that holds it.
  var key: String {
    switch self {
    case .profile: "char_profile"
    case .scene: "local_scene"
    case .traits: "char_style"
    case .age: "char_age"
    case .transcript: "transcript"
    case .question: "question"
    }
  }
}

/// A clip with what is known and what was judged of it: one line of a file.
struct Record: Sendable, Hashable {
  /// A multiple-choice question.
  struct Question: Sendable, Hashable {
    var text: String, choices: [String]
    /// The index of the right choice; nil where the record does not say.
    var correct: Int?
    var category: String?
  }

  var id: String
  /// File and line, which faults name.
  var place: String
  var kind: Kind
  var clip: ClipPath
  var context: [ContextField: String] = [:]
  /// By a dimension's key: what each annotator gave, nil where one gave nothing. A dimension that
  /// nobody rated is not there.
  var ratings: [String: [Double?]] = [:]
  /// What is heard, and which emotions: the thoughts that some kinds are taught to write down.
  var caption: String?, emotionCaption: String?
  var question: Question?
  var dataSource: String?
  /// The record's keys that say nothing here.
  var unread: [String] = []

  /// The text of `thought`; nil where the record has none.
  func text(of thought: Kind.Thought) -> String? {
    switch thought {
    case .caption: caption
    case .emotion: emotionCaption
    }
  }

  /// The dimensions with a rating, in the family's order.
  var ratedDimensions: [Dimension] {
    kind.family.dimensions.filter { ratings[$0.key] != nil }
  }

  /// Reads `value`, the object at `place` in a file of `folder`. `kind` overrides the record's own.
  init(_ value: JSON, place: String, folder: String, kind override: Kind? = nil) throws {
    let fields = RecordFields(value: value, place: place)
    guard value.object != nil else {
      throw fields.fault("a record must be an object, this is \(value.kind)")
    }
    let kind = try override ?? fields.kind()
    if fields.family != kind.family {
      throw fields.fault(
        "the record has the shape of \(fields.family.rawValue), which the kind "
          + "'\(kind.rawValue)' does not ask about; name another 'data.kind' or 'dataset_name'")
    }
    self.kind = kind
    self.place = place
    id = try fields.id()
    guard let path = try fields.firstText(["wav_path", "audio_path", "audio_id"]) else {
      throw fields.fault("'wav_path' is missing; name the record's clip")
    }
    clip = ClipPath(path, beside: folder)
    dataSource = try fields.text("data_source")
    unread = try fields.unreadKeys()
    switch kind.family {
    case .realism: try readScene(fields)
    case .archetype: try readReply(fields)
    case .avqa: question = try fields.question()
    }
  }

  private mutating func readScene(_ fields: RecordFields) throws {
    for field in [ContextField.profile, .scene, .traits] {
      context[field] = try fields.requiredText(field.key)
    }
    for field in [ContextField.age, .transcript] { context[field] = try fields.text(field.key) }
    if let info = fields.value["audio_info"], info != .null {
      let info = RecordFields(value: info, place: fields.place + ", audio_info")
      caption = try info.text("audio_caption")
      emotionCaption = try info.text("emotion_caption")
    }
    ratings = try fields.ratings(of: Dimension.realism)
  }

  /// Whoever rejects a reply has nothing to say of its sound: what stands there is left out.
  private mutating func readReply(_ fields: RecordFields) throws {
    context[.question] = try fields.requiredText("question")
    let passes = try fields.ratings(of: [.contentPass])[Dimension.contentPass.key] ?? []
    let rejecting = Set(passes.indices.filter { passes[$0] == 0 })
    ratings = try fields.ratings(of: Dimension.archetype).compactMapValues { ratings in
      let kept = ratings.enumerated().map { rejecting.contains($0.offset) ? nil : $0.element }
      return kept.contains { $0 != nil } ? kept : nil
    }
    ratings[Dimension.contentPass.key] = passes.isEmpty ? nil : passes
  }
}
