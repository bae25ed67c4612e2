import JSON
import OrderedCollections

/// Reads checked values out of config.json, or out of an object in it.
struct ConfigReader {
  let members: OrderedDictionary<String, JSONValue>
  /// The file that errors name.
  let path: String
  /// What errors put before a key: `text_config.`, or nothing.
  var section = ""

  func positive(_ key: String, default value: Int? = nil) throws(FormatError) -> Int {
    guard let given = members[key], !given.isNull else {
      if let value { return value }
      throw FormatError(.malformed, path, "'\(section)\(key)' is missing")
    }
    guard let number = given.int, number > 0 else {
      throw FormatError(
        .malformed, path, "'\(section)\(key)' is \(given.text()); a positive whole number is needed"
      )
    }
    return number
  }

  func positiveNumber(_ key: String, default value: Double) throws(FormatError) -> Double {
    guard let given = members[key], !given.isNull else { return value }
    guard let number = given.double, number > 0 else {
      throw FormatError(
        .malformed, path, "'\(section)\(key)' is \(given.text()); a positive number is needed")
    }
    return number
  }

  /// The type of the stored numbers, as torch names it; nil where it is not said.
  var dtype: String? { members["dtype"]?.string ?? members["torch_dtype"]?.string }

  /// `value` where the key is absent.
  func flag(_ key: String, default value: Bool = false) throws(FormatError) -> Bool {
    guard let given = members[key], !given.isNull else { return value }
    guard let flag = given.bool else {
      throw FormatError(
        .malformed, path, "'\(section)\(key)' is \(given.text()); true or false is needed")
    }
    return flag
  }

  /// The part of a head that is rotated, where it stands beside the rotary rule.
  func share() throws(FormatError) -> Double {
    try positiveNumber("partial_rotary_factor", default: 1)
  }

  /// The object `key`, empty where it is absent.
  func object(_ key: String) throws(FormatError) -> OrderedDictionary<String, JSONValue> {
    guard let value = members[key], !value.isNull else { return [:] }
    guard let object = value.object else {
      throw FormatError(
        .malformed, path, "'\(section)\(key)' is \(value.text()); an object is needed")
    }
    return object
  }

  /// Says what is wrong with a key.
  func fault(_ key: String, _ problem: String) -> FormatError {
    FormatError(.unsupported, path, "\(section)\(key) \(problem)")
  }

  /// A token's number, or a list of such; empty where the key is absent.
  func tokens(_ key: String) throws(FormatError) -> [Int] {
    guard let value = members[key], !value.isNull else { return [] }
    let items = value.array ?? [value], tokens = items.compactMap(\.int)
    guard tokens.count == items.count else {
      throw FormatError(
        .malformed, path,
        "'\(section)\(key)' is \(value.text()); a token's number, or a list of such, is needed")
    }
    return tokens
  }
}
