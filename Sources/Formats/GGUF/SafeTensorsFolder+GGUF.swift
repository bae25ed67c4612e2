import OrderedCollections
import Tensors

extension SafeTensorsFolder {
  /// A GGUF file's tensors under transformers' names. Plain numbers stay mapped where they are; blocks, and
  /// rows that stand in another order, are read into memory: blocks as bf16, those of 8 bits as f16.
  public init(gguf: GGUFFile) throws(FormatError) {
    let a = try gguf.architecture()
    let heads: Int = try gguf.value("\(a).attention.head_count", "whole number", \.int)
    let keyHeads = gguf.metadata["\(a).attention.head_count_kv"]?.int ?? heads
    guard let layout = GGUFLayout(architecture: a, heads: heads, keyHeads: keyHeads) else {
      preconditionFailure("the architecture was checked")
    }
    var mapped: [TensorEntry] = [], others: [(entry: GGUFFile.Entry, name: String)] = []
    for entry in gguf.entries.values where entry.name != "rope_freqs.weight" {
      guard let name = layout.original(of: entry.name) else {
        throw FormatError(
          .unsupported, gguf.path,
          "tensor '\(entry.name)' is no part of a model that is computed here")
      }
      if let plain = entry.type.plain, !layout.reorders(entry.name) {
        mapped.append(
          TensorEntry(name: name, type: plain.scalar, shape: entry.shape, bytes: entry.bytes))
      } else {
        others.append((entry, name))
      }
    }
    var files = [SafeTensorsFile(file: gguf.file, entries: mapped)]
    if !others.isEmpty { files.append(Self.inMemory(others, gguf, layout)) }
    self.init(path: gguf.path, files: files)
  }

  private static func inMemory(
    _ tensors: [(entry: GGUFFile.Entry, name: String)], _ gguf: GGUFFile, _ layout: GGUFLayout
  ) -> SafeTensorsFile {
    var entries: [TensorEntry] = [], size = 0
    for (entry, name) in tensors {
      let type = entry.type.readType, count = entry.rows * entry.columns * type.size
      entries.append(
        TensorEntry(name: name, type: type.scalar, shape: entry.shape, bytes: size..<size + count))
      size += count
    }
    let file = MappedFile(memory: size, named: gguf.path) { memory in
      for ((entry, _), place) in zip(tensors, entries) {
        let read = entry.type.decode(
          StoredBytes(gguf.file, entry.bytes), rows: entry.rows, columns: entry.columns)
        let tensor = layout.original(read, of: entry.name)
        let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[place.bytes])
        switch entry.type.readType {
        case .f32: tensor.withBytes { bytes.copyMemory(from: $0) }
        case .f16: tensor.f16.withUnsafeBytes { bytes.copyMemory(from: $0) }
        case .bf16: tensor.bf16.withUnsafeBytes { bytes.copyMemory(from: $0) }
        }
      }
    }
    return SafeTensorsFile(file: file, entries: entries)
  }
}

extension GGMLType {
  /// The type that its numbers are kept in once they are read: blocks of 8 bits need more than bf16 has.
  fileprivate var readType: ElementType { plain ?? (self == .q80 ? .f16 : .bf16) }
}
