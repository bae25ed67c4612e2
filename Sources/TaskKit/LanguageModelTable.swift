import CPluginABI

extension LanguageModel {
  /// The model behind the host's table.
  init(_ service: HostTable<tk_generate_v1>) {
    self.init(
      complete: { prompts, how in
        try forEachKind(of: prompts) { kind, texts, _ in
          try service.complete(texts, kind, how)
        }
      },
      logLikelihoods: { pairs, variant in
        try forEachKind(of: pairs.map(\.prompt)) { kind, texts, indices in
          try service.logLikelihoods(
            of: indices.map { pairs[$0].completion }, after: texts, kind, variant)
        }
      })
  }
}

extension HostTable<tk_generate_v1> {
  fileprivate func complete(
    _ prompts: [String], _ kind: Int32, _ how: LanguageModel.Generation
  ) throws -> [String] {
    var options = tk_generation_v1()
    options.model = how.variant.rawValue
    options.prompt_kind = kind
    options.max_new_tokens = Int32(clamping: how.maximumNewTokens)
    options.top_k = Int32(clamping: how.topK)
    options.temperature = Float(how.temperature)
    options.top_p = Float(how.topP)
    options.seed = how.seed
    var answers = [String?](repeating: nil, count: prompts.count)
    try withUnsafeMutablePointer(to: &answers) { answers in
      var out = tk_answers_out_v1()
      out.ctx = UnsafeMutableRawPointer(answers)
      out.answer = { out, index, text in
        guard let answers = out?.pointee.ctx?.assumingMemoryBound(to: [String?].self),
          answers.pointee.indices.contains(index)
        else { return }
        answers.pointee[index] = text.string
      }
      try checked { error in
        withStrs(prompts) {
          pointer.pointee.complete?(pointer, &options, $0.baseAddress, $0.count, &out, error)
        }
      }
    }
    let given = answers.compactMap(\.self)
    guard given.count == prompts.count else {
      throw PluginError(
        .internal, "the host's model answered \(given.count) of \(prompts.count) prompts")
    }
    return given
  }

  fileprivate func logLikelihoods(
    of completions: [String], after prompts: [String], _ kind: Int32,
    _ variant: LanguageModel.Variant
  ) throws -> [LogLikelihood] {
    var sums = [Double](repeating: .nan, count: prompts.count)
    var counts = [Int64](repeating: 0, count: prompts.count)
    try checked { error in
      withStrs(prompts) { prompts in
        withStrs(completions) {
          pointer.pointee.log_likelihoods?(
            pointer, variant.rawValue, kind, prompts.baseAddress, $0.baseAddress, $0.count, &sums,
            &counts, error)
        }
      }
    }
    return zip(sums, counts).map { LogLikelihood(sum: $0, tokens: Int($1)) }
  }
}

/// Calls `body` once for the texts and once for the conversations among `prompts`, since a call of
/// the host takes one kind; the results in the prompts' order.
func forEachKind<Result>(
  of prompts: [Prompt],
  _ body: (_ kind: Int32, _ texts: [String], _ indices: [Int]) throws -> [Result]
) throws -> [Result] {
  var results = [Result?](repeating: nil, count: prompts.count)
  for kind in [TK_PROMPT_TEXT, TK_PROMPT_MESSAGES].map(Int32.init) {
    let indices = prompts.indices.filter { prompts[$0].kind == kind }
    guard !indices.isEmpty else { continue }
    let texts = try indices.map { try prompts[$0].serialized() }
    for (index, result) in zip(indices, try body(kind, texts, indices)) { results[index] = result }
  }
  return results.compactMap(\.self)
}

extension Prompt {
  fileprivate var kind: Int32 {
    switch self {
    case .text: Int32(TK_PROMPT_TEXT)
    case .messages: Int32(TK_PROMPT_MESSAGES)
    }
  }

  /// The text that crosses the boundary: itself, or the messages as JSON.
  fileprivate func serialized() throws -> String {
    switch self {
    case .text(let text): return text
    case .messages(let turns):
      let messages = try turns.map { turn -> JSON in
        for case .media(let kind, _) in turn.parts {
          throw PluginError(.unsupported, "a prompt's messages cannot hold media ('\(kind)')")
        }
        return ["role": .string(turn.role), "content": .string(turn.text)]
      }
      return JSON.array(messages).text
    }
  }
}

/// Calls a function of the host; its status and text become an error.
func checked(_ call: (UnsafeMutablePointer<tk_error>) -> tk_status?) throws {
  try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { text in
    text.initialize(repeating: 0)
    var error = tk_error(text: text.baseAddress, capacity: text.count)
    let status = call(&error) ?? tk_status(TK_E_UNSUPPORTED)
    guard status != TK_OK else { return }
    let bytes = UnsafeRawBufferPointer(text).prefix { $0 != 0 }
    let message = String(decoding: bytes, as: UTF8.self)
    throw PluginError(
      .init(status), message.isEmpty ? "the host's model failed (status \(status))" : message)
  }
}
