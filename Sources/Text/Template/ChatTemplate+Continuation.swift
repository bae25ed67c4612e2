public import JSON

// Conversations whose last message is left open, for the model to go on with.

extension ChatTemplate {
  /// Stands for the end of the message while the template runs; its blank tells whether the
  /// template has cut white space there.
  private static let mark = "CONTINUE_FINAL_MESSAGE_TAG "

  /// The text of a conversation up to the end of the last message's `member`: no end token follows,
  /// so that a model goes on with it.
  public func renderOpen(
    messages: [JSONValue], member: String = "content", tools: [JSONValue]? = nil,
    variables: [String: JSONValue] = [:]
  ) throws(TemplateError) -> String {
    guard let last = messages.last?.asTemplatesReadIt, let value = last[member] else {
      throw TemplateError("the last message has no '\(member)' that could be continued")
    }
    var members = [member]
    if JSONValue.reasoningNames.contains(member) {
      // Templates read reasoning under any of the names.
      members = JSONValue.reasoningNames.filter { last[$0] == value }
    }
    let source = try program(hasTools: tools != nil).source
    guard members.contains(where: { source.ranges(ofPart: $0).first != nil }) else {
      throw TemplateError("the template does not read '\(member)', so it cannot be continued")
    }
    let (marked, text) = try Self.marked(value, member)
    var message = last
    for member in members { message = message.setting(member, marked) }
    let chat = try render(
      messages: messages.dropLast() + [message], tools: tools, variables: variables
    ).text
    return try Self.cut(chat, after: text, member)
  }

  /// The member with the mark at the end of its text, and that text.
  private static func marked(_ value: JSONValue, _ member: String) throws(TemplateError)
    -> (JSONValue, String)
  {
    if let text = value.string { return (.string(text + mark), text) }
    var parts = value.array ?? []
    guard let place = parts.lastIndex(where: { $0["text"] != nil }),
      let text = parts[place]["text"]?.string
    else { throw TemplateError("the last message's '\(member)' has no text to be continued") }
    parts[place] = parts[place].setting("text", .string(text + mark))
    return (.array(parts), text)
  }

  private static func cut(_ chat: String, after text: String, _ member: String)
    throws(TemplateError) -> String
  {
    let bare = mark.stripped()
    guard let place = chat.lastRange(of: bare),
      chat.firstRange(of: text.stripped(), from: 0) != nil
    else {
      throw TemplateError("the template does not write the last message's '\(member)' as it is")
    }
    let open = chat.bytes(0..<place)
    let isWhole = chat.bytes(place..<chat.utf8.count).utf8.starts(with: mark.utf8)
    return isWhole ? open : open.stripped(left: false)
  }
}
