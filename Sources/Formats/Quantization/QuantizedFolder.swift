import JSON
import OrderedCollections
import Tensors

/// Writes a model folder with its projections quantized, in the form that transformers and
/// bitsandbytes read.
public struct QuantizedFolder {
  private let source: SafeTensorsFolder, projections: Set<String>, quantization: Quantization
  private let config: JSONValue

  /// Opens the model folder `source`, whose projections' weights have the names `projections`.
  public init(source: String, projections: Set<String>, quantization: Quantization)
    throws(FormatError)
  {
    if let stored = try ModelConfig(folder: source).quantization {
      throw FormatError(
        .unsupported, source,
        "is stored in \(stored.name) already; quantize the unquantized model instead")
    }
    let folder = try SafeTensorsFolder(path: source)
    self.source = folder
    self.projections = Set(projections.map(folder.stored))
    self.quantization = quantization
    config = try JSONValue(readingFile: source + "/config.json")
  }

  /// Writes the folder `path`, which must not exist, with the model's files beside its weights. Shards
  /// hold at most about 1 GB, and no more than one of them is in memory. `progress` is told how many
  /// of the projections are done.
  public func write(to path: String, progress: (_ done: Int, _ total: Int) -> Void)
    throws(FormatError)
  {
    try FileSystem.checkFree(path)
    let shards = shards(), count = shards.count
    var done = 0, bytes = 0
    var places = OrderedDictionary<String, JSONValue>()
    try DurableFolder.write(to: path) { folder throws(FormatError) in
      for (index, shard) in shards.enumerated() {
        let name = Shards.name(index + 1, of: count)
        var sources: [TensorSource] = []
        for item in shard {
          guard item.isProjection else {
            sources.append(TensorSource(copying: item.entry, of: item.file))
            continue
          }
          sources += try quantized(item)
          done += 1
          progress(done, projections.count)
        }
        for source in sources { places[source.name] = .string(name) }
        bytes += sources.reduce(0) { $0 + $1.byteCount }
        try folder.write(name) { sink throws(FormatError) in
          try SafeTensorsWriter.write(sources, into: sink)
        }
        for item in shard { item.file.release(item.entry.bytes) }
      }
      if count > 1 {
        let parameters = source.files.flatMap(\.entries.values).reduce(0) { $0 + $1.count }
        try Shards.writeIndex(folder, places: places, parameters: parameters, bytes: bytes)
      }
      let config = config.setting("quantization_config", quantization.config)
      try folder.write("config.json", config.text(.pretty) + "\n")
      try copyOtherFiles(into: folder)
    }
  }

  // MARK: Shards

  private struct Item {
    let file: MappedFile, entry: TensorEntry, isProjection: Bool
  }

  private static let shardBytes = 1_000_000_000

  /// The tensors in the source's order, cut where a shard is full.
  private func shards() -> [[Item]] {
    var shards: [[Item]] = [[]], size = 0
    for file in source.files {
      for entry in file.entries.values {
        let isProjection = projections.contains(entry.name)
        let bytes = isProjection ? quantization.storedBytes(entry.count) : entry.bytes.count
        if size > 0, size + bytes > Self.shardBytes {
          shards.append([])
          size = 0
        }
        shards[shards.count - 1].append(
          Item(file: file.file, entry: entry, isProjection: isProjection))
        size += bytes
      }
    }
    return shards
  }

  private func quantized(_ item: Item) throws(FormatError) -> [TensorSource] {
    let entry = item.entry
    // F64 is rounded to F32 first.
    let type = entry.type == .f64 ? .f32 : ElementType(rawValue: entry.type.rawValue)
    guard let type, entry.shape.count == 2 else {
      throw FormatError(
        .unsupported, item.file.path,
        "tensor '\(entry.name)' is \(entry.type.rawValue) \(entry.shape); only matrices in F64, F32, "
          + "F16 or BF16 can be quantized")
    }
    let (rows, columns) = (entry.shape[0], entry.shape[1])
    let plain: Weight =
      if entry.type == .f64, let values = item.file.floats(entry) {
        .tensor(Tensor(rows: rows, columns: columns, values: values))
      } else {
        .dense(
          DenseWeight(
            file: item.file, offset: entry.bytes.lowerBound, rows: rows, columns: columns,
            type: type))
      }
    let weight = plain.quantized(quantization)
    item.file.release(entry.bytes)
    guard weight.hasFiniteScales else {
      throw FormatError(quantizing: entry.name, of: item.file.path, quantization)
    }
    return weight.quantizedSources(entry.name, dtype: type)
  }

  /// Tokenizer, processor, templates, settings and whatever else the model has beside its weights.
  private func copyOtherFiles(into folder: DurableFolder) throws(FormatError) {
    for name in ModelFolder.companions(of: source.path) {
      try folder.copy(name, from: source.path + "/" + name)
    }
  }
}

extension FormatError {
  /// A matrix that `quantization` would make nonsense of.
  public init(quantizing name: String, of path: String, _ quantization: Quantization) {
    let reason =
      quantization == .int8
      ? "magnitudes beyond 65504, where int8 as bitsandbytes makes it ends; use nf4"
      : "numbers that are not finite"
    self.init(
      .malformed, path,
      "tensor '\(name)' cannot be quantized to \(quantization.name): it has \(reason)")
  }
}

extension Weight {
  /// The tensors that bitsandbytes stores a quantized matrix in; `dtype` is the type it had.
  func quantizedSources(_ name: String, dtype: ElementType) -> [TensorSource] {
    let torch =
      switch dtype {
      case .f32: "float32"
      case .f16: "float16"
      case .bf16: "bfloat16"
      }
    switch self {
    case .nf4(let weight): return weight.sources(name, dtype: torch)
    case .int8(let weight):
      let path = name.hasSuffix(".weight") ? String(name.dropLast(".weight".count)) : name
      return [
        TensorSource(name, .i8, [weight.rows, weight.columns], weight.codes),
        TensorSource(path + ".SCB", .f32, [weight.rows], weight.scales),
        TensorSource(bytes: [0], named: path + ".weight_format", shape: []),
      ]
    case .dense, .tensor: preconditionFailure("\(name) is not quantized")
    }
  }
}

extension NF4Weight {
  fileprivate func sources(_ name: String, dtype: String) -> [TensorSource] {
    var state = QuantState(shape: [rows, columns], nestedOffset: nil, dtype: dtype)
    var sources = [
      TensorSource(name, .u8, [codes.count, 1], codes),
      TensorSource(name: name + ".quant_map", shape: [16], values: Self.values),
    ]
    switch scales {
    case .single(let scales):
      sources.append(TensorSource(name + ".absmax", .f32, [scales.count / 4], scales))
    case .double(let codes, let map, let nested, let offset):
      state.nestedOffset = offset
      sources += [
        TensorSource(name + ".absmax", .u8, [codes.count], codes),
        TensorSource(name + ".nested_absmax", .f32, [nested.count / 4], nested),
        TensorSource(name + ".nested_quant_map", .f32, [256], map),
      ]
    }
    let text = state.text
    sources.append(
      TensorSource(
        bytes: text, named: name + ".quant_state.bitsandbytes__nf4", shape: [text.count]))
    return sources
  }
}

extension TensorSource {
  fileprivate init(_ name: String, _ type: ScalarType, _ shape: [Int], _ bytes: StoredBytes) {
    self.init(name: name, type: type, shape: shape) { (sink) throws(FormatError) in
      let result = bytes.file.withBytes(bytes.range) { raw in
        Result { () throws(FormatError) in try sink.write(raw) }
      }
      try result.get()
    }
  }

  fileprivate init(bytes: [UInt8], named name: String, shape: [Int]) {
    self.init(name: name, type: .u8, shape: shape) { (sink) throws(FormatError) in
      try sink.write(bytes)
    }
  }
}
