public import JSON
public import OrderedCollections

/// Values that projections have instead of the one for all: PEFT's `rank_pattern` and `alpha_pattern`.
/// A key is a regular expression that matches a whole path or its end after a dot; of several that do,
/// the first in the file's order decides.
public struct ModulePattern<Value: Sendable & Hashable>: Sendable, Hashable {
  /// The keys as they were written, in their order.
  public private(set) var values: OrderedDictionary<String, Value> = [:]
  private var patterns: [PathPattern] = []

  /// No key.
  public init() {}

  /// Keys with their values; the fault says which key cannot be read.
  public init(_ values: OrderedDictionary<String, Value>) throws(PathPatternFault) {
    self.values = values
    for key in values.keys {
      do { patterns.append(try PathPattern(#"(.*\.)?(\#(key))"#)) } catch {
        let fault: String
        // Said of the key alone, without what is put around it here.
        do {
          _ = try PathPattern(key)
          fault = error.description
        } catch let own { fault = own.description }
        throw PathPatternFault(description: "the key '\(key)' has \(fault)")
      }
    }
  }

  /// The same keys with other values.
  public func mapped(_ change: (Value) -> Value) -> ModulePattern {
    var pattern = self
    pattern.values = values.mapValues(change)
    return pattern
  }

  /// The first matching key's value; nil where no key matches.
  public func value(for path: String) -> Value? {
    patterns.firstIndex { matches(path, $0) }.map { values.elements[$0].value }
  }

  /// The first of `paths` that would get another value if the keys were sorted, as PEFT sorts them when it
  /// saves an adapter again; nil where the order says nothing.
  public func ordered(among paths: [String]) -> String? {
    var sorted = values
    sorted.sort { $0.key < $1.key }
    guard let sorted = try? ModulePattern(sorted) else { return nil }
    return paths.first { sorted.value(for: $0) != value(for: $0) }
  }

  /// Keys that match none of `paths`.
  public func unused(among paths: [String]) -> [String] {
    zip(values.keys, patterns).filter { _, pattern in
      !paths.contains { matches($0, pattern) }
    }.map(\.0)
  }

  private func matches(_ path: String, _ pattern: PathPattern) -> Bool {
    ModulePath.spellings(of: path).contains(where: pattern.matchesWhole)
  }

  /// The object for PEFT, in the same order.
  public func object(_ value: (Value) -> JSONValue) -> JSONValue {
    .object(values.mapValues(value))
  }
}
