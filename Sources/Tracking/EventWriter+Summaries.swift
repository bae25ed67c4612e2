public import Formats
public import JSON

// What a run writes beside scalars: texts, distributions, hyperparameters.

extension EventWriter {
  /// Appends a text, which is shown as Markdown: as it is, in a fence.
  public func text(_ tag: String, _ text: String) throws(FormatError) {
    var tensor = Message(), size = Message(), shape = Message()
    size.varint(1, 1)
    shape.bytes(2, size.encoded)
    tensor.varint(1, 7)
    tensor.bytes(2, shape.encoded)
    tensor.bytes(8, Array("```\n\(text)\n```".utf8))
    var item = Message()
    item.text(1, "\(tag)/text_summary")
    item.bytes(8, tensor.encoded)
    item.bytes(9, Self.metadata(plugin: "text").encoded)
    try append(item, step: 0)
  }

  /// Appends a distribution; one of no value is left out.
  public func histogram(_ tag: String, _ values: Distribution, step: Int) throws(FormatError) {
    guard !values.values.isEmpty else { return }
    var item = Message()
    item.text(1, tag)
    item.bytes(5, values.histogram.message.encoded)
    try append(item, step: step)
  }

  /// Says what the run was told, so that runs can be compared by it: each member of `config` by its path.
  public func begin(_ config: JSONValue) throws(FormatError) {
    var start = Message()
    for (name, value) in Self.leaves(config, path: "") {
      var entry = Message()
      entry.text(1, name)
      entry.bytes(2, value.encoded)
      start.bytes(1, entry.encoded)
    }
    start.fixed64(5, Self.now.bitPattern)
    try appendSession("_hparams_/session_start_info", field: 3, start)
  }

  /// Says that the run has come to its end.
  public func finish() throws(FormatError) {
    var end = Message()
    end.varint(1, 1)
    end.fixed64(2, Self.now.bitPattern)
    try appendSession("_hparams_/session_end_info", field: 4, end)
  }

  private func appendSession(
    _ tag: String, field: Int, _ content: Message
  ) throws(FormatError) {
    var session = Message(), item = Message()
    session.bytes(field, content.encoded)
    item.text(1, tag)
    item.bytes(9, Self.metadata(plugin: "hparams", session.encoded).encoded)
    try append(item, step: 0)
  }

  /// Numbers, truth values and texts (google.protobuf.Value); lists as their text; nulls are left out.
  private static func leaves(
    _ value: JSONValue, path: String
  ) -> [(name: String, value: Message)] {
    var leaf = Message()
    switch value {
    case .object(let members):
      return members.flatMap { leaves($0.value, path: path.isEmpty ? $0.key : path + "." + $0.key) }
    case .null: return []
    case .bool(let flag): leaf.varint(4, flag ? 1 : 0)
    case .string(let text): leaf.text(3, text)
    case .array: leaf.text(3, value.text(.spaced))
    default: leaf.fixed64(2, (value.double ?? 0).bitPattern)
    }
    return [(path, leaf)]
  }

  private static func metadata(plugin name: String, _ content: [UInt8]? = nil) -> Message {
    var plugin = Message(), metadata = Message()
    plugin.text(1, name)
    if let content { plugin.bytes(2, content) }
    metadata.bytes(1, plugin.encoded)
    return metadata
  }
}
