import Layers
import Tensors

/// What many texts begin with, read once and kept: the keys and values of every layer, those of virtual
/// tokens among them. Texts behind it are read without it, as often as one likes.
public struct Stem {
  /// The tokens.
  public let ids: [Int32]
  /// The class of its texts (`CausalLanguageModel.rotaryClass`).
  public let rotaryClass: Int
  /// Each layer's keys, as attention asks them, and values.
  let layers: [(keys: Tensor, values: Tensor)]

  /// How many tokens stand before a text's own, virtual ones among them.
  var count: Int { layers.first?.keys.rows ?? 0 }
}

extension CausalLanguageModel {
  /// Reads what texts of one class begin with. Constants only.
  public func stem(_ ids: [Int32], rotaryClass: Int = 0) -> Stem {
    precondition(!ids.isEmpty, "model: a stem of no tokens")
    return Recording.off {
      let reading = Reading(
        Segments(lengths: [ids.count]), continuing: nil, classes: [rotaryClass], by: self)
      let span = Span(
        segments: reading.segments,
        rotary: rotary.table(reading.positions, reading.segments, classes: reading.classes),
        shared: reading.shared)
      var x = reading.prompted(embedding(ids), by: embedding.prompt)
      var layers: [(keys: Tensor, values: Tensor)] = []
      for (index, block) in blocks.enumerated() {
        let (keys, values) = block.keysAndValues(x, span)
        let given = block.attention.prefix?()
        layers.append((keys.behind(given?.keys), values.behind(given?.values)))
        // What the last block makes of them nobody asks.
        if index < blocks.count - 1 { x = block(x, span) }
      }
      return Stem(ids: ids, rotaryClass: rotaryClass, layers: layers)
    }
  }
}

extension Tensor {
  fileprivate func behind(_ head: Tensor?) -> Tensor {
    guard let head else { return self }
    return concatenateRows([(head, 0..<head.rows), (self, 0..<rows)])
  }
}
