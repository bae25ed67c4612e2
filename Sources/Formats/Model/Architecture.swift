import JSON

extension ModelConfig {
  /// The families this program knows, under transformers' class names.
  public enum Architecture: String, Sendable, CaseIterable {
    case llama = "LlamaForCausalLM"
    case mistral = "MistralForCausalLM"
    case qwen2 = "Qwen2ForCausalLM"
    case qwen3 = "Qwen3ForCausalLM"
    case smolLM3 = "SmolLM3ForCausalLM"
    case qwen2Audio = "Qwen2AudioForConditionalGeneration"
  }
}

extension ModelConfig.Architecture {
  /// config.json's `model_type`.
  var modelType: String {
    switch self {
    case .llama: "llama"
    case .mistral: "mistral"
    case .qwen2: "qwen2"
    case .qwen3: "qwen3"
    case .smolLM3: "smollm3"
    case .qwen2Audio: "qwen2_audio"
    }
  }

  /// The classes of the same network that files name: with its head, with a classifier's, without, in
  /// an older spelling.
  var classes: [String] {
    let classes = [rawValue] + (classifier.map { [$0] } ?? [])
    return switch self {
    case .qwen2Audio: classes
    case .llama: classes + ["LlamaModel", "LLaMAForCausalLM"]
    default: classes + [rawValue.replacing("ForCausalLM", with: "Model")]
    }
  }

  /// What the configuration class has where config.json says nothing.
  struct Defaults {
    var ropeTheta = 10_000.0, maximumPositions = 32_768
    /// nil for as many as query heads.
    var keyValueHeads: Int?
    /// nil for the hidden size cut into the heads.
    var headDimension: Int?
    var tiesWordEmbeddings = false
  }

  var defaults: Defaults {
    switch self {
    case .llama: Defaults(maximumPositions: 2048)
    case .mistral: Defaults(maximumPositions: 131_072, keyValueHeads: 8)
    case .qwen2, .qwen2Audio: Defaults(keyValueHeads: 32)
    case .qwen3: Defaults(keyValueHeads: 32, headDimension: 128)
    case .smolLM3: Defaults(ropeTheta: 2_000_000, keyValueHeads: 4, tiesWordEmbeddings: true)
    }
  }
}

extension ConfigReader {
  /// The family: `architectures` names it, or `model_type` where that is missing; the two must agree.
  func architecture() throws(FormatError) -> ModelConfig.Architecture {
    let all = ModelConfig.Architecture.allCases
    let type = members["model_type"]?.string
    let byType = all.first { $0.modelType == type }
    let names = try classNames()
    guard let name = names.first else {
      if let byType { return byType }
      let found = type.map { "model_type '\($0)' is not supported" } ?? "so is model_type"
      throw FormatError(.unsupported, path, "architectures is missing, and \(found); \(supported)")
    }
    guard let family = all.first(where: { $0.classes.contains(name) }) else {
      throw FormatError(.unsupported, path, reason(against: name))
    }
    if let type, family.modelType != type {
      throw FormatError(
        .unsupported, path,
        "model_type is '\(type)', but architectures names \(name), whose type is "
          + "'\(family.modelType)'; correct the one that is wrong")
    }
    return family
  }

  private func classNames() throws(FormatError) -> [String] {
    guard let value = members["architectures"], !value.isNull else { return [] }
    let names = value.array?.compactMap(\.string) ?? []
    guard names.count == value.array?.count else {
      throw FormatError(
        .malformed, path, "'architectures' is \(value.text()); a list of names is needed")
    }
    return names
  }

  private var supported: String {
    "supported are " + ModelConfig.Architecture.allCases.map(\.rawValue).joined(separator: ", ")
  }

  private func reason(against name: String) -> String {
    let heads = ["ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering"]
    if let head = heads.first(where: name.hasSuffix) {
      return
        "the architecture \(name) is not supported: it ends in a head of its own (\(head)), not "
        + "in a language model's; \(supported)"
    }
    return "the architecture \(name) is not supported; \(supported)"
  }
}
