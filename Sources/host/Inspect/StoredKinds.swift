import Formats
import JSON
import Layers
import Models
import Tensors

/// How a model's tensors are stored. A quantized matrix counts as one, though it lies in several.
struct StoredKinds: CustomStringConvertible {
  /// Numbers of the model, however they are stored.
  let parameters: Int
  private let counts: [(kind: String, count: Int)]

  init(_ model: CausalLanguageModel, _ weights: SafeTensorsFolder) {
    var counts: [String: Int] = [:], parameters = 0, pieces: Set<String> = []
    for linear in model.linears {
      guard let kind = linear.weight.quantizedKind else { continue }
      counts[kind, default: 0] += 1
      parameters += linear.weight.rows * linear.weight.columns
      pieces.insert(weights.stored(linear.path + ".weight"))
    }
    for entry in weights.files.flatMap(\.entries.values) {
      guard !Self.isPiece(entry.name, of: pieces) else { continue }
      counts[entry.type.rawValue, default: 0] += 1
      parameters += entry.count
    }
    self.parameters = parameters
    self.counts = counts.map { ($0.key, $0.value) }.sorted { $0.kind < $1.kind }
  }

  /// `P.weight`, `P.weight.absmax`, `P.SCB`, … where `P.weight` is quantized.
  private static func isPiece(_ name: String, of weights: Set<String>) -> Bool {
    let parts = name.split(separator: ".")
    return parts.indices.contains { end in
      weights.contains(parts[..<end].joined(separator: ".") + ".weight")
    } && parts.last != "bias"
  }

  var description: String { counts.map { "\($0.kind) × \($0.count)" }.joined(separator: ", ") }

  var json: JSONValue {
    counts.reduce(.emptyObject) { $0.setting($1.kind, .int($1.count)) }
  }
}

extension Weight {
  /// The name of the quantization that a frozen matrix is stored in; nil for plain numbers.
  fileprivate var quantizedKind: String? {
    switch self {
    case .nf4(let weight):
      if case .single = weight.scales { "nf4-single" } else { "nf4" }
    case .int8: "int8"
    case .dense, .tensor: nil
    }
  }
}
