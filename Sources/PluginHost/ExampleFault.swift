import Tasks

extension Example {
  /// What is wrong with the row as a whole; nil: nothing.
  var fault: String? { shapeFault ?? mediaFault }

  private var shapeFault: String? {
    if isPair { return pairFault }
    if turns.isEmpty { return "the row has no turns" }
    guard label != nil else { return nil }
    if turns.last?.role != "assistant" {
      return "the row has a label, but its conversation does not end with an assistant's turn"
    }
    return choicesFault
  }

  private var pairFault: String? {
    for (name, answer, other) in [("chosen", chosen, "rejected"), ("rejected", rejected, "chosen")]
    {
      guard let first = answer.first else {
        return "the row has a \(other) answer, but no \(name) one"
      }
      if first.role != "assistant" {
        return "the \(name) answer begins with a turn of the role '\(first.role)', not with one of "
          + "the assistant's; what both answers begin with belongs to the conversation"
      }
    }
    guard let last = turns.last else { return "the row has two answers, but no prompt" }
    if last.role == "assistant" {
      return "the prompt of the pair ends with an assistant's turn, which the answers would go on"
    }
    if label != nil { return "the row is a preference pair and has a label; give one of the two" }
    return choicesFault
  }

  private var choicesFault: String? {
    choices.isEmpty ? nil : "the row is \(kind.row) and has choices; give one of the two"
  }

  private var mediaFault: String? {
    for case .media(let kind, let tensor) in (turns + chosen + rejected).flatMap(\.parts)
    where tensors[tensor] == nil {
      return "a turn's \(kind) names the tensor '\(tensor)', which the row lacks"
    }
    return nil
  }
}
