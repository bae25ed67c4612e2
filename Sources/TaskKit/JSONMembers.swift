extension JSON {
  /// The members of an object, in their order: what a chat template prints of a schema stands as its
  /// author wrote it. Two objects are equal whatever their order is.
  public struct Members: Sendable {
    /// The keys, in order.
    public private(set) var keys: [String] = []
    /// The values, in the keys' order.
    public private(set) var values: [JSON] = []
    /// The keys' places; empty as long as there are few, which are found faster one by one.
    private var places: [String: Int] = [:]
    private static let few = 8

    /// No members.
    public init() {}

    /// The members of a dictionary, by their keys' text: a dictionary has no order of its own.
    public init(_ members: [String: JSON]) {
      for (key, value) in members.sorted(by: { $0.key < $1.key }) { self[key] = value }
    }

    /// The number of members.
    public var count: Int { keys.count }

    /// Whether there is none.
    public var isEmpty: Bool { keys.isEmpty }

    /// The value of `key`; a new one is set at its place, or at the end. nil removes the member.
    public subscript(key: String) -> JSON? {
      get { place(of: key).map { values[$0] } }
      set {
        switch (place(of: key), newValue) {
        case (let place?, let value?): values[place] = value
        case (nil, let value?): append(key, value)
        case (let place?, nil): remove(at: place)
        case (nil, nil): break
        }
      }
    }

    /// A dictionary of what `transform` makes of the values.
    public func mapValues<T>(_ transform: (JSON) throws -> T) rethrows -> [String: T] {
      try Dictionary(uniqueKeysWithValues: zip(keys, values.map(transform)))
    }

    /// A dictionary of what `transform` makes of the values, where it makes something.
    public func compactMapValues<T>(_ transform: (JSON) throws -> T?) rethrows -> [String: T] {
      try mapValues(transform).compactMapValues { $0 }
    }

    private func place(of key: String) -> Int? {
      places.isEmpty ? keys.firstIndex(of: key) : places[key]
    }

    private mutating func append(_ key: String, _ value: JSON) {
      keys.append(key)
      values.append(value)
      if !places.isEmpty { places[key] = keys.count - 1 } else { index() }
    }

    private mutating func remove(at place: Int) {
      keys.remove(at: place)
      values.remove(at: place)
      places = [:]
      index()
    }

    private mutating func index() {
      guard keys.count > Self.few else { return }
      for (place, key) in keys.enumerated() { places[key] = place }
    }
  }
}

extension JSON.Members: Sequence {
  /// The members one after the other.
  public func makeIterator() -> AnyIterator<(key: String, value: JSON)> {
    var next = 0
    return AnyIterator {
      guard next < keys.count else { return nil }
      defer { next += 1 }
      return (keys[next], values[next])
    }
  }
}

extension JSON.Members: Hashable {
  /// Whether both have the same members.
  public static func == (left: Self, right: Self) -> Bool {
    left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
  }

  /// Follows `==`: the order of the members does not count.
  public func hash(into hasher: inout Hasher) {
    var sum = 0
    for (key, value) in self {
      var member = Hasher()
      member.combine(key)
      member.combine(value)
      sum &+= member.finalize()
    }
    hasher.combine(sum)
  }
}

extension JSON.Members: ExpressibleByDictionaryLiteral {
  /// Members in the order written; of equal keys the last one counts.
  public init(dictionaryLiteral elements: (String, JSON)...) {
    for (key, value) in elements { self[key] = value }
  }
}

extension JSON {
  /// An object of a dictionary's members.
  public static func object(_ members: [String: JSON]) -> JSON { .object(Members(members)) }
}
