import OrderedCollections

/// Why a text is not JSON, and where.
public struct JSONError: Error, CustomStringConvertible, Sendable, Equatable {
  /// What was expected or found.
  public let message: String
  /// Line and column of the fault, both from 1; the column counts bytes.
  public let line: Int, column: Int

  /// "line 3, column 7: …"
  public var description: String { "line \(line), column \(column): \(message)" }
}

typealias ParsedJSON = JSONValue

extension JSONValue {
  /// The members of an object, in their order.
  public typealias Members = OrderedDictionary<String, JSONValue>

  /// Parses one document. Duplicate keys are an error: whichever one won would surprise somebody.
  public init(parsing text: String) throws(JSONError) {
    try self.init(parsing: Array(text.utf8))
  }

  /// Parses one document from UTF-8 bytes.
  public init(parsing bytes: [UInt8]) throws(JSONError) {
    try self.init(parsing: bytes, listingPairsAt: [])
  }

  /// Parses one document, in which the object that the keys `path` lead to becomes an array of its
  /// keys and values in turn. An object takes keys for one that are canonically equivalent, which the
  /// entries of a vocabulary may be; in the array they stay apart.
  public init(parsing bytes: [UInt8], listingPairsAt path: [String]) throws(JSONError) {
    var value: JSONValue?
    var failure: JSONError?
    bytes.withUnsafeBufferPointer { buffer in
      var parser = JSONParser(bytes: buffer)
      parser.path = path
      do throws(JSONError) { value = try parser.document() } catch { failure = error }
    }
    if let failure { throw failure }
    self = value ?? .null
  }
}
