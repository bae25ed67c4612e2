import Text

extension ConversationEncoder {
  /// A row's samples, each with the place of its turn; nil where it is the whole conversation. `kind`
  /// is what the objective asks for; a row of another kind is an error. Of a pair the chosen text comes
  /// first, then the rejected one.
  public func samples(
    _ example: Example, turns: AssistantTurns, kind: RowKind = .texts, label: String
  ) throws(TaskError) -> [(turn: Int?, sample: Sample)] {
    try check(example, is: kind, label: label)
    switch kind {
    case .texts: return try texts(example, turns: turns, label: label)
    case .pairs:
      let texts = try [Sample.Role.chosen, .rejected].map { role throws(TaskError) in
        try text(example, as: role, turns: turns, label: label)
      }
      try checkDifferent(texts[0].sample, texts[1].sample, label: label)
      return texts
    case .labels:
      let role = example.label == true ? Sample.Role.desirable : .undesirable
      return [try text(example, as: role, turns: turns, label: label)]
    case .prompts: return [(nil, try prompt(example, label: label))]
    }
  }

  /// One of a row's samples, as `samples` gives it: the text of that role with the turn that stood
  /// beside it.
  public func sample(
    _ example: Example, turn: Int?, role: Sample.Role, label: String
  ) throws(TaskError) -> Sample {
    try check(example, is: role.kind, label: label)
    var sample: Sample
    switch role {
    case .whole: return try self.sample(example, turn: turn, label: label)
    case .prompt: return try prompt(example, label: label)
    case .option: preconditionFailure("\(label): an option is no text of a row's own")
    case .chosen, .rejected, .desirable, .undesirable:
      sample = try self.sample(
        example.text(of: role), turn: turn, label: Self.label(label, role: role))
    }
    sample.role = role
    if let isWanted = example.label { sample.role = isWanted ? .desirable : .undesirable }
    return sample
  }

  /// What errors call a text of the row `label`.
  public static func label(_ label: String, turn: Int? = nil, role: Sample.Role) -> String {
    let text = role == .chosen || role == .rejected ? "\(label), \(role) answer" : label
    return Self.label(text, turn: turn)
  }

  private func text(
    _ example: Example, as role: Sample.Role, turns: AssistantTurns, label: String
  ) throws(TaskError) -> (turn: Int?, sample: Sample) {
    let trained = turns == .each ? example.text(of: role).trainedTurns : []
    guard trained.count <= 1 else {
      throw TaskError(
        .configuration,
        "\(Self.label(label, role: role)): the answer has \(trained.count) trained turns, which "
          + "data.assistant_turns: each would cut into as many texts, but an answer is preferred as "
          + "a whole; set data.assistant_turns: as_rendered")
    }
    return (trained.first, try sample(example, turn: trained.first, role: role, label: label))
  }

  private func check(_ example: Example, is kind: RowKind, label: String) throws(TaskError) {
    // Of any row the prompt can be answered anew, if there is one.
    if kind == .prompts {
      guard example.prompt.isEmpty else { return }
      throw TaskError(
        .data,
        "\(label): the row has no prompt, which completions could be sampled of; leave it out")
    }
    // A prompt alone under `.texts` has nothing to be trained, and the error about that says more.
    guard example.kind != kind, !(kind == .texts && example.kind == .prompts) else { return }
    throw TaskError(
      .data,
      "\(label): the row is \(example.kind.row), but the objective learns \(kind.rows); "
        + example.kind.advice)
  }

  private func checkDifferent(_ chosen: Sample, _ rejected: Sample, label: String)
    throws(TaskError)
  {
    guard chosen.ids == rejected.ids, chosen.media == rejected.media else { return }
    throw TaskError(
      .data,
      "\(label): the chosen and the rejected answer are the same tokens (\(chosen.ids.count) with the "
        + "prompt), so that there is nothing to prefer; leave the row out")
  }
}

extension Sample.Role {
  /// The kind of row that has texts of this role.
  public var kind: RowKind {
    switch self {
    case .whole, .option: .texts
    case .chosen, .rejected: .pairs
    case .desirable, .undesirable: .labels
    case .prompt: .prompts
    }
  }
}

extension Example {
  /// The conversation that a text of this role writes: of a pair the prompt, of which nothing is
  /// trained, with one of the answers.
  func text(of role: Sample.Role) -> Example {
    guard role == .chosen || role == .rejected else { return self }
    var text = self
    for index in text.turns.indices { text.turns[index].isTrained = false }
    text.turns += role == .chosen ? chosen : rejected
    (text.chosen, text.rejected) = ([], [])
    return text
  }
}
