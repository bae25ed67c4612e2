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
}
