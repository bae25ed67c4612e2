import Adapters
import Formats
import JSON
import Layers
import Models
import Tensors

/// A tuned model's tensors as its files hold them, and how its head is stored.
struct MergedWeights {
  private(set) var sources: [TensorSource] = []
  /// Whether the head is the embedding.
  let tiesWordEmbeddings: Bool
  /// Whether embedding and head were one in the base and are two now.
  var unties: Bool { tuned.model.config.tiesWordEmbeddings && !tiesWordEmbeddings }
  /// The type of the numbers that were merged; the first one where the base has several.
  private(set) var type: ElementType?
  private let tuned: TunedModel, folder: SafeTensorsFolder, dtype: ElementType?

  /// The tensors of `tuned`, whose base lies in `folder`, rounded to `dtype`, or to what the base has.
  init(_ tuned: TunedModel, _ folder: SafeTensorsFolder, dtype: ElementType?) throws(FormatError) {
    self.tuned = tuned
    self.folder = folder
    self.dtype = dtype
    let model = tuned.model
    let embedding = model.modules.embedding.path + ".weight", head = model.head.path + ".weight"
    tiesWordEmbeddings = try tuned.tiesWordEmbeddings()
    let dropsHead = tiesWordEmbeddings && tuned.changed[head] != nil || model.givesScores
    let quantized = model.linears.filter { $0.weight.isQuantized }
    let stored = Dictionary(
      uniqueKeysWithValues: quantized.map { (folder.stored($0.path + ".weight"), $0) })
    let pieces = quantized.flatMap { linear -> [String] in
      let path = folder.stored(linear.path + ".weight").dropLast(".weight".count)
      return [path + ".weight.", path + ".SCB", path + ".weight_format"]
    }
    var changed = Dictionary(
      uniqueKeysWithValues: tuned.changed.map { (folder.stored($0.key), $0.value) })
    let isStored = model.config.quantization != nil
    for file in folder.files {
      for entry in file.entries.values {
        if dropsHead, entry.name == folder.stored("lm_head.weight"), entry.name != "score.weight" {
          continue
        }
        if isStored, pieces.contains(where: { entry.name.hasPrefix($0) }) { continue }
        if let steps = changed.removeValue(forKey: entry.name) {
          add(entry.name, steps[0].shape, target(entry)) { [tuned] () throws(FormatError) in
            try tuned.values(steps)
          }
        } else if let linear = stored[entry.name] {
          let shape = [linear.weight.rows, linear.weight.columns]
          add(entry.name, shape, target(entry)) { linear.weight.tensor() }
        } else {
          copy(entry, of: file.file)
        }
      }
    }
    try addHeads(changed, embedding, head)
  }

  /// A head that the base's files do not hold: one that was the embedding, or that of a score.
  private mutating func addHeads(
    _ rest: [String: [MergedTensor]], _ embedding: String, _ head: String
  ) throws(FormatError) {
    let type = folder[embedding].map { target($0.entry) } ?? .f32
    for (name, steps) in rest.sorted(by: { $0.key < $1.key })
    where name != head || !tiesWordEmbeddings {
      add(name, steps[0].shape, type) { [tuned] () throws(FormatError) in try tuned.values(steps) }
    }
    guard unties, !sources.contains(where: { $0.name == head }) else { return }
    let base = tuned.model.head.weight
    add(head, [base.rows, base.columns], type) { base.tensor() }
  }

  private mutating func add(
    _ name: String, _ shape: [Int], _ type: ElementType,
    _ values: @escaping () throws(FormatError) -> Tensor
  ) {
    if self.type == nil { self.type = type }
    sources.append(TensorSource(name: name, shape: shape, rounding: values, to: type))
  }

  /// A tensor that no adapter changes.
  private mutating func copy(_ entry: TensorEntry, of file: MappedFile) {
    guard let dtype, let type = ElementType(rawValue: entry.type.rawValue), type != dtype else {
      sources.append(TensorSource(copying: entry, of: file))
      return
    }
    let rows = max(1, entry.shape.first ?? 1)
    let weight = Weight.dense(
      DenseWeight(
        file: file, offset: entry.bytes.lowerBound, rows: rows, columns: entry.count / rows,
        type: type))
    sources.append(
      TensorSource(name: entry.name, shape: entry.shape, rounding: { weight.tensor() }, to: dtype))
  }

  /// The type in which a tensor is written that lies in the base's files as `entry`.
  private func target(_ entry: TensorEntry) -> ElementType {
    if let dtype { return dtype }
    if entry.type == .f64 { return .f32 }
    return ElementType(rawValue: entry.type.rawValue)
      ?? ElementType(torchName: tuned.model.config.dtype) ?? .bf16
  }
}

extension Weight {
  /// Whether it is stored in codes.
  var isQuantized: Bool {
    switch self {
    case .nf4, .int8: true
    case .dense, .tensor: false
    }
  }
}
