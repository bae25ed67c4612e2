import CHostSupport
import CPluginABI
import Glibc
import Tasks

/// What a plugin borrows for one call: each text and array in pages of its own, that can only be
/// read while the call runs and not even that afterwards.
final class Lending {
  private var inputs: [hs_piece] = [], outputs: [(piece: hs_piece, what: StaticString)] = []

  deinit { end() }

  /// Lends a text without a NUL behind it. `what` names it in a report.
  func text(_ text: String, _ what: StaticString) -> tk_str {
    let size = text.utf8.count, piece = piece(size, what)
    var text = text
    text.withUTF8 { bytes in
      UnsafeMutableRawBufferPointer(start: piece.start, count: size).copyBytes(from: bytes)
    }
    finish(piece)
    return tk_str(ptr: piece.start.assumingMemoryBound(to: CChar.self), len: size)
  }

  /// Lends an array.
  func array<Element: BitwiseCopyable>(
    _ elements: [Element], _ what: StaticString
  ) -> UnsafePointer<Element> {
    let piece = piece(elements.count * MemoryLayout<Element>.stride, what)
    let start = piece.start.assumingMemoryBound(to: Element.self)
    _ = UnsafeMutableBufferPointer(start: start, count: elements.count).update(
      fromContentsOf: elements)
    finish(piece)
    return UnsafePointer(start)
  }

  /// Lends one value, a table for instance.
  func value<Value: BitwiseCopyable>(_ value: Value, _ what: StaticString) -> UnsafePointer<Value> {
    array([value], what)
  }

  /// Lends memory that the plugin may write to.
  func writable<Element: BitwiseCopyable>(
    _ elements: [Element], _ what: StaticString
  ) -> UnsafeMutablePointer<Element> {
    let piece = piece(elements.count * MemoryLayout<Element>.stride, what)
    outputs.append((piece, what))
    let start = piece.start.assumingMemoryBound(to: Element.self)
    _ = UnsafeMutableBufferPointer(start: start, count: elements.count).update(
      fromContentsOf: elements)
    return start
  }

  /// Throws when something was written in front of what may be written to.
  func checkOutputs() throws(CheckFault) {
    for output in outputs where hs_lent_is_intact(output.piece) == 0 {
      throw .fails("it wrote before the beginning of \(output.what)")
    }
  }

  /// Takes everything back: the addresses point to nothing for ever.
  func end() {
    for piece in inputs + outputs.map(\.piece) { hs_lend_end(piece) }
    (inputs, outputs) = ([], [])
  }

  private func piece(_ size: Int, _ what: StaticString) -> hs_piece {
    // A static string's bytes are a constant that ends in a NUL.
    let name = UnsafeRawPointer(what.utf8Start).assumingMemoryBound(to: CChar.self)
    let piece = hs_lend(size, name)
    precondition(piece.start != nil, "check: no address space left to lend \(what)")
    return piece
  }

  private func finish(_ piece: hs_piece) {
    hs_lend_read_only(piece)
    inputs.append(piece)
  }
}

/// What a plugin answered to one call.
struct CheckAnswer {
  let status: tk_status, text: String

  /// Whose fault a negative status says it is.
  var kind: TaskError.Kind { PluginHost.kind(of: status) }
}

/// Calls with a buffer of `capacity` bytes for the error's text, which ends at a guard page.
func calling(
  capacity: Int = 4096, _ body: (UnsafeMutablePointer<tk_error>) -> tk_status
) throws(CheckFault) -> CheckAnswer {
  let lending = Lending()
  let unwritten = [CChar](repeating: 0x7F, count: capacity - 1)
  let text = lending.writable([0] + unwritten, "the error's text")
  let error = lending.writable([tk_error(text: text, capacity: capacity)], "the error")
  let status = body(error)
  try lending.checkOutputs()
  guard status < 0 else { return CheckAnswer(status: status, text: "") }
  let bytes = UnsafeBufferPointer(start: text, count: capacity)
  guard bytes.contains(0) else {
    throw .fails(
      "the text of its error does not end in a NUL within the buffer of \(capacity) bytes; write it "
        + "with snprintf(error->text, error->capacity, …)")
  }
  let sentence = String(cString: text)
  guard !sentence.isEmpty || capacity == 1 else {
    throw .fails(
      "it fails with the status \(status) and does not say why; write a sentence into the error")
  }
  return CheckAnswer(status: status, text: sentence)
}
