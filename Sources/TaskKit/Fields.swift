/// An object's members with faults that name the place. Members that are null are as if absent: a
/// table's columns are the same for all rows, so that files written from one are full of them.
public struct Fields: Sendable {
  /// The file and line, which every fault names.
  public let place: String
  private let members: JSON.Members

  /// The members of `value`, which must be an object; `what` is what errors call it.
  public init(_ value: JSON, place: String, what: String) throws {
    guard let members = value.object else {
      throw PluginError(.data, "\(place): \(what) must be an object, this is \(value.kind)")
    }
    self.place = place
    self.members = members
  }

  /// The keys with a value, in their order.
  public var keys: [String] { members.keys.filter { members[$0] != .null } }

  /// The value of `key`; nil where it is null or absent.
  public subscript(key: String) -> JSON? {
    guard let value = members[key], value != .null else { return Optional.none }
    return value
  }

  /// Whether the key says something: a value that is not null and no empty list, object or text.
  public func says(_ key: String) -> Bool {
    switch self[key] {
    case nil: false
    case .string(let text): !text.isEmpty
    case .array(let elements): !elements.isEmpty
    case .object(let members): !members.isEmpty
    default: true
    }
  }

  /// Refuses a value for the chat template with a number that cannot be written as it was read.
  public func checkNumbers(_ value: JSON, _ key: String) throws {
    switch value {
    case .double(let number) where number.magnitude >= 0x1p63:
      throw fault("'\(key)' holds a number beyond 64 bits, \(number); write it as a text")
    case .array(let elements): for element in elements { try checkNumbers(element, key) }
    case .object(let members): for member in members { try checkNumbers(member.value, key) }
    default: break
    }
  }

  /// A fault of the data at this place.
  public func fault(_ message: String) -> PluginError { PluginError(.data, "\(place): \(message)") }

  /// The text under `key`, which must be there.
  public func text(_ key: String) throws -> String {
    guard let text = try optionalText(key) else { throw fault("'\(key)' is missing; add it") }
    return text
  }

  /// The text under `key`; nil where there is none.
  public func optionalText(_ key: String) throws -> String? {
    guard let value = self[key] else { return nil }
    guard let text = value.string else {
      throw fault("'\(key)' must be a string, not \(value.kind)")
    }
    return text
  }

  /// The elements under `key`, which must be a list, of `what`; nil where there is none.
  public func list(_ key: String, of what: String) throws -> [JSON]? {
    guard let value = self[key] else { return nil }
    guard let elements = value.array else {
      throw fault("'\(key)' must be a list of \(what), not \(value.kind)")
    }
    return elements
  }
}
