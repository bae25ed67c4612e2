extension PythonRandom {
  /// `count` different places below `bound` in the order in which they are drawn.
  mutating func sample(_ bound: Int, _ count: Int) -> [Int] {
    precondition(count <= bound, "sample: \(count) of \(bound)")
    var most = 21
    if count > 5 {
      var power = 4
      while power < 3 * count { power *= 4 }
      most += power
    }
    if bound <= most {
      var pool = Array(0..<bound)
      return (0..<count).map { index in
        let place = number(below: bound - index), value = pool[place]
        pool[place] = pool[bound - index - 1]
        return value
      }
    }
    var taken: Set<Int> = []
    return (0..<count).map { _ in
      var place = number(below: bound)
      while !taken.insert(place).inserted { place = number(below: bound) }
      return place
    }
  }

  private mutating func number(below bound: Int) -> Int { Int(below(UInt32(bound))) }
}
