// Python's upper and lower case, and its questions to all characters of a string.

extension String {
  /// Python's `lower`: by Unicode's full mappings, with a sigma that ends a word written as one.
  var pythonLowercased: String {
    let scalars = Array(unicodeScalars)
    return scalars.indices.reduce(into: "") { $0 += Self.lowered(scalars, $1) }
  }

  private static func lowered(_ scalars: [Unicode.Scalar], _ place: Int) -> String {
    guard scalars[place] == "\u{3A3}" else { return scalars[place].properties.lowercaseMapping }
    let before = scalars[..<place].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(place + 1)...].first { !$0.properties.isCaseIgnorable }
    let endsWord = before?.properties.isCased == true && after?.properties.isCased != true
    return endsWord ? "\u{3C2}" : "\u{3C3}"
  }

  /// Python's `title`: a capital after everything that is no letter.
  var titled: String {
    let scalars = Array(unicodeScalars)
    var (result, followsLetter) = ("", false)
    for (place, scalar) in scalars.enumerated() {
      result +=
        followsLetter ? Self.lowered(scalars, place) : scalar.properties.titlecaseMapping
      followsLetter = scalar.properties.isCased
    }
    return result
  }

  /// Python's `capitalize`: the first letter a capital, the others small.
  var capitalizedFirst: String {
    let scalars = Array(unicodeScalars)
    guard let first = scalars.first else { return self }
    return scalars.indices.dropFirst()
      .reduce(into: first.properties.titlecaseMapping) { $0 += Self.lowered(scalars, $1) }
  }

  /// Python's `swapcase`.
  var caseSwapped: String {
    let scalars = Array(unicodeScalars)
    return scalars.indices.reduce(into: "") { result, place in
      let properties = scalars[place].properties
      if properties.isUppercase {
        result += Self.lowered(scalars, place)
      } else if properties.isLowercase {
        result += properties.uppercaseMapping
      } else {
        result.unicodeScalars.append(scalars[place])
      }
    }
  }

  /// Jinja's filter `title`: words begin after white space, a hyphen or an opening bracket.
  var wordsCapitalized: String {
    var (result, word) = ("", [Unicode.Scalar]())
    func written() -> String {
      guard let first = word.first else { return "" }
      return String(first).uppercased() + String(word[1...]).pythonLowercased
    }
    for scalar in unicodeScalars {
      guard scalar.isPythonSpace || ["-", "(", "{", "[", "<"].contains(scalar) else {
        word.append(scalar)
        continue
      }
      result += written() + String(scalar)
      word = []
    }
    return result + written()
  }

  /// `isdigit`, `isalpha`, …
  func isMade(of test: String) -> Bool {
    switch test {
    case "isascii": return utf8.allSatisfy { $0 < 0x80 }
    case "isprintable": return unicodeScalars.allSatisfy(\.isPythonPrintable)
    case "islower": return hasCase(\.isLowercase, but: \.isUppercase)
    case "isupper": return hasCase(\.isUppercase, but: \.isLowercase)
    case "istitle": return isTitle
    default: break
    }
    guard let first = unicodeScalars.first else { return false }
    switch test {
    case "isdecimal": return unicodeScalars.allSatisfy(\.isPythonDecimal)
    case "isdigit": return unicodeScalars.allSatisfy(\.isPythonDigit)
    case "isnumeric": return unicodeScalars.allSatisfy { $0.properties.numericType != nil }
    case "isalpha": return unicodeScalars.allSatisfy(\.isPythonLetter)
    case "isalnum": return unicodeScalars.allSatisfy(\.isPythonAlphanumeric)
    case "isspace": return unicodeScalars.allSatisfy(\.isPythonSpace)
    case "isidentifier":
      return (first == "_" || first.properties.isXIDStart)
        && unicodeScalars.allSatisfy(\.properties.isXIDContinue)
    default: return false
    }
  }

  private func hasCase(
    _ wanted: KeyPath<Unicode.Scalar.Properties, Bool>,
    but other: KeyPath<Unicode.Scalar.Properties, Bool>
  ) -> Bool {
    unicodeScalars.contains { $0.properties[keyPath: wanted] }
      && !unicodeScalars.contains {
        $0.properties[keyPath: other] || $0.properties.generalCategory == .titlecaseLetter
      }
  }

  private var isTitle: Bool {
    var (followsLetter, hasLetter) = (false, false)
    for scalar in unicodeScalars {
      let properties = scalar.properties
      let isCapital = properties.isUppercase || properties.generalCategory == .titlecaseLetter
      if isCapital ? followsLetter : properties.isLowercase && !followsLetter { return false }
      followsLetter = isCapital || properties.isLowercase
      hasLetter = hasLetter || followsLetter
    }
    return hasLetter
  }
}

extension Unicode.Scalar {
  var isPythonDecimal: Bool { properties.numericType == .decimal }
  var isPythonDigit: Bool { isPythonDecimal || properties.numericType == .digit }
  var isPythonAlphanumeric: Bool { isPythonLetter || properties.numericType != nil }

  /// A letter by its general category.
  var isPythonLetter: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }
}
