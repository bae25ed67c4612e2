/// The sets of scalars behind `\p{…}`, `\w`, `\d` and `\s`, as the original library's regular
/// expressions know them.
struct UnicodeCategory: Sendable {
  /// Each general category by its two letters, in the tables' order.
  private let categories: [(name: String, set: ScalarSet)]
  /// Letters with a case.
  let cased: ScalarSet
  /// `\w`, `\d`, `\s`
  let word: ScalarSet, digit: ScalarSet, space: ScalarSet
  /// `\w` within brackets, where the original engine leaves out the numbers of Latin 1 that are no
  /// digits.
  let wordInClass: ScalarSet

  static let sets = UnicodeCategory()

  private init() {
    let runs = CharacterClass.base36(UnicodeTables.categories)
    var ranges = [[ClosedRange<UInt32>]](
      repeating: [], count: UnicodeTables.categoryNames.count + 1)
    var start: UInt32 = 0
    for index in stride(from: 0, to: runs.count, by: 2) {
      let end = start + UInt32(runs[index])
      ranges[runs[index + 1]].append(start...end - 1)
      start = end
    }
    let categories = zip(UnicodeTables.categoryNames, ranges).map { ($0, ScalarSet($1)) }
    func union(_ prefixes: String...) -> ScalarSet {
      categories.filter { name, _ in prefixes.contains { name.hasPrefix($0) } }
        .reduce(ScalarSet()) { $0.union($1.1) }
    }
    self.categories = categories
    cased = union("Lu", "Ll", "Lt")
    digit = union("Nd")
    space = union("Z").union(ScalarSet([0x09...0x0D, 0x85...0x85]))
    word = union("L", "M", "Nd", "Nl", "Pc").union(ScalarSet(table: UnicodeTables.moreWords))
    wordInClass = word.intersection(
      ScalarSet([0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE]).inverted)
  }

  /// The set of a property's name, whose case, spaces, hyphens and underscores do not count; nil for
  /// names that are not known.
  func property(_ name: String) -> ScalarSet? {
    let key = name.lowercased().filter { !" -_".contains($0) }
    let short = Self.longNames.first { $0.long == key }?.short ?? key
    switch short {
    case "any": return .all
    case "assigned": return property("Cn")?.inverted
    case "ascii": return ScalarSet([0...0x7F])
    case "lc": return cased
    default: break
    }
    if let script = UnicodeTables.scripts.first(where: { $0.name.lowercased() == short }) {
      return ScalarSet(table: script.ranges)
    }
    let found = categories.filter { $0.name.lowercased().hasPrefix(short) }
    guard (1...2).contains(short.utf8.count), !found.isEmpty else { return posix(short) }
    return found.reduce(ScalarSet()) { $0.union($1.set) }
  }

  private static let longNames: [(long: String, short: String)] = [
    ("letter", "l"), ("uppercaseletter", "lu"), ("lowercaseletter", "ll"),
    ("titlecaseletter", "lt"),
    ("casedletter", "lc"), ("modifierletter", "lm"), ("otherletter", "lo"), ("mark", "m"),
    ("nonspacingmark", "mn"), ("spacingmark", "mc"), ("enclosingmark", "me"), ("number", "n"),
    ("decimalnumber", "nd"), ("letternumber", "nl"), ("othernumber", "no"), ("punctuation", "p"),
    ("connectorpunctuation", "pc"), ("dashpunctuation", "pd"), ("openpunctuation", "ps"),
    ("closepunctuation", "pe"), ("initialpunctuation", "pi"), ("finalpunctuation", "pf"),
    ("otherpunctuation", "po"), ("symbol", "s"), ("mathsymbol", "sm"), ("currencysymbol", "sc"),
    ("modifiersymbol", "sk"), ("othersymbol", "so"), ("separator", "z"), ("spaceseparator", "zs"),
    ("lineseparator", "zl"), ("paragraphseparator", "zp"), ("other", "c"), ("control", "cc"),
    ("format", "cf"), ("privateuse", "co"), ("unassigned", "cn"),
  ]

  /// A POSIX class, the name between `[:` and `:]`; nil for those that are not known.
  func posix(_ name: String) -> ScalarSet? {
    switch name {
    case "digit": digit
    case "space": space
    case "word": wordInClass
    case "punct": property("P")?.union(property("S") ?? ScalarSet())
    case "xdigit": ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66])
    case "ascii": ScalarSet([0...0x7F])
    case "cntrl": property("Cc")
    default: nil
    }
  }
}
