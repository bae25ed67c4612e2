/// The candidate with the fewest edits from `name`; nil when every one differs too much to be
/// what was meant (more than a third of its letters, at least two).
public func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
  let bound = max(2, name.count / 3)
  let scored = candidates.compactMap { candidate -> (String, Int)? in
    guard abs(candidate.utf8.count - name.utf8.count) <= bound else { return nil }
    let distance = editDistance(Array(name.utf8), Array(candidate.utf8))
    return distance <= bound ? (candidate, distance) : nil
  }
  return scored.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
}

/// The candidate that `name` is a slip of the pen away from: one edit, or two in a longer word; nil
/// when there is none. Stricter than `nearest`, for names that may well be meant as they are.
public func misspelled(_ name: String, among candidates: some Sequence<String>) -> String? {
  let bound = name.utf8.count < 6 ? 1 : 2
  return candidates.min { distance(name, $0) < distance(name, $1) }
    .flatMap { (1...bound).contains(distance(name, $0)) ? $0 : nil }
}

private func distance(_ a: String, _ b: String) -> Int {
  editDistance(Array(a.utf8), Array(b.utf8))
}

/// Levenshtein's distance: insertions, deletions and replacements, one each.
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var row = Array(0...b.count)
  for i in 0..<a.count {
    var diagonal = row[0]
    row[0] = i + 1
    for j in 0..<b.count {
      let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
