import Adapters
import Formats
import JSON
import Layers
import Models
import Tensors
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
    return Throughput(length: 6, batch: 1, steps: 1, supervised: 2).cost(model, trainable).flops
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
        LoRAConfig(r: 2, alpha: 4, targets: AdapterTargets(.allLinear)),
        baseModel: nil), on: model.seats, seed: 1)
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
        // Nothing is passed back to the embedding, neither by the projection nor by what sits on it.
        let isFirst = layer == 0 && ["q", "k", "v"].contains(kind)
        expected += passing * ((isFirst ? 2 : 4) * inputs * outputs + 6 * 2 * (inputs + outputs))
        if isFirst { expected -= passing * 2 * 2 * inputs }
      }
    }
    let seen = (config.layers - 1) * tokens * (tokens + 1) / 2 + (61 + 62 + 63)
    expected += 6 * 2 * queries * seen
    let counted = Throughput(length: tokens, batch: 1, steps: 1, supervised: rows)
      .cost(model, .adapter(adapters)).flops
    #expect(counted == Double(expected))
  }

  /// What the layers say is what the engine does, operation by operation: of text and of pairs that
  /// share their prompts, with adapters on all projections, on few, and with every weight trained.
  /// Attention computes its scores again on the way back, and in blocks; a trained head computes its
  /// scores again, too.
  @Test(arguments: [
    ("qwen3", Throughput.Objective.sft, ["all-linear"]), ("qwen2", .sft, ["v_proj", "down_proj"]),
    ("llama", .sft, ["o_proj"]), ("llama", .sft, []), ("qwen3", .dpo, ["all-linear"]),
    ("llama", .dpo, ["q_proj", "up_proj"]),
  ]) func operationsAreThoseOfTheEngine(
    name: String, objective: Throughput.Objective, targets: [String]
  ) throws {
    let model = try CausalLanguageModel(folder: GoldenRunTests.goldens + "/models/\(name)")
    let trainable: Trainable =
      targets.isEmpty
      ? .full(model.unfreeze(), constants: [], model.config)
      : .adapter(
        try AdapterSet.fresh(
          AdapterConfig(
            LoRAConfig(r: 2, alpha: 4, targets: AdapterTargets(targets)),
            baseModel: nil),
          on: model.seats, seed: 1))
    let throughput = Throughput(objective, length: 160, batch: 2, steps: 1, supervised: 80)
    let result = try throughput.measure(model, trainable) { _ in }
    func counted(_ names: Set<String>) -> Double {
      result.operations.reduce(0) { $0 + (names.contains($1.name) ? $1.entry.flops : 0) }
    }
    let again =
      targets.isEmpty
      ? 2 * Double(throughput.tokensScored * model.head.weight.rows * model.head.weight.columns) : 0
    let products =
      counted(["Projection", "LowRank", "LogProbabilities", "ObjectiveValue"]) - again
    let seen =
      result.flops - throughput.cost(model, trainable, countsAttention: false).flops
    #expect(products == result.flops - seen, "\(products) done, \(result.flops - seen) counted")
    // On the way back 10 in the place of 8 for each pair of tokens, and the blocks' upper corners.
    let ratio = counted(["Attention"]) / seen
    #expect((1...2).contains(ratio), "\(ratio)")
  }

  /// A plan counts what a step computes: learning as many times as there are micro-batches, and the
  /// products of reading a prompt and of decoding behind it.
  @Test func aPlanCountsSamplingToo() throws {
    let model = try CausalLanguageModel(folder: GoldenRunTests.goldens + "/models/qwen3")
    let config = AdapterConfig(
      LoRAConfig(r: 2, alpha: 4, targets: AdapterTargets(.allLinear)), baseModel: nil)
    let adapters = try AdapterSet.fresh(config, on: model.seats, seed: 1)
    let setup = TrainingSetup(model, quantization: nil, adapters: config)
    let (prompt, group, new) = (48, 3, 16)
    let throughput = Throughput(
      .grpo, length: prompt + new, batch: 1, steps: 1, supervised: new, group: group)
    // The first token follows from the prompt's last one; the last one is followed by none.
    let decoded = 1 + group * (new - 1)
    let drawn = MemoryPlan.Batch(
      tokens: prompt + group * (new - 1), longest: prompt + new, scored: decoded)
    // Several completions would predict their first tokens from one row, which a plan does not know.
    let alone = Throughput(
      .grpo, length: prompt + new, batch: 1, steps: 1, supervised: new, group: 1)
    let work = StepWork(setup, batch: alone.planned, count: 2, sampled: drawn)
    let learning = alone.cost(model, .adapter(adapters), countsAttention: false).flops
    #expect(work.learning == 2 * learning)

    let watch = Stopwatch()
    try watch.measure { _ = try throughput.sampled(of: model, step: 1) }
    let done = watch.entries.reduce(0) {
      $0 + (["Projection", "LowRank"].contains($1.name) ? $1.entry.flops : 0)
    }
    #expect(done == work.sampling, "\(done) done, \(work.sampling) counted")
  }
}
