// Python's string operations: by code points, without Unicode normalization.

extension String {
  /// Without the given characters (white space when nil) at its ends.
  func stripped(_ characters: String? = nil, left: Bool = true, right: Bool = true) -> String {
    let set = characters.map { Set($0.unicodeScalars) }
    var scalars = Substring(self).unicodeScalars
    func goes(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.isPythonSpace }
    if left { while let first = scalars.first, goes(first) { scalars.removeFirst() } }
    if right { while let last = scalars.last, goes(last) { scalars.removeLast() } }
    return String(scalars)
  }

  func endsIdentically(with part: String) -> Bool {
    utf8.count >= part.utf8.count && utf8.suffix(part.utf8.count).elementsEqual(part.utf8)
  }

  /// The byte offset of the last `part`.
  func lastRange(of part: String) -> Int? {
    let (text, part) = (Array(utf8), Array(part.utf8))
    guard part.count <= text.count else { return nil }
    return (0...text.count - part.count).last { text[$0..<$0 + part.count].elementsEqual(part) }
  }

  /// Where `part` occurs, from the left and without overlap, in UTF-8 bytes.
  func ranges(ofPart part: String) -> [Range<Int>] {
    guard !part.isEmpty else { return [] }
    var (ranges, start): ([Range<Int>], Int) = ([], 0)
    while let found = firstRange(of: part, from: start) {
      start = found + part.utf8.count
      ranges.append(found..<start)
    }
    return ranges
  }

  /// With at most `limit` occurrences of `part` replaced.
  func replacing(_ part: String, with new: String, limit: Int? = nil) -> String {
    let limit = limit.map { $0 < 0 ? Int.max : $0 } ?? Int.max
    guard !part.isEmpty else {
      var (result, left) = ("", limit)
      for scalar in unicodeScalars {
        if left > 0 { result += new }
        left -= 1
        result.unicodeScalars.append(scalar)
      }
      return left > 0 ? result + new : result
    }
    return pieces(between: Array(ranges(ofPart: part).prefix(limit))).joined(separator: new)
  }

  /// `center`, `ljust` and `rjust`
  func padded(to width: Int, with fill: String, as method: String) -> String {
    let missing = width - unicodeScalars.count
    guard missing > 0 else { return self }
    let left =
      switch method {
      case "ljust": 0
      case "rjust": missing
      default: missing / 2 + (missing & width & 1)
      }
    return String(repeating: fill, count: left) + self
      + String(repeating: fill, count: missing - left)
  }

  /// `zfill`: zeros before the digits, behind a sign.
  func zeroFilled(to width: Int) -> String {
    let missing = width - unicodeScalars.count
    guard missing > 0 else { return self }
    let zeros = String(repeating: "0", count: missing)
    guard let sign = unicodeScalars.first, sign == "+" || sign == "-" else { return zeros + self }
    return String(sign) + zeros + String(unicodeScalars.dropFirst())
  }

  /// With tabs written as blanks up to the next column that is a multiple of `size`.
  func expandingTabs(_ size: Int) -> String {
    var (result, column) = ("", 0)
    for scalar in unicodeScalars {
      switch scalar {
      case "\t":
        let blanks = size > 0 ? size - column % size : 0
        result += String(repeating: " ", count: blanks)
        column += blanks
      default:
        result.unicodeScalars.append(scalar)
        column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
      }
    }
    return result
  }
}

// MARK: Parts

extension String {
  /// Python's `split` and `rsplit`; `separator` nil splits at runs of white space.
  func split(by separator: String?, limit: Int, fromRight: Bool) throws(TemplateError) -> [String] {
    guard let separator else { return splitAtSpace(limit: limit, fromRight: fromRight) }
    guard !separator.isEmpty else { throw TemplateError("split: the separator is empty") }
    var cuts = fromRight ? rangesFromRight(ofPart: separator) : ranges(ofPart: separator)
    if limit >= 0, cuts.count > limit {
      cuts = Array(fromRight ? cuts.suffix(limit) : cuts.prefix(limit))
    }
    return pieces(between: cuts)
  }

  /// Occurrences without overlap, counted from the end.
  private func rangesFromRight(ofPart part: String) -> [Range<Int>] {
    let (text, part) = (Array(utf8), Array(part.utf8))
    var (ranges, end): ([Range<Int>], Int) = ([], text.count)
    while end >= part.count {
      if text[end - part.count..<end].elementsEqual(part) {
        ranges.append(end - part.count..<end)
        end -= part.count
      } else {
        end -= 1
      }
    }
    return ranges.reversed()
  }

  private func pieces(between cuts: [Range<Int>]) -> [String] {
    let bytes = Array(utf8)
    var (parts, start): ([String], Int) = ([], 0)
    for cut in cuts {
      parts.append(String(decoding: bytes[start..<cut.lowerBound], as: UTF8.self))
      start = cut.upperBound
    }
    return parts + [String(decoding: bytes[start...], as: UTF8.self)]
  }

  private func splitAtSpace(limit: Int, fromRight: Bool) -> [String] {
    var words: [Range<Int>] = []
    let scalars = Array(unicodeScalars)
    for (place, scalar) in scalars.enumerated() where !scalar.isPythonSpace {
      if let last = words.last, last.upperBound == place {
        words[words.count - 1] = last.lowerBound..<place + 1
      } else {
        words.append(place..<place + 1)
      }
    }
    guard limit >= 0, words.count > limit + 1 else { return words.map { String(scalars[$0]) } }
    // What is beyond the limit stays whole, less the white space at its outer end.
    if fromRight {
      let rest = words.dropLast(limit)
      return [String(scalars[..<(rest.last?.upperBound ?? 0)])]
        .map { $0.stripped(left: false, right: true) }
        + words.suffix(limit).map { String(scalars[$0]) }
    }
    let rest = String(scalars[words[limit].lowerBound...])
    return words.prefix(limit).map { String(scalars[$0]) } + [rest]
  }

  private static let lineEnds: Set<Unicode.Scalar> = [
    "\n", "\r", "\u{B}", "\u{C}", "\u{1C}", "\u{1D}", "\u{1E}", "\u{85}", "\u{2028}", "\u{2029}",
  ]

  /// The lines.
  func lines(keepingEnds: Bool = false) -> [String] {
    var lines: [String] = []
    var line = String.UnicodeScalarView()
    var scalars = Array(unicodeScalars)[...]
    while let scalar = scalars.popFirst() {
      guard Self.lineEnds.contains(scalar) else {
        line.append(scalar)
        continue
      }
      if keepingEnds { line.append(scalar) }
      if scalar == "\r", scalars.first == "\n" {
        scalars.removeFirst()
        if keepingEnds { line.append("\n") }
      }
      lines.append(String(line))
      line = String.UnicodeScalarView()
    }
    if !line.isEmpty { lines.append(String(line)) }
    return lines
  }

  /// What stands before the separator, the separator, what stands behind it.
  func partitioned(at separator: String, last: Bool) -> [String] {
    guard let start = last ? lastRange(of: separator) : firstRange(of: separator, from: 0) else {
      return last ? ["", "", self] : [self, "", ""]
    }
    return [
      bytes(0..<start), separator, bytes(start + separator.utf8.count..<utf8.count),
    ]
  }
}
