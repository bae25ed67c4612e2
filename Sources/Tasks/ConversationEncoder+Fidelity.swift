import JSON
import Text

extension Turn {
  /// The names by which templates read a turn's reasoning, in the order in which they count.
  static let reasoningNames = ["reasoning_content", "thinking", "reasoning"]

  /// What the assistant thought before it spoke, where the message has it beside its content.
  var reasoning: String? {
    Self.reasoningNames.lazy.compactMap { members[$0]?.string }.first
  }

  /// The names of the functions that the message calls.
  fileprivate var calls: [String] {
    (members["tool_calls"]?.array ?? []).compactMap {
      ($0["function"]?["name"] ?? $0["name"])?.string
    }
  }
}

// Whether the text is the row's text.
extension ConversationEncoder {
  /// What of the trained turns' text and reasoning is not in what the template wrote to be learnt.
  func omission(of example: Example, in chat: RenderedChat) -> Omission {
    let bytes = Array(chat.text.utf8)
    var omission = Omission()
    for index in example.trainedTurns {
      let span = chat.spans.first { $0.messageIndex == index }
      let written = Written((span?.trained ?? []).flatMap { bytes[$0] })
      omission.add(turnLacking: missing(of: example.turns[index], in: written))
    }
    return omission
  }

  func missing(of turn: Turn, in written: Written) -> Int {
    written.missing(of: turn.text) + (turn.reasoning.map(written.missing) ?? 0)
  }

  /// Refuses a row whose calls or variables the template passes over: the model would learn to say
  /// nothing where it should call, or would never be told what it may call.
  func checkWritten(_ example: Example, _ chat: RenderedChat, label: String) throws(TaskError) {
    let bytes = Array(chat.text.utf8)
    for (index, turn) in example.turns.enumerated() where !turn.calls.isEmpty {
      let span = chat.spans.first { $0.messageIndex == index }
      let written = Array(bytes[span?.range ?? 0..<0])
      let count = writtenCalls(of: turn, in: written)
      guard count == turn.calls.count else {
        throw TaskError(
          .unsupported,
          "\(label), turn \(index): the chat template writes \(count) of its "
            + "\(turn.calls.count) tool_calls; use a model whose template knows them, or write the "
            + "calls into the content")
      }
    }
    for name in ["tools", "documents"] {
      guard let value = example.templateVariables[name], value.array?.isEmpty == false else {
        continue
      }
      if name == "tools", areNamed(value, beside: example, in: bytes) { continue }
      var without = example
      without.templateVariables[name] = nil
      let other = try? render(without, label: label)
      if let other, other.text == chat.text {
        throw TaskError(
          .unsupported,
          "\(label): the chat template does not write the row's '\(name)'; use a model whose "
            + "template knows them, or take the key out of the rows")
      }
    }
  }

  /// How many of the calls' names stand in the turn beside those in its own words.
  private func writtenCalls(of turn: Turn, in bytes: [UInt8]) -> Int {
    let words = [turn.text, turn.reasoning ?? ""].map { Array($0.utf8) }
      .filter { bytes.lastPlace(of: $0[...]) != nil }
    var counts: [String: Int] = [:]
    for name in turn.calls { counts[name, default: 0] += 1 }
    return counts.reduce(0) { sum, call in
      let name = Array(call.key.utf8)
      let spoken = words.reduce(0) { $0 + $1.count(of: name) }
      return sum + min(call.value, max(0, bytes.count(of: name) - spoken))
    }
  }

  /// Whether every schema's name stands in the text more often than the messages say it.
  private func areNamed(_ tools: JSONValue, beside example: Example, in bytes: [UInt8]) -> Bool {
    let said = example.turns.map { turn in
      Array((turn.text + JSONValue.object(turn.members).text()).utf8)
    }
    return (tools.array ?? []).allSatisfy { tool in
      guard let name = (tool["function"]?["name"] ?? tool["name"])?.string else { return false }
      let name8 = Array(name.utf8)
      return bytes.count(of: name8) > said.reduce(0) { $0 + $1.count(of: name8) }
    }
  }
}
