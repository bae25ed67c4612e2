import Formats
import Layers
import Tensors

// Virtual tokens stand before every text and have no ids: as keys and values given to every layer
// (prefix tuning), or as rows before the embedded tokens (prompt tuning).
extension CausalLanguageModel {
  /// How many virtual tokens stand before every text.
  public var virtualTokens: Int { givenKeys + (embedding.prompt?.rows ?? 0) }

  /// The blocks' attentions, first to last: seats of keys and values that are given.
  public var attentions: [SelfAttention] { blocks.map(\.attention) }

  /// The keys that every layer is given.
  var givenKeys: Int { blocks.first?.attention.prefix?.count ?? 0 }

  /// The most tokens that a text may have: the model's context without the virtual tokens.
  public var contextLength: Int { config.contextLength - virtualTokens }

  /// The context as messages tell it: "100 (120 less 20 virtual tokens)".
  public var contextText: String {
    virtualTokens == 0
      ? "\(contextLength)"
      : "\(contextLength) (\(config.contextLength) less \(virtualTokens) virtual tokens)"
  }

  /// Caches for so many sequences, one per layer: empty but for the keys and values that are given.
  public func caches(sequences: Int) -> [KeyValueCache] {
    blocks.map { block in
      KeyValueCache(
        sequences: sequences, heads: config.heads,
        given: Recording.off { block.attention.prefix?() })
    }
  }

  /// What the attention of each layer keeps of a text, as a cache would hold it, without virtual tokens.
  public func keysAndValues(of ids: [Int32]) -> [(keys: Tensor, values: Tensor)] {
    precondition(virtualTokens == 0, "model: keys and values of a text behind virtual tokens")
    return Recording.off {
      let segments = Segments(lengths: [ids.count])
      let span = Span(
        segments: segments,
        rotary: rotary.table(
          segments.positions, segments, classes: [rotary.lengthClass(ids.count)]))
      var x = embedding(ids)
      return blocks.map { block in
        defer { x = block(x, span) }
        return block.keysAndValues(x, span)
      }
    }
  }
}
