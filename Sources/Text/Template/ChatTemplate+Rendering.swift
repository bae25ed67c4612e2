import JSON

/// One conversation on its way through a template.
struct Rendering {
  let program: TemplateProgram
  let specialTokens: [String]
  let now: CivilTime
  let messages: [JSONValue]
  let tools: [JSONValue]?
  let variables: [String: JSONValue]

  /// Chooses the template, and brings the messages into the form that templates expect.
  init(
    template: ChatTemplate, messages: [JSONValue], tools: [JSONValue]?,
    variables: [String: JSONValue]
  ) throws(TemplateError) {
    program = try template.program(hasTools: tools != nil)
    (specialTokens, now) = (template.specialTokens, template.now)
    self.messages = messages.map(\.asTemplatesReadIt)
    (self.tools, self.variables) = (tools, variables)
  }

  /// Runs the template over the first `count` messages (all of them when nil).
  func output(
    addGenerationPrompt: Bool, first count: Int? = nil, without dropped: String? = nil
  ) throws(TemplateError) -> TemplateOutput {
    var names = variables.mapValues { TemplateValue($0) }
    if let dropped { names[dropped] = nil }
    let values = messages.prefix(count ?? messages.count).enumerated().map(Self.value)
    names["messages"] = .list(values)
    names["tools"] = tools.map { .list($0.map { TemplateValue($0) }) } ?? TemplateValue.none
    if names["documents"] == nil { names["documents"] = TemplateValue.none }
    names["add_generation_prompt"] = .bool(addGenerationPrompt)
    return try program.output(names, now: now)
  }

  /// A message that remembers its index.
  private static func value(_ index: Int, _ message: JSONValue) -> TemplateValue {
    guard case .mapping(var mapping) = TemplateValue(message) else { return TemplateValue(message) }
    mapping.message = index
    return .mapping(mapping)
  }

  private func role(_ index: Int) -> String { messages[index]["role"]?.string ?? "" }

  /// The stretches each message wrote, and what of them is trained.
  func spans(of output: TemplateOutput) throws(TemplateError) -> [MessageSpan] {
    var stretches: [Int: [Range<Int>]] = [:]
    var order: [Int] = []
    for (message, range) in output.stretches {
      guard let message else { continue }
      if stretches[message] == nil { order.append(message) }
      stretches[message, default: []].append(range)
    }
    var headers = HeaderSearch(rendering: self)
    var spans: [MessageSpan] = []
    for message in order {
      let own = stretches[message] ?? []
      guard let first = own.first, let last = own.last else { continue }
      var range = first.lowerBound..<last.upperBound
      var trained: [Range<Int>] = []
      if program.hasGenerationBlocks {
        trained = output.generated.filter { $0.message == message }.map(\.range)
      } else if role(message) == "assistant" {
        let turn = Turn(output: output, stretches: own, specialTokens: specialTokens)
        let header = try headers.length(in: turn, message: message)
        trained = turn.trained(afterHeader: header)
        range = range.lowerBound..<max(range.upperBound, trained.last?.upperBound ?? 0)
      }
      spans.append(
        MessageSpan(messageIndex: message, role: role(message), range: range, trained: trained))
    }
    return spans
  }
}

extension JSONValue {
  static let reasoningNames = ["reasoning_content", "thinking", "reasoning"]

  /// A message as the original library gives it to a template: without members that are null, for
  /// templates ask for members as if there were no null, and with its reasoning under every name
  /// that templates read it by.
  var asTemplatesReadIt: JSONValue {
    guard var members = object else { return self }
    members = members.filter { !$0.value.isNull }
    let reasoning = Self.reasoningNames.lazy.compactMap { members[$0] }.first
    guard let reasoning else { return .object(members) }
    var message = JSONValue.object(["thinking": reasoning])
    for (name, value) in members { message = message.setting(name, value) }
    return message.setting("reasoning_content", reasoning)
  }
}

/// What the template wrote for an assistant's turn.
struct Turn {
  let output: TemplateOutput
  /// Its stretches: one, unless another message's output interrupts it.
  let stretches: [Range<Int>]
  let specialTokens: [String]

  /// The text of the first stretch, where the header stands.
  var opening: [UInt8] { Array(Array(output.text.utf8)[stretches[0]]) }

  /// The stretches without the header's bytes, cut after the end token.
  func trained(afterHeader header: Int) -> [Range<Int>] {
    var ranges = stretches
    ranges[0] = ranges[0].lowerBound + header..<ranges[0].upperBound
    let bytes = Array(output.text.utf8)
    while let last = ranges.last {
      var end = last.upperBound
      while end > last.lowerBound, bytes[end - 1].isASCIISpace { end -= 1 }
      if end > last.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<endToken(bytes, last.lowerBound..<end)
        break
      }
      ranges.removeLast()
    }
    return ranges
  }

  /// The end of the turn's end token. A template may write it after its loop over the messages:
  /// then it follows the turn directly, outside of any message.
  private func endToken(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
    func ends(_ token: String) -> Bool { bytes[range].ends(with: token.utf8) }
    if specialTokens.contains(where: { !$0.isEmpty && ends($0) }) { return range.upperBound }
    let end = stretches[stretches.count - 1].upperBound
    guard
      let next = output.stretches.first(where: { $0.range.lowerBound == end }),
      next.message == nil, range.upperBound == end,
      let token = specialTokens.filter({ bytes[next.range].starts(with: $0.utf8) })
        .max(by: { $0.utf8.count < $1.utf8.count })
    else { return range.upperBound }
    return end + token.utf8.count
  }
}

extension UInt8 {
  var isASCIISpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}

extension RandomAccessCollection where Element: Equatable {
  func ends(with suffix: some BidirectionalCollection<Element>) -> Bool {
    var index = endIndex
    for element in suffix.reversed() {
      guard index > startIndex else { return false }
      index = self.index(before: index)
      guard self[index] == element else { return false }
    }
    return true
  }
}
