extension Fields {
  /// The messages under `key`, as turns; none where there is no such key.
  public func turns(_ key: String) throws -> [Turn] {
    let messages = try list(key, of: "messages") ?? []
    return try messages.enumerated().map { index, message in
      try Message(message, place: "\(place), \(key)[\(index)]").turn
    }
  }

  /// What an Alpaca row asks: the pairs of `history`, then `instruction` and `input` as one
  /// question.
  public func alpacaPrompt() throws -> [Turn] {
    var turns: [Turn] = []
    for (index, pair) in (try list("history", of: "pairs") ?? []).enumerated() {
      let texts = (pair.array ?? []).compactMap(\.string)
      guard texts.count == 2, pair.array?.count == 2 else {
        throw fault("'history[\(index)]' must be a pair of texts: [question, answer]")
      }
      turns += [.user(texts[0]), .assistant(texts[1])]
    }
    let instruction = try text("instruction")
    let input = try optionalText("input") ?? ""
    return turns + [.user([instruction, input].filter { !$0.isEmpty }.joined(separator: "\n\n"))]
  }

  /// `turns` behind the row's `system`, if it has one; they must not have such a turn themselves.
  public func withSystem(_ turns: [Turn]) throws -> [Turn] {
    guard let system = try optionalText("system"), !system.isEmpty else { return turns }
    guard !turns.contains(where: { $0.role == "system" || $0.role == "developer" }) else {
      throw fault("the row has 'system' and a system turn too; keep one of them")
    }
    return [.system(system)] + turns
  }
}

extension Turn {
  /// Whether the turn has text, calls or reasoning.
  public var saysSomething: Bool {
    !text.isEmpty || members.keys.contains { $0 != "name" && $0 != "tool_call_id" }
  }
}
