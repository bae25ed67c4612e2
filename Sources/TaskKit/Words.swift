/// Texts as words, for metrics that count what two texts have in common.
///
/// Words are runs of letters and digits, lower-cased. Scripts that are written without spaces between
/// words have no such runs: there each character is a word (as evaluations of Chinese count, CMRC's
/// among them), with these rules:
/// - the scripts: Han, Hiragana, Katakana (with prolonged sound, iteration and half-width marks), Thai,
///   Lao, Khmer, Myanmar;
/// - a character is a letter or a mark of theirs, one code point; a mark that voices a kana belongs to
///   it, as where the two are one code point. Digits are words by runs in every script;
/// - canonically equivalent texts (NFC, NFD) have the same words.
public enum Words {
  /// What a report says of these words.
  public static let note =
    "runs of letters and digits, lower-cased; in Han, kana, Thai, Lao, Khmer and Myanmar, which are "
    + "written without spaces, each character"

  /// The words of `text`, in order.
  public static func split(_ text: some StringProtocol) -> [String] {
    var words: [String] = [], run = ""
    func end() {
      if !run.isEmpty { words.append(run) }
      run = ""
    }
    for character in text.lowercased() {
      if standsAlone(character) {
        end()
        words += characters(character)
      } else if character.isLetter || character.isNumber {
        run.append(character)
      } else {
        end()
      }
    }
    end()
    return words
  }

  /// Whether `character` belongs to a script that is written without spaces between words.
  public static func standsAlone(_ character: Character) -> Bool {
    character.unicodeScalars.first.map(standsAlone) ?? false
  }

  /// The code points of such a character that count, in canonical order.
  private static func characters(_ character: Character) -> [String] {
    var scalars: [Unicode.Scalar] = []
    for scalar in character.unicodeScalars where standsAlone(scalar) {
      // The one letter of these scripts that decomposes, but for voiced kana.
      scalars += scalar == "\u{1026}" ? ["\u{1025}", "\u{102E}"] : [scalar]
    }
    var words: [String] = []
    for scalar in ordered(scalars) {
      if scalar == "\u{3099}" || scalar == "\u{309A}", let last = words.popLast() {
        words.append(last + String(scalar))
      } else {
        words.append(String(scalar))
      }
    }
    return words
  }

  /// Unicode's canonical order: marks behind one letter by their combining class.
  private static func ordered(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var scalars = scalars
    for index in scalars.indices {
      var place = index
      while place > 0, order(scalars[place]) > 0, order(scalars[place - 1]) > order(scalars[place])
      {
        scalars.swapAt(place - 1, place)
        place -= 1
      }
    }
    return scalars
  }

  private static func order(_ scalar: Unicode.Scalar) -> UInt8 {
    scalar.properties.canonicalCombiningClass.rawValue
  }

  private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.value >= 0xE00,
      blocks.contains(where: { $0.contains(scalar.value) })
    else {
      return false
    }
    switch scalar.properties.generalCategory {
    case .otherLetter, .modifierLetter, .letterNumber, .nonspacingMark, .spacingMark: return true
    default: return false
    }
  }

  /// Where the scripts' letters and marks lie.
  private static let blocks: [ClosedRange<UInt32>] = thai + myanmar + kana + han

  private static let thai: [ClosedRange<UInt32>] = [
    0xE00...0xE7F, 0xE80...0xEFF, 0x1780...0x17FF,  // Thai, Lao, Khmer
  ]
  private static let myanmar: [ClosedRange<UInt32>] = [
    0x1000...0x109F, 0xA9E0...0xA9FF, 0xAA60...0xAA7F, 0x116D0...0x116FF,
  ]
  private static let kana: [ClosedRange<UInt32>] = [
    0x3031...0x3035, 0x3041...0x30FF, 0x31F0...0x31FF, 0xFF66...0xFF9F, 0x1AFF0...0x1B16F,
  ]
  private static let han: [ClosedRange<UInt32>] = [
    0x3005...0x3007, 0x3021...0x3029, 0x3038...0x303C, 0x3400...0x4DBF, 0x4E00...0x9FFF,
    0xF900...0xFAFF, 0x16FE3...0x16FE3, 0x16FF0...0x16FF1, 0x20000...0x3FFFD,
  ]
}
