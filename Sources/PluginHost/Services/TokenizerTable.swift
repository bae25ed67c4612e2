import CPluginABI
import Text

/// The tokenizer service as a C table. Never freed: a plugin may keep it.
final class TokenizerTable: @unchecked Sendable {
  // Unchecked: written once; the tokenizer may be used from any thread.
  let pointer: UnsafeMutablePointer<tk_tokenizer_v1>

  init(_ tokenizer: Tokenizer) {
    var table = tk_tokenizer_v1()
    table.ctx = Unmanaged.passRetained(tokenizer).toOpaque()
    table.encode = { table, text, ids, capacity in
      guard let tokenizer = TokenizerTable.tokenizer(table), text.ptr != nil || text.len == 0
      else { return Int64(TK_E_INTERNAL) }
      let found = tokenizer.encode(String(text))
      if let ids { UnsafeMutableBufferPointer(start: ids, count: capacity).copyPrefix(of: found) }
      return Int64(found.count)
    }
    table.decode = { table, ids, count, utf8, capacity in
      guard let tokenizer = TokenizerTable.tokenizer(table), ids != nil || count == 0
      else { return Int64(TK_E_INTERNAL) }
      let ids = Array(UnsafeBufferPointer(start: ids, count: count))
      guard ids.allSatisfy({ 0..<tokenizer.count ~= Int($0) }) else { return Int64(TK_E_DATA) }
      let text = tokenizer.decode(ids).utf8.map { CChar(bitPattern: $0) }
      if let utf8 { UnsafeMutableBufferPointer(start: utf8, count: capacity).copyPrefix(of: text) }
      return Int64(text.count)
    }
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: table)
  }

  private static func tokenizer(_ table: UnsafePointer<tk_tokenizer_v1>?) -> Tokenizer? {
    table?.pointee.ctx.map { Unmanaged<Tokenizer>.fromOpaque($0).takeUnretainedValue() }
  }
}

extension UnsafeMutableBufferPointer where Element: BitwiseCopyable {
  /// Fills this array with as much of `elements` as it holds.
  fileprivate func copyPrefix(of elements: [Element]) {
    for (index, element) in elements.prefix(count).enumerated() {
      initializeElement(at: index, to: element)
    }
  }
}
