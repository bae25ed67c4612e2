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

  /// Python's `split` and `rsplit`; `separator` nil splits at runs of white space.
  func split(by separator: String?, limit: Int, fromRight: Bool) throws(TemplateError) -> [String] {
    guard let separator else { return splitAtSpace(limit: limit, fromRight: fromRight) }
    guard !separator.isEmpty else { throw TemplateError("split: the separator is empty") }
    var cuts = ranges(ofPart: separator)
    if limit >= 0, cuts.count > limit {
      cuts = Array(fromRight ? cuts.suffix(limit) : cuts.prefix(limit))
    }
    return pieces(between: cuts)
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
    let text = stripped()
    guard !text.isEmpty else { return [] }
    var (cuts, offset): ([Range<Int>], Int) = ([], 0)
    for scalar in text.unicodeScalars {
      let end = offset + String(scalar).utf8.count
      if scalar.isPythonSpace {
        if let last = cuts.last, last.upperBound == offset {
          cuts[cuts.count - 1] = last.lowerBound..<end
        } else {
          cuts.append(offset..<end)
        }
      }
      offset = end
    }
    if limit >= 0, cuts.count > limit {
      cuts = Array(fromRight ? cuts.suffix(limit) : cuts.prefix(limit))
    }
    return text.pieces(between: cuts)
  }

  /// The lines, without their ends.
  var lines: [String] {
    var lines: [String] = []
    var line = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    let ends: Set<Unicode.Scalar> = [
      "\n", "\r", "\u{B}", "\u{C}", "\u{1C}", "\u{1D}", "\u{1E}", "\u{85}", "\u{2028}", "\u{2029}",
    ]
    for scalar in unicodeScalars {
      defer { previous = scalar }
      if scalar == "\n", previous == "\r" { continue }
      if ends.contains(scalar) {
        lines.append(String(line))
        line = String.UnicodeScalarView()
      } else {
        line.append(scalar)
      }
    }
    if !line.isEmpty { lines.append(String(line)) }
    return lines
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

  /// Python's `title`: a capital after everything that is no letter.
  var titled: String {
    var result = ""
    var followsLetter = false
    for scalar in unicodeScalars {
      let properties = scalar.properties
      result += followsLetter ? properties.lowercaseMapping : properties.titlecaseMapping
      followsLetter = properties.isCased
    }
    return result
  }

  /// Python's `capitalize`: the first letter a capital, the others small.
  var capitalizedFirst: String {
    guard let first = unicodeScalars.first else { return self }
    return first.properties.titlecaseMapping
      + String(unicodeScalars.dropFirst()).lowercased()
  }
}
