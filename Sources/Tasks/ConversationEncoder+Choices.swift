import Text

extension ConversationEncoder {
  /// The tokens of the choices in the last turn of `turns`, which `chat` renders and `tokens`
  /// spell. Each choice must be one token of its own, whichever option stands there.
  func alternatives(
    _ turns: [Turn], _ chat: RenderedChat, _ tokens: [Tokenizer.Token], label: String
  ) throws(TaskError) -> [Sample.Alternatives] {
    guard let turn = turns.last, let trained = chat.spans.last?.trained.last else { return [] }
    var result: [Sample.Alternatives] = [], offset = 0
    let places = try place(of: turn.text, in: chat.text, trained, label: label)
    for part in turn.parts {
      switch part {
      case .media: continue
      case .text(let text): offset += text.utf8.count
      case .choice(let choice):
        let start = places + offset
        let range = start..<start + choice.text.utf8.count
        result.append(try alternatives(choice, at: range, tokens, label: label))
        offset += choice.text.utf8.count
      }
    }
    return result
  }

  /// Where the answer's own text begins in the rendered one, in bytes.
  private func place(of answer: String, in text: String, _ trained: Range<Int>, label: String)
    throws(TaskError) -> Int
  {
    let bytes = Array(text.utf8), wanted = Array(answer.utf8)
    let last = trained.upperBound - wanted.count
    guard trained.lowerBound <= last,
      let start = (trained.lowerBound...last).first(where: {
        bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
      })
    else {
      throw TaskError(
        .unsupported,
        "\(label): the chat template changes the answer's text, so that its choices cannot be found "
          + "there")
    }
    return start
  }

  private func alternatives(
    _ choice: Choice, at range: Range<Int>, _ tokens: [Tokenizer.Token], label: String
  ) throws(TaskError) -> Sample.Alternatives {
    let ids = choice.options.map { tokenizer.encode($0) }
    let place = tokens.firstIndex { $0.range == range }
    guard let place, ids.allSatisfy({ $0.count == 1 }), [tokens[place].id] == ids[choice.likeliest]
    else {
      throw TaskError(
        .unsupported,
        "\(label): a choice inside an answer must be one token, but this tokenizer cuts "
          + "\(choice.options.joined(separator: ", ")) otherwise; let each choice be a digit or a "
          + "short word, or give whole answers as the row's choices")
    }
    return Sample.Alternatives(
      place: place, options: choice.options, ids: ids.map { $0[0] }, weights: choice.weights)
  }
}
