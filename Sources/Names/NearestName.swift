/// The candidate with the fewest slips between it and `name`, a letter more, less, wrong or changed
/// places with its neighbor; nil unless there are at most `slips` of them, by default one for each
/// three letters. Upper and lower case are one. Of several as near, the first by the alphabet.
public func nearestName(
  to name: String, among candidates: some Sequence<String>, slips: Int? = nil
) -> String? {
  let most = slips ?? max(1, (name.count + 1) / 3)
  let lowered = Array(name.lowercased())
  let near = candidates.compactMap { candidate -> (slips: Int, name: String)? in
    let other = Array(candidate.lowercased())
    guard abs(other.count - lowered.count) <= most else { return nil }
    let slips = editDistance(lowered, other)
    return slips <= most ? (slips, candidate) : nil
  }
  return near.min { ($0.slips, $0.name) < ($1.slips, $1.name) }?.name
}

/// Damerau's distance between two texts: no piece of them is edited twice.
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
  var older: [Int] = [], row = Array(0...right.count)
  for i in left.indices {
    var next = [i + 1]
    for j in right.indices {
      var distance = min(row[j] + (left[i] == right[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1)
      if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
        distance = min(distance, older[j - 1] + 1)
      }
      next.append(distance)
    }
    (older, row) = (row, next)
  }
  return row[right.count]
}
