/// The keys a type asked for while it was decoded, by the path of the object they belong to.
final class KeyRecord {
  var asked: [String: Set<String>] = [:]
}

/// Decodes a `Decodable` type from a JSON value. Beside the standard library's own decoders this
/// one says each fault in a sentence that names the key with its path, and knows afterwards which
/// keys the type never asked for.
struct JSONTree: Decoder {
  let value: JSON
  let path: String
  let record: KeyRecord
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ value: JSON, path: String, record: KeyRecord) {
    self.value = value
    self.path = path
    self.record = record
  }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    if type == JSON.self, let value = value as? T { return value }
    return try T(from: self)
  }

  func child(_ value: JSON, _ name: String) -> JSONTree {
    JSONTree(value, path: path.isEmpty ? name : path + "." + name, record: record)
  }

  func fault(expected: String) -> PluginError {
    let subject = path.isEmpty ? "the value" : "'\(path)'"
    return PluginError(.configuration, "\(subject) must be \(expected), not \(value.kind)")
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let members = value.object else { throw fault(expected: "an object") }
    record.asked[path, default: []].formUnion([])  // An object read key by key, be it for no key.
    return KeyedDecodingContainer(Members<Key>(tree: self, members: members))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard let elements = value.array else { throw fault(expected: "an array") }
    return Elements(tree: self, elements: elements)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

  /// Keys present but never asked for, as paths, in the order of their text.
  var unknownKeys: [(path: String, known: Set<String>)] {
    var found: [(path: String, known: Set<String>)] = []
    collect(into: &found)
    return found.sorted { $0.path < $1.path }
  }

  private func collect(into found: inout [(path: String, known: Set<String>)]) {
    for (index, element) in (value.array ?? []).enumerated() {
      child(element, "\(index)").collect(into: &found)
    }
    // An object that was not read key by key was taken whole, as JSON or as a dictionary.
    guard let members = value.object, let known = record.asked[path] else { return }
    for (key, value) in members {
      let member = child(value, key)
      if known.contains(key) {
        member.collect(into: &found)
      } else {
        found.append((member.path, known))
      }
    }
  }
}

extension JSONTree: SingleValueDecodingContainer {
  func decodeNil() -> Bool { value == .null }

  func decode(_ type: Bool.Type) throws -> Bool {
    guard let value = value.bool else { throw fault(expected: "true or false") }
    return value
  }

  func decode(_ type: String.Type) throws -> String {
    guard let text = value.string else { throw fault(expected: "a string") }
    return text
  }

  func decode(_ type: Double.Type) throws -> Double {
    guard let value = value.double else { throw fault(expected: "a number") }
    return value
  }

  func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
  func decode(_ type: Int.Type) throws -> Int { try integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }

  private func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    guard let value = value.int else { throw fault(expected: "a whole number") }
    guard let result = T(exactly: value) else {
      throw PluginError(
        .configuration, "'\(path)' is \(value), which lies outside \(T.min)...\(T.max)")
    }
    return result
  }
}

/// The members of an object.
private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let tree: JSONTree
  let members: JSON.Members
  var codingPath: [any CodingKey] { [] }

  /// Asking for all keys takes the object whole, as a dictionary does.
  var allKeys: [Key] {
    tree.record.asked[tree.path, default: []].formUnion(members.keys)
    return members.keys.sorted().compactMap(Key.init(stringValue:))
  }

  func contains(_ key: Key) -> Bool {
    tree.record.asked[tree.path, default: []].insert(key.stringValue)
    return members[key.stringValue] != nil
  }

  private func member(_ key: Key) throws -> JSONTree {
    guard contains(key), let value = members[key.stringValue] else {
      let path = tree.child(.null, key.stringValue).path
      throw PluginError(.configuration, "'\(path)' is required")
    }
    return tree.child(value, key.stringValue)
  }

  func decodeNil(forKey key: Key) throws -> Bool { try member(key).decodeNil() }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try member(key).decode(type)
  }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
    -> KeyedDecodingContainer<Nested>
  { try member(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try member(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { tree }
  func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }
}

/// The elements of an array.
private struct Elements: UnkeyedDecodingContainer {
  let tree: JSONTree
  let elements: [JSON]
  var currentIndex = 0
  var codingPath: [any CodingKey] { [] }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex == elements.count }

  init(tree: JSONTree, elements: [JSON]) {
    self.tree = tree
    self.elements = elements
  }

  private mutating func next() throws -> JSONTree {
    guard !isAtEnd else {
      throw PluginError(.configuration, "'\(tree.path)' needs more than \(elements.count) elements")
    }
    defer { currentIndex += 1 }
    return tree.child(elements[currentIndex], "\(currentIndex)")
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, elements[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().decode(type) }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws
    -> KeyedDecodingContainer<Nested>
  { try next().container(keyedBy: type) }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next().unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder { try next() }
}
