/// Finds the role header of assistant turns: what the template writes as generation prompt.
struct HeaderSearch {
  let rendering: Rendering
  /// Generation prompts met so far in this conversation.
  private var known: [[UInt8]]?

  init(rendering: Rendering) { self.rendering = rendering }

  /// How many bytes of the turn are its header.
  ///
  /// With `enable_thinking: false` the prompt of many templates holds an empty think block. It is
  /// the header of turns that begin so; other turns begin with the prompt written without it.
  mutating func length(in turn: Turn, message: Int) throws(TemplateError) -> Int {
    let opening = turn.opening
    if let known, let length = Self.match(known, opening) { return length }
    let prompts = try prompts(before: message)
    known = prompts
    if let length = Self.match(prompts, opening) { return length }
    return prompts.map { common($0, opening, turn.specialTokens) }.max() ?? 0
  }

  /// The generation prompts after the messages before `message`: with the caller's variables, and
  /// where those turn thinking off, without that.
  private func prompts(before message: Int) throws(TemplateError) -> [[UInt8]] {
    var prompts = [try prompt(first: message, without: nil)]
    if rendering.variables["enable_thinking"] != nil {
      prompts.append(try prompt(first: message, without: "enable_thinking"))
    }
    return prompts
  }

  private func prompt(first count: Int, without dropped: String?) throws(TemplateError) -> [UInt8] {
    // Some templates do not take a conversation that stops here; the prompt of the whole will do.
    if let prompt = try? difference(first: count, without: dropped) { return prompt }
    return try difference(first: rendering.messages.count, without: dropped)
  }

  /// What the template adds to the first `count` messages when it is asked for a prompt: the text
  /// after the last message's output, less what stands there without the question.
  private func difference(first count: Int, without dropped: String?) throws(TemplateError)
    -> [UInt8]
  {
    func tail(_ addGenerationPrompt: Bool) throws(TemplateError) -> ArraySlice<UInt8> {
      let output = try rendering.output(
        addGenerationPrompt: addGenerationPrompt, first: count, without: dropped)
      let start = output.stretches.last { $0.message != nil }?.range.upperBound ?? 0
      return Array(output.text.utf8)[start...]
    }
    let (asked, unasked) = (try tail(true), try tail(false))
    let prompt = asked.starts(with: unasked) ? asked.dropFirst(unasked.count) : asked
    return Array(prompt.drop(while: \.isASCIISpace))
  }

  /// The end of the longest prompt that the turn begins with, or holds after a preamble.
  private static func match(_ prompts: [[UInt8]], _ opening: [UInt8]) -> Int? {
    for prompt in prompts.sorted(by: { $0.count > $1.count }) where !prompt.isEmpty {
      guard prompt.count <= opening.count else { continue }
      for start in 0...opening.count - prompt.count
      where opening[start..<start + prompt.count].elementsEqual(prompt) {
        return start + prompt.count
      }
    }
    return nil
  }

  /// The common beginning of prompt and turn, cut back to the end of a line or of a special token:
  /// a prompt that opens a think block, before a turn without one.
  private func common(_ prompt: [UInt8], _ opening: [UInt8], _ specialTokens: [String]) -> Int {
    let space = opening.prefix { $0.isASCIISpace }.count
    let text = opening[space...]
    var length = zip(prompt, text).prefix { $0 == $1 }.count
    while length > 0 {
      let head = prompt[..<length]
      if head.last == UInt8(ascii: "\n")
        || specialTokens.contains(where: { head.ends(with: $0.utf8) })
      {
        return space + length
      }
      length -= 1
    }
    return 0
  }
}
