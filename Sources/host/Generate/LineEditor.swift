import Glibc

/// Reads lines from a terminal, where they can be edited and earlier ones called back: arrows, Home, End,
/// Ctrl-A, -E, -U, -K, -W. Anything that is no terminal is read line by line.
final class LineEditor {
  private let prompt: String
  private var history: [String] = []
  private var text: [Character] = [], cursor = 0
  /// The place in the history, and the line that was begun before it was looked at.
  private var place = 0, begun: [Character] = []

  init(prompt: String) { self.prompt = prompt }

  private static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && Console.error.redraws }

  /// The next line; nil at the end of the input, which is Ctrl-D on an empty line.
  func read() -> String? {
    guard Self.isInteractive else {
      Console.error.write(prompt)
      return readLine()
    }
    var usual = termios()
    guard tcgetattr(STDIN_FILENO, &usual) == 0 else { return readLine() }
    var raw = usual
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
    raw.c_iflag &= ~tcflag_t(IXON)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    defer { tcsetattr(STDIN_FILENO, TCSADRAIN, &usual) }
    (text, cursor, place, begun) = ([], 0, history.count, [])
    draw()
    while let key = Key.read() {
      switch key {
      case .enter: return end()
      case .endOfInput:
        if text.isEmpty {
          Console.error.write("\n")
          return nil
        }
      case .abandon: (text, cursor) = ([], 0)
      case .character(let character):
        text.insert(character, at: cursor)
        cursor += 1
      default: edit(key)
      }
      draw()
    }
    return nil
  }

  private func end() -> String {
    Console.error.write("\n")
    let line = String(text)
    if !line.isEmpty, history.last != line { history.append(line) }
    return line
  }

  private func edit(_ key: Key) {
    switch key {
    case .left: cursor = max(0, cursor - 1)
    case .right: cursor = min(text.count, cursor + 1)
    case .home: cursor = 0
    case .end: cursor = text.count
    case .backspace where cursor > 0:
      cursor -= 1
      text.remove(at: cursor)
    case .delete where cursor < text.count: text.remove(at: cursor)
    case .killBefore:
      text.removeFirst(cursor)
      cursor = 0
    case .killBehind: text.removeLast(text.count - cursor)
    case .killWord:
      var start = cursor
      while start > 0, text[start - 1] == " " { start -= 1 }
      while start > 0, text[start - 1] != " " { start -= 1 }
      text.removeSubrange(start..<cursor)
      cursor = start
    case .up: recall(place - 1)
    case .down: recall(place + 1)
    default: break
    }
  }

  private func recall(_ wanted: Int) {
    guard (0...history.count).contains(wanted) else { return }
    if place == history.count { begun = text }
    place = wanted
    text = wanted == history.count ? begun : Array(history[wanted])
    cursor = text.count
  }

  /// The part of the line around the cursor that fits.
  private func draw() {
    let room = max(8, Console.error.width - prompt.count - 2)
    let start = max(0, cursor - room)
    let shown = String(text[start...].prefix(room))
    Console.error.write(
      "\r\u{1B}[2K" + Style.bold(prompt, on: Console.error) + shown
        + "\r\u{1B}[\(prompt.count + cursor - start)C")
  }
}

/// What was typed.
private enum Key {
  case character(Character)
  case enter, endOfInput, abandon, backspace, delete, left, right, up, down, home, end
  case killBefore, killBehind, killWord, other

  /// Waits for the next key; nil at the end of the input.
  static func read() -> Key? {
    guard let byte = nextByte() else { return nil }
    switch byte {
    case 10, 13: return .enter
    case 3: return .abandon
    case 4: return .endOfInput
    case 8, 127: return .backspace
    case 1: return .home
    case 5: return .end
    case 2: return .left
    case 6: return .right
    case 11: return .killBehind
    case 14: return .down
    case 16: return .up
    case 21: return .killBefore
    case 23: return .killWord
    case 27: return sequence()
    case 0..<32: return .other
    default: return character(byte)
    }
  }

  /// The rest of an escape sequence.
  private static func sequence() -> Key {
    guard let kind = nextByte(), kind == UInt8(ascii: "[") || kind == UInt8(ascii: "O") else {
      return .other
    }
    var number = 0
    while let byte = nextByte() {
      switch byte {
      case UInt8(ascii: "A"): return .up
      case UInt8(ascii: "B"): return .down
      case UInt8(ascii: "C"): return .right
      case UInt8(ascii: "D"): return .left
      case UInt8(ascii: "H"): return .home
      case UInt8(ascii: "F"): return .end
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        number = (number * 10 + Int(byte - UInt8(ascii: "0"))) % 1000
      case UInt8(ascii: "~"):
        return [1: .home, 3: .delete, 4: .end, 7: .home, 8: .end][number] ?? .other
      case UInt8(ascii: ";"): number = 0
      default: return .other
      }
    }
    return .other
  }

  /// A character of one or several bytes of UTF-8.
  private static func character(_ first: UInt8) -> Key {
    var bytes = [first]
    let more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0
    for _ in 0..<more {
      guard let byte = nextByte() else { break }
      bytes.append(byte)
    }
    guard let text = String(validating: bytes, as: UTF8.self), let character = text.first else {
      return .other
    }
    return .character(character)
  }

  private static func nextByte() -> UInt8? {
    var byte: UInt8 = 0
    while true {
      let count = Glibc.read(STDIN_FILENO, &byte, 1)
      if count == 1 { return byte }
      if count < 0, errno == EINTR { continue }
      return nil
    }
  }
}
