import TaskKit
import Testing

/// Words of scripts with spaces and without.
@Suite struct WordsTests {
  @Test(arguments: [
    ("The cat, sat!", ["the", "cat", "sat"]), ("l'été 2024", ["l", "été", "2024"]),
    ("한국어 문장은 띄어쓴다", ["한국어", "문장은", "띄어쓴다"]), ("Tiếng Việt", ["tiếng", "việt"]),
    ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]), ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
    ("བོད་ཡིག", ["བོད", "ཡིག"]), ("我买iPhone15。", ["我", "买", "iphone15"]),
    ("今日は、ラーメン！", ["今", "日", "は", "ラ", "ー", "メ", "ン"]),
    ("佐々木〇一ゝ", ["佐", "々", "木", "〇", "一", "ゝ"]), ("ｶﾞｷﾞ", ["ｶ", "ﾞ", "ｷ", "ﾞ"]),
    ("ฉันไป", ["ฉ", "ั", "น", "ไ", "ป"]), ("ពាក្យ", ["ព", "ា", "ក", "្", "យ"]),
    ("ລາວ", ["ລ", "າ", "ວ"]), ("မြန်", ["မ", "ြ", "န", "်"]), ("ปี๒๕๖๗", ["ป", "ี", "๒๕๖๗"]),
    ("第3章 chapter 3", ["第", "3", "章", "chapter", "3"]), ("・—。「」", []), ("👍 …", []), ("", []),
  ])
  func wordsOf(text: String, words: [String]) { #expect(Words.split(text) == words) }

  /// The same text, composed and not, or with its marks in another order.
  @Test(arguments: [
    ("がぎパ", "か\u{3099}き\u{3099}ハ\u{309A}"), ("É", "e\u{301}"), ("\u{1026}", "\u{1025}\u{102E}"),
    ("\u{F900}", "\u{8C48}"), ("ก\u{E38}\u{E48}", "ก\u{E48}\u{E38}"), ("葛", "葛\u{E0100}"),
    ("각", "\u{1100}\u{1161}\u{11A8}"),
  ])
  func normalizationDoesNotMatter(a: String, b: String) {
    #expect(Words.split(a) == Words.split(b))
  }

  /// Without those scripts words are what they always were.
  @Test func otherScriptsKeepTheirWords() {
    var random = SystemRandomNumberGenerator()
    let alphabet = Array("aZé ,.'-_09ßфЖ한국ابΩ\n\t👍½①₂ñ\u{301}नि་").map(String.init)
    for _ in 0..<500 {
      let text = (0..<40).map { _ in alphabet.randomElement(using: &random)! }.joined()
      let plain = text.lowercased().split { !($0.isLetter || $0.isNumber) }.map(String.init)
      #expect(Words.split(text) == plain, "\(text)")
    }
  }

  /// The table of code points against Unicode's scripts, as the standard library knows them.
  @Test func theTableHoldsTheScripts() throws {
    let scripts = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"]
    let members = scripts.map { #"\p{script_extensions=\#($0)}"# }.joined()
    let expression = try Regex("[\(members)]").matchingSemantics(.unicodeScalar)
    var wrong: [String] = []
    for value in UInt32(0xE00)...0x1FFFF where !(0x4E40...0x9F00).contains(value) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      switch scalar.properties.generalCategory {
      case .otherLetter, .modifierLetter, .letterNumber: break
      default: continue
      }
      let isOurs = String(scalar).wholeMatch(of: expression) != nil
      if isOurs != Words.standsAlone(Character(scalar)) { wrong.append(String(value, radix: 16)) }
    }
    #expect(wrong.isEmpty, "\(wrong)")
  }
}
