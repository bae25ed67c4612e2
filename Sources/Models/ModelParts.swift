import Formats
import Layers

/// The parts that a pass comes to one after the other: the embedding, the blocks, the last norm, the head.
public struct ModelParts: Sendable, Hashable {
  /// How many blocks there are, and whether the head's weight is the embedding's.
  public let blocks: Int, tiesHead: Bool
  /// The first part.
  public let embedding = 0
  /// Block `index`.
  public func block(_ index: Int) -> Int { index + 1 }
  /// The norm behind the blocks.
  public var norm: Int { blocks + 1 }
  /// The part that holds what the head reads.
  public var head: Int { tiesHead ? embedding : blocks + 2 }
  /// How many numbers there are, also where the last one is the embedding's.
  public var count: Int { blocks + 3 }
}

extension CausalLanguageModel {
  /// The model's parts by their numbers.
  public var parts: ModelParts {
    ModelParts(blocks: blocks.count, tiesHead: config.tiesWordEmbeddings && !givesScores)
  }

  /// How many numbers each part has; 0 for a head whose weight is the embedding's.
  public var partSizes: [Int] {
    func size(_ linear: Linear) -> Int {
      linear.weight.rows * linear.weight.columns + (linear.bias?.count ?? 0)
    }
    return [embedding.weight.rows * embedding.weight.columns]
      + blocks.map { block in
        block.linears.reduce(0) { $0 + size($1) } + block.norms.reduce(0) { $0 + $1.weight.count }
      } + [norm.weight.count, parts.tiesHead ? 0 : size(head)]
  }

  /// Of tensors of these names the places of those of each part; behind them of those that belong to
  /// none.
  public func parts(of names: [String]) -> [[Int]] {
    let blocks = blocks.map { $0.attentionNorm.path.split(separator: ".").dropLast() }
    let paths =
      [embedding.path] + blocks.map { $0.joined(separator: ".") } + [norm.path, head.path]
    let spellings = paths.map { Set([$0, ModulePath.inMemory($0)]) }
    var parts: [[Int]] = Array(repeating: [], count: paths.count + 1)
    for (place, name) in names.enumerated() {
      let part = spellings.firstIndex { $0.contains { name.isBelow($0) } }
      parts[part ?? paths.count].append(place)
    }
    return parts
  }
}

extension String {
  /// Whether this is the name of something in the module at `path`, whatever stands before that.
  fileprivate func isBelow(_ path: String) -> Bool {
    hasPrefix(path + ".") || contains("." + path + ".")
  }
}
