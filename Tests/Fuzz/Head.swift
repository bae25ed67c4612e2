import CPluginABI

@testable import PluginHost

/// Gives the head check tables out of arbitrary bytes. Pointers are NULL or valid, everything else
/// is as the bytes say.
@c public func LLVMFuzzerTestOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  var bytes = FuzzBytes(UnsafeBufferPointer(start: start, count: count))
  let memory = Memory()
  do throws(SharedObject.Fault) {
    look(at: try Plugin(head: table(&bytes, memory), path: "fuzz.so"))
  } catch {
    precondition(!error.reason.isEmpty, "a fault without a reason")
  }
  return 0
}

/// Asks an accepted plugin for all it has.
private func look(at plugin: Plugin) {
  precondition(plugin.exports.count == plugin.records.count)
  for export in plugin.exports {
    precondition(!export.name.isEmpty, "an export without a name")
    precondition(plugin.names(export.kind).contains(export.name))
    switch export.kind {
    case .task: _ = try? functions(export.kind, export.name, of: plugin, as: tk_task_v1.self)
    case .reward: _ = try? functions(export.kind, export.name, of: plugin, as: tk_reward_v1.self)
    case .dataset: _ = try? functions(export.kind, export.name, of: plugin, as: tk_dataset_v1.self)
    case .evaluator:
      _ = try? functions(export.kind, export.name, of: plugin, as: tk_evaluator_v1.self)
    }
  }
}

/// A table with its exports. Only a head that promises one has one behind it.
private func table(_ bytes: inout FuzzBytes, _ memory: Memory) -> UnsafePointer<tk_plugin_head>? {
  guard bytes.integer(UInt8.self) != 0xFF else { return nil }
  let head = tk_plugin_head(
    magic: bytes.integer(), abi_major: bytes.integer(), abi_minor: bytes.integer(),
    struct_size: bytes.integer())
  guard head.magic == UInt32(TK_MAGIC), head.abi_major == UInt32(TK_ABI_MAJOR),
    head.struct_size == UInt32(MemoryLayout<tk_plugin_v1>.size)
  else { return UnsafePointer(memory.block(of: head)) }
  var table = tk_plugin_v1()
  table.head = head
  var names = [bytes.text(memory), nil]
  table.name = names[0]
  table.version = bytes.text(memory)
  table.built_with = bytes.text(memory)
  let exports = (0..<Int(bytes.integer(UInt8.self) % 32)).map { _ in
    export(&bytes, &names, memory)
  }
  let shape = bytes.integer(UInt8.self)
  table.exports = shape & 1 == 0 ? memory.array(of: exports) : nil
  // Counts that no array can have must be refused; a shorter lie cannot be told from the truth.
  let anything = bytes.integer(Int.self)
  table.export_count = shape & 2 == 0 ? exports.count : shape & 1 == 0 ? anything | .min : anything
  if shape & 4 != 0 { table.export_count = .max }
  return UnsafeRawPointer(memory.block(of: table)).assumingMemoryBound(to: tk_plugin_head.self)
}

private func export(
  _ bytes: inout FuzzBytes, _ names: inout [UnsafePointer<CChar>?], _ memory: Memory
) -> tk_export_v1 {
  var export = tk_export_v1()
  let kind = bytes.integer(UInt8.self)
  export.kind = kind < 0xF0 ? Int32(kind % 6) : bytes.integer()
  let name = bytes.integer(UInt8.self)
  if name & 1 == 0 { names.append(bytes.text(memory)) }
  export.name = names[name & 1 == 0 ? names.count - 1 : Int(name >> 1) % names.count]
  export.summary = bytes.text(memory)
  let size = bytes.integer(UInt8.self)
  // A table is as long as it says, where it says what this host may read.
  let tables = [
    MemoryLayout<tk_task_v1>.size, MemoryLayout<tk_reward_v1>.size,
    MemoryLayout<tk_dataset_v1>.size, MemoryLayout<tk_evaluator_v1>.size,
  ]
  if size != 0 {
    let block = memory.zeros(tables.contains(Int(size)) ? Int(size) : 4)
    block.storeBytes(of: UInt32(size), as: UInt32.self)
    export.vtable = UnsafeRawPointer(block)
  }
  return export
}

extension FuzzBytes {
  /// A C string in a block that ends with it; NULL for some.
  fileprivate mutating func text(_ memory: Memory) -> UnsafePointer<CChar>? {
    let count = Int(integer(UInt8.self))
    guard count < 0xF0 else { return nil }
    let bytes = take(count % 24).map { CChar(bitPattern: $0) }.filter { $0 != 0 }
    return memory.array(of: bytes + [0])
  }
}

/// Blocks of exactly the size asked for, so that the address sanitizer sees their ends.
private final class Memory {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit { for block in blocks { block.deallocate() } }

  func zeros(_ count: Int) -> UnsafeMutableRawPointer {
    let block = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 8)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    blocks.append(block)
    return block
  }

  func block<Value: BitwiseCopyable>(of value: Value) -> UnsafeMutablePointer<Value> {
    let block = zeros(MemoryLayout<Value>.size).assumingMemoryBound(to: Value.self)
    block.pointee = value
    return block
  }

  func array<Value: BitwiseCopyable>(of values: [Value]) -> UnsafePointer<Value> {
    let block = zeros(MemoryLayout<Value>.stride * values.count)
    return UnsafePointer(block.initializeMemory(as: Value.self, from: values, count: values.count))
  }
}
