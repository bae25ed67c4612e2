extension PythonRandom {
  /// Shuffles as `random.shuffle` does: from the end, each with one of those up to it.
  mutating func shuffle(_ values: inout [UInt32]) {
    for last in stride(from: values.count - 1, to: 0, by: -1) {
      values.swapAt(last, Int(below(UInt32(last + 1))))
    }
  }
}
