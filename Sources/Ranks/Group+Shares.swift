// Work in numbered parts, of which each rank does some, with the same outcome as if one did all.
extension Group {
  /// Which of `count` parts this rank does: one after the other they go to rank 0, 1, …
  public func dealt(_ count: Int) -> [Int] { Array(stride(from: rank, to: count, by: self.count)) }

  /// What `count` parts came to, in their order, at all ranks; `own` are those done here, with their
  /// numbers.
  public func inOrder<Value: Parcel>(
    _ label: String, of count: Int, _ own: [(number: Int, value: Value)]
  ) throws(RanksError) -> [Value] {
    var known: [Value?] = Array(repeating: nil, count: count)
    for (number, value) in own { known[number] = value }
    if !isAlone {
      var bytes = ParcelWriter()
      for (number, value) in own {
        bytes.add(number)
        bytes.add(value)
      }
      for (other, bytes) in try gather(label, bytes.bytes).enumerated() where other != rank {
        var reader = ParcelReader(bytes)
        while !reader.isAtEnd {
          let number = reader.take(Int.self)
          known[number] = reader.take(Value.self)
        }
      }
    }
    let values = known.compactMap(\.self)
    guard values.count == count else {
      throw RanksError(
        .schedule, "\(label): \(count - values.count) of \(count) parts came from nobody")
    }
    return values
  }

  /// The value of `root`, at all ranks.
  public func share<Value: Parcel>(
    _ label: String, from root: Int = 0, _ value: () throws -> Value
  ) throws -> Value {
    if isAlone { return try value() }
    let bytes = try broadcast(
      label,
      try {
        var writer = ParcelWriter()
        writer.add(try value())
        return writer.bytes
      }(), from: root)
    var reader = ParcelReader(bytes)
    return reader.take()
  }
}
