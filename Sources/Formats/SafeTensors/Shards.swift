import JSON
import OrderedCollections

/// How a model's tensors are shared out among files, and the list of who lies where.
public enum Shards {
  /// About how many bytes a file of a model holds at most.
  public static let defaultLimit = 5_000_000_000

  /// The name of file `number` of `count`.
  static func name(_ number: Int, of count: Int) -> String {
    guard count > 1 else { return "model.safetensors" }
    func padded(_ value: Int) -> String {
      String(repeating: "0", count: max(0, 5 - String(value).count)) + String(value)
    }
    return "model-\(padded(number))-of-\(padded(count)).safetensors"
  }

  /// Writes the list of a model in several files.
  static func writeIndex(
    _ folder: DurableFolder, places: OrderedDictionary<String, JSONValue>, parameters: Int,
    bytes: Int
  ) throws(FormatError) {
    let index: JSONValue = [
      "metadata": ["total_parameters": .int(parameters), "total_size": .int(bytes)],
      "weight_map": .object(places),
    ]
    try folder.write("model.safetensors.index.json", index.text(.pretty) + "\n")
  }

  /// Writes tensors as a model's files, in their order, none larger than `limit` bytes unless a single
  /// tensor is.
  public static func write(
    _ tensors: [TensorSource], into folder: DurableFolder, limit: Int = defaultLimit
  ) throws(FormatError) {
    var shards: [[TensorSource]] = [[]], size = 0
    for tensor in tensors {
      if size > 0, size + tensor.byteCount > limit {
        shards.append([])
        size = 0
      }
      shards[shards.count - 1].append(tensor)
      size += tensor.byteCount
    }
    var places = OrderedDictionary<String, JSONValue>()
    for (index, shard) in shards.enumerated() {
      let name = name(index + 1, of: shards.count)
      for tensor in shard { places[tensor.name] = .string(name) }
      try folder.write(name) { sink throws(FormatError) in
        try SafeTensorsWriter.write(shard, into: sink)
      }
    }
    guard shards.count > 1 else { return }
    try writeIndex(
      folder, places: places,
      parameters: tensors.reduce(0) { $0 + $1.shape.reduce(1, *) },
      bytes: tensors.reduce(0) { $0 + $1.byteCount })
  }
}
