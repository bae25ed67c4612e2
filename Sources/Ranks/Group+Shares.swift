// Work in numbered parts, of which each rank does some, with the same outcome as if one did all.
extension Group {
  /// Which of `count` parts this rank does: one after the other they go to rank 0, 1, …
  public func dealt(_ count: Int) -> [Int] { Array(stride(from: rank, to: count, by: self.count)) }

  /// What `count` parts came to, in their order, at all ranks; `own` are those done here, with their
  /// numbers.
  public func inOrder<Value: Parcel>(
    _ label: String, of count: Int, _ own: [(number: Int, value: Value)]
  ) throws -> [Value] {
    try inOrder(label, of: count) { own }
  }

  /// The same; `own` does this rank's parts, and where that fails at a rank, all throw the same.
  public func inOrder<Value: Parcel>(
    _ label: String, of count: Int, _ own: () throws -> [(number: Int, value: Value)]
  ) throws -> [Value] {
    var known: [Value?] = Array(repeating: nil, count: count)
    guard !isAlone else {
      for (number, value) in try own() { known[number] = value }
      return try whole(known, label)
    }
    let result = try outcome(of: own)
    var bytes = ParcelWriter()
    bytes.add(result.failure)
    let parts = (try? result.get()) ?? []
    for (number, value) in parts {
      known[number] = value
      bytes.add(number)
      bytes.add(value)
    }
    for (other, bytes) in try gather(label, bytes.bytes).enumerated() {
      var reader = ParcelReader(bytes)
      try refuse(reader.take(Failure?.self), of: other)
      guard other != rank else { continue }
      while !reader.isAtEnd {
        let number = reader.take(Int.self)
        known[number] = reader.take(Value.self)
      }
    }
    return try whole(known, label)
  }

  private func whole<Value>(_ known: [Value?], _ label: String) throws(RanksError) -> [Value] {
    let values = known.compactMap(\.self)
    guard values.count == known.count else {
      throw RanksError(
        .schedule,
        "\(label): \(known.count - values.count) of \(known.count) parts came from nobody")
    }
    return values
  }

  /// The value of `root`, at all ranks; where it has none, all throw the same.
  public func share<Value: Parcel>(
    _ label: String, from root: Int = 0, _ value: () throws -> Value
  ) throws -> Value {
    if isAlone { return try value() }
    let bytes = try broadcast(
      label,
      try {
        let result = try outcome(of: value)
        var writer = ParcelWriter()
        writer.add(result.failure)
        if case .success(let value) = result { writer.add(value) }
        return writer.bytes
      }(), from: root)
    var reader = ParcelReader(bytes)
    try refuse(reader.take(Failure?.self), of: root)
    return reader.take()
  }
}
