import Tensors

extension SafeTensorsFolder {
  /// The matrix [rows, columns] stored under `name` in bitsandbytes' NF4 or int8, mapped; nil when it is
  /// stored plainly. Every piece is held against the shape; errors name the tensor.
  public func quantizedWeight(_ name: String, rows: Int, columns: Int) throws(FormatError)
    -> Weight?
  {
    let tensor = QuantizedTensor(folder: self, name: name, rows: rows, columns: columns)
    guard let weight = try tensor.weight() else { return nil }
    guard weight.hasFiniteScales else {
      throw tensor.fault(.malformed, "has a scale that is not finite")
    }
    return weight
  }
}

/// The pieces of one quantized matrix, wherever in the folder they lie.
private struct QuantizedTensor {
  let folder: SafeTensorsFolder, name: String, rows: Int, columns: Int

  func weight() throws(FormatError) -> Weight? {
    guard let (_, entry) = folder[name] else { return nil }
    if folder[name + ".quant_state.bitsandbytes__fp4"] != nil {
      throw fault(.unsupported, "is stored in FP4; only NF4 and int8 can be read")
    }
    if folder[name + Self.stateSuffix] != nil { return .nf4(try nf4()) }
    switch entry.type {
    case .i8: return .int8(try int8())
    case .u8:
      throw fault(.malformed, "holds packed codes, but '\(name)\(Self.stateSuffix)' is missing")
    default: return nil
    }
  }

  private static let stateSuffix = ".quant_state.bitsandbytes__nf4"

  // MARK: NF4

  private func nf4() throws(FormatError) -> NF4Weight {
    let (file, entry) = try folder.entry(name + Self.stateSuffix)
    let state = try QuantState(file.withBytes(entry.bytes) { Array($0) }) {
      fault($0, "has a quant_state that \($1)")
    }
    guard state.shape == [rows, columns] else {
      throw fault(
        .malformed,
        "has a quant_state that says shape \(state.shape), config.json asks for \([rows, columns])")
    }
    let count = rows * columns, map = try piece(".quant_map", .f32, 16, of: "the values of NF4")
    guard floats(map) == NF4Weight.values else {
      throw fault(.unsupported, "has a quant_map that is not the table of NF4")
    }
    return NF4Weight(
      rows: rows, columns: columns,
      codes: try piece("", .u8, (count + 1) / 2, of: "\([rows, columns]) in NF4"),
      scales: try scales(NF4Weight.blocks(count), state))
  }

  private func scales(_ blocks: Int, _ state: QuantState) throws(FormatError) -> NF4Weight.Scales {
    let what = "\([rows, columns]) in blocks of \(NF4Weight.block)"
    let isNested = folder[name + ".nested_absmax"] != nil
    guard let offset = state.nestedOffset else {
      guard !isNested else {
        throw fault(.malformed, "has nested scales, but its quant_state says nothing of them")
      }
      return .single(try piece(".absmax", .f32, blocks, of: what))
    }
    return .double(
      codes: try piece(".absmax", .u8, blocks, of: what),
      map: try piece(".nested_quant_map", .f32, 256, of: "a map of bytes"),
      nested: try piece(
        ".nested_absmax", .f32, NF4Weight.nestedBlocks(rows * columns), of: "\(blocks) scales"),
      offset: offset)
  }

  // MARK: int8

  private func int8() throws(FormatError) -> Int8Weight {
    guard name.hasSuffix(".weight"), folder[name].map({ $0.entry.shape }) == [rows, columns] else {
      throw fault(
        .malformed,
        "has shape \(folder[name]?.entry.shape ?? []), config.json asks for \([rows, columns])")
    }
    let path = name.dropLast(".weight".count)
    if let (file, entry) = folder[path + ".weight_format"] {
      guard file.withBytes(entry.bytes, { $0.allSatisfy { $0 == 0 } }) else {
        throw fault(.unsupported, "is not stored row by row (weight_format); only that can be read")
      }
    }
    return Int8Weight(
      rows: rows, columns: columns,
      codes: try piece("", .i8, rows * columns, of: "\([rows, columns]) in int8"),
      scales: try piece(named: path + ".SCB", .f32, rows, of: "\(rows) rows"))
  }

  // MARK: Pieces

  private func piece(_ suffix: String, _ type: ScalarType, _ count: Int, of what: String)
    throws(FormatError) -> StoredBytes
  {
    try piece(named: name + suffix, type, count, of: what)
  }

  private func piece(named piece: String, _ type: ScalarType, _ count: Int, of what: String)
    throws(FormatError) -> StoredBytes
  {
    guard let (file, entry) = folder[piece] else {
      throw fault(.malformed, "is quantized, but '\(piece)' is missing")
    }
    guard entry.type == type, entry.count == count else {
      throw FormatError(
        .malformed, file.path,
        "tensor '\(piece)' is \(entry.type.rawValue) with \(entry.count) numbers; \(what) need "
          + "\(type.rawValue) with \(count)")
    }
    return StoredBytes(file, entry.bytes)
  }

  private func floats(_ bytes: StoredBytes) -> [Float] {
    bytes.file.withBytes(bytes.range) { raw in
      (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  func fault(_ kind: FormatError.Kind, _ message: String) -> FormatError {
    FormatError(kind, folder[name]?.file.path ?? folder.path, "tensor '\(name)' \(message)")
  }
}
