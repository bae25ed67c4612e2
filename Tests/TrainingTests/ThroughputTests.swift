import Adapters
import Formats
import JSON
import Layers
import Models
import Testing

@testable import Training

@Suite struct ThroughputTests {
  private func flops(window: JSONValue) throws -> Double {
    let config: JSONValue = [
      "architectures": ["MistralForCausalLM"], "hidden_size": 8, "intermediate_size": 12,
      "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4,
      "vocab_size": 20, "sliding_window": window,
    ]
    let model = try CausalLanguageModel(
      config: ModelConfig(json: config, path: "config.json"),
      weights: .random(seed: 1, deviation: 0.02))
    let trainable = Trainable.full(model.unfreeze(), constants: [], model.config)
    return Throughput(length: 6, batch: 1, steps: 1, supervised: 2).flops(model, trainable)
  }

  /// Attention counts the tokens that are seen: of 6 at once 1…6, through a window of 3 1, 2, 3, 3, 3,
  /// 3; in the last layer those of two rows.
  @Test func windowsSeeLess() throws {
    let fewer = 2 * (21 - 15) + (4 + 5) - (3 + 3)
    let saved = try flops(window: nil) - flops(window: 3)
    #expect(saved == Double(6 * 2 * 8 * fewer))
    #expect(try flops(window: 6) == flops(window: nil))
  }

  /// Of a model that hears, as of one of text, the last block computes for the rows that predict alone,
  /// the adapters too; what the encoder carries is not passed.
  @Test(arguments: ["nano-qwen3", "nano-qwen2-audio"])
  func theLastBlockCountsItsRows(name: String) throws {
    let folder = TrainerTests.modelFolder.dropLast("nano-qwen3".count) + name
    let model = try CausalLanguageModel(folder: String(folder)), config = model.config
    let adapters = try AdapterSet.fresh(
      AdapterConfig(
        r: 2, alpha: 4, dropout: 0, targets: AdapterTargets(.allLinear), usesRSLoRA: false,
        baseModel: nil), on: model.linears, seed: 1)
    let (tokens, rows, hidden) = (64, 3, config.hiddenSize)
    let queries = config.attentionHeads * config.headDimension
    let keys = config.keyValueHeads * config.headDimension
    let kinds = [
      ("q", hidden, queries), ("k", hidden, keys), ("v", hidden, keys), ("o", queries, hidden),
      ("gate", hidden, config.intermediateSize), ("up", hidden, config.intermediateSize),
      ("down", config.intermediateSize, hidden),
    ]
    var expected = 4 * config.vocabularySize * hidden * rows
    for layer in 0..<config.layers {
      for (kind, inputs, outputs) in kinds {
        let isNarrow = layer == config.layers - 1 && !["k", "v"].contains(kind)
        let passing = isNarrow ? rows : tokens
        let ways = layer == 0 && ["q", "k", "v"].contains(kind) ? 2 : 4
        expected += passing * (ways * inputs * outputs + 6 * 2 * (inputs + outputs))
      }
    }
    let seen = (config.layers - 1) * tokens * (tokens + 1) / 2 + (61 + 62 + 63)
    expected += 6 * 2 * queries * seen
    let counted = Throughput(length: tokens, batch: 1, steps: 1, supervised: rows)
      .flops(model, .adapter(adapters))
    #expect(counted == Double(expected))
  }
}
