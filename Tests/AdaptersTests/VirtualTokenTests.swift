import Adapters
import Formats
import Foundation
import JSON
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// Prefix and prompt tuning: files, first values, seats.
@Suite struct VirtualTokenTests {
  private let goldens = Goldens.root + "/virtual_tokens"

  private func model(_ family: String = "qwen3") throws -> CausalLanguageModel {
    try CausalLanguageModel(folder: Goldens.models + "/" + family)
  }

  private func logits(_ model: CausalLanguageModel, _ ids: [Int32] = [5, 9, 2]) -> [Float] {
    Recording.off { model.logits(model.hidden(ids, Segments(lengths: [ids.count]))).values }
  }

  @Test(arguments: ["prefix", "projected", "prompt"], ["llama", "qwen2", "qwen3"])
  func configurationsAreWrittenAsPEFTHasThem(method: String, family: String) throws {
    let folder = goldens + "/\(family)_\(method)"
    let config = try AdapterConfig(folder: folder)
    #expect(config.json == (try JSONValue(readingFile: folder + "/adapter_config.json")))
    let base = try ModelConfig(folder: Goldens.models + "/" + family)
    let yaml =
      switch method {
      case "prefix": "method: prefix_tuning, num_virtual_tokens: 5"
      case "prompt": "method: prompt_tuning, num_virtual_tokens: 5, prompt_tuning_init: RANDOM"
      default:
        "method: prefix_tuning, num_virtual_tokens: 5, prefix_projection: true, encoder_hidden_size: 12"
      }
    var fresh = try AdapterRecipeTests.recipe("peft: { \(yaml) }").peft.adapter(
      on: "base", model: base
    ) { _ in [] }
    fresh.baseModel = nil
    #expect(fresh.json == config.json)
  }

  @Test func freshNumbersAreThoseOfTheirSeed() throws {
    func numbers(_ method: any AdapterMethod, _ seed: UInt64) throws -> [Float] {
      let set = try AdapterSet.fresh(
        AdapterConfig(method, baseModel: nil), on: model().seats, seed: seed)
      return set.parameters.flatMap(\.tensor.values)
    }
    let methods: [any AdapterMethod] = [
      PrefixTuning(of: 40, shape: nil), PrefixTuning(of: 4, projectedThrough: 8, shape: nil),
      PromptTuning(of: 40, beginning: .random, shape: nil),
      PromptTuning(of: 40, beginning: .vocabulary, shape: nil),
    ]
    for method in methods {
      let one = try numbers(method, 1)
      #expect(try numbers(method, 1) == one && numbers(method, 2) != one)
    }
    for method in [methods[0], methods[2]] {
      let values = try numbers(method, 3).map(Double.init), count = Double(values.count)
      let mean = values.reduce(0, +) / count
      let variance = values.reduce(0) { $0 + $1 * $1 } / count
      #expect(abs(mean) < 5 / count.squareRoot() && abs(variance - 1) < 10 / count.squareRoot())
    }
  }

  /// A text's own keys and values, or rows, act as the text does; it is cut or repeated to the length.
  @Test(arguments: [[7, 8, 9], [7, 8, 9, 10, 11, 12, 13]] as [[Int32]])
  func beginningsAreTexts(text: [Int32]) throws {
    let whole = (0..<5).map { text[$0 % text.count] }
    let expected = Array(logits(try model(), whole + [5, 9, 2]).suffix(3 * 160))
    let methods: [any AdapterMethod] = [
      PrefixTuning(of: 5, shape: nil, beginning: text),
      PromptTuning(of: 5, beginning: .text("x", text, tokenizer: "base"), shape: nil),
    ]
    for method in methods {
      let model = try model()
      let set = try AdapterSet.fresh(
        AdapterConfig(method, baseModel: nil), on: model.seats, seed: 1)
      expectClose(logits(model), expected, atol: 5e-5, rtol: 0)
      #expect(set.parameters.map(\.name) == ["prompt_embeddings"])
    }
  }

  @Test(arguments: ["prefix", "projected", "prompt"])
  func seatsAreGivenBack(method: String) throws {
    let model = try model(), base = logits(model)
    let set = try AdapterSet.load(folder: goldens + "/qwen3_" + method, on: model.seats)
    let adapted = logits(model)
    #expect(adapted != base)
    set.withoutAdapters { #expect(logits(model) == base) }
    let snapshot = set.snapshot()
    for parameter in set.parameters {
      let tensor = parameter.tensor
      tensor.assign(Tensor(rows: tensor.rows, columns: tensor.columns, repeating: 0.5))
    }
    #expect(logits(model) != adapted)
    set.with(snapshot) { #expect(logits(model) == adapted) }
    set.lift()
    #expect(logits(model) == base)
    #expect(set.summary(of: model.linears).contains("virtual tokens 5"))
  }

  /// What p-tuning leaves is a prompt.
  @Test func pTuningIsReadAsAPrompt() throws {
    try Goldens.withFolder { folder in
      let source = goldens + "/qwen3_prompt"
      var members = try JSONValue(readingFile: source + "/adapter_config.json").object ?? [:]
      for key in ["prompt_tuning_init", "prompt_tuning_init_text", "tokenizer_kwargs"] {
        members[key] = nil
      }
      members["peft_type"] = "P_TUNING"
      members["encoder_reparameterization_type"] = "MLP"
      members["encoder_hidden_size"] = 24
      try Goldens.put(JSONValue.object(members).text(), folder + "/adapter_config.json")
      let file = "/adapter_model.safetensors"
      try FileManager.default.copyItem(atPath: source + file, toPath: folder + file)
      let model = try model(), other = try self.model()
      let set = try AdapterSet.load(folder: folder, on: model.seats)
      _ = try AdapterSet.load(folder: source, on: other.seats)
      #expect(logits(model) == logits(other))
      #expect(set.config.json["peft_type"] == "PROMPT_TUNING")
    }
  }

  @Test(arguments: ["prefix", "prompt"]) func otherModelsAreRefused(method: String) throws {
    let error = #expect(throws: FormatError.self) {
      try AdapterSet.load(folder: goldens + "/llama_" + method, on: model().seats)
    }
    #expect(error?.message.contains("an adapter of another model?") == true)
  }

  @Test(
    arguments: [
      ("num_virtual_tokens", nil, "must be said"), ("num_virtual_tokens", 0, "above 0"),
      ("num_transformer_submodules", 2, "has one"), ("token_dim", "a", "above 0"),
      ("prefix_projektion", true, "did you mean 'prefix_projection'"), ("r", 8, "no setting"),
    ] as [(String, JSONValue?, String)])
  func badFilesAreRefused(key: String, value: JSONValue?, sentence: String) throws {
    try Goldens.withFolder { folder in
      var members =
        try JSONValue(readingFile: goldens + "/qwen3_prefix/adapter_config.json").object ?? [:]
      members[key] = value
      try Goldens.put(JSONValue.object(members).text(), folder + "/adapter_config.json")
      let error = #expect(throws: FormatError.self) { try AdapterConfig(folder: folder) }
      #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "")")
    }
  }

  @Test(arguments: [
    ("method: prefix_tuning, r: 8", "peft.r has no effect on peft.method prefix_tuning"),
    ("method: prefix_tuning, target_modules: [q_proj]", "it belongs to lora"),
    ("num_virtual_tokens: 5", "it belongs to prefix_tuning, prompt_tuning"),
    ("method: prompt_tuning, prefix_projection: true", "it belongs to prefix_tuning"),
    ("method: prompt_tuning, prompt_tuning_init: TEXT", "name the text"),
    ("method: prompt_tuning, prompt_tuning_init: RANDOM, prompt_tuning_init_text: a", "TEXT alone"),
    ("method: prefix_tuning, encoder_hidden_size: 8", "prefix_projection: true alone"),
    (
      "method: prefix_tuning, prefix_projection: true, prefix_init_text: a",
      "cannot stand beside"
    ), ("method: prefix_tunning", "did you mean 'prefix_tuning'?"),
  ])
  func badRecipesAreRefused(peft: String, sentence: String) throws {
    let error = #expect(throws: FormatError.self) {
      try AdapterRecipeTests.recipe("peft: { \(peft) }")
    }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }
}
