import JSON

extension ModelConfig {
  /// What a layer's attention has of its own.
  public struct AttentionRule: Sendable, Hashable {
    /// How many tokens a token sees, itself included; nil for all before it.
    public var window: Int?
    /// Whether q and k are rotated by their positions.
    public var rotates = true
  }
}

extension ConfigReader {
  /// Each layer's rule, as the family's configuration class in transformers makes it.
  func attention(_ family: ModelConfig.Architecture, layers: Int) throws(FormatError)
    -> [ModelConfig.AttentionRule]
  {
    let rotates =
      family == .smolLM3 ? try rotatedLayers(layers) : Array(repeating: true, count: layers)
    let kinds = try layerTypes(layers), window = try window(of: family)
    let fullLayers = try count("max_window_layers", 28)
    var rules: [ModelConfig.AttentionRule] = []
    for layer in 0..<layers {
      let slides: Bool
      switch family {
      case .llama: slides = false
      case .mistral: slides = window != nil
      case .qwen2, .qwen2Audio, .qwen3:
        slides = kinds?[layer] ?? (window != nil && layer >= fullLayers)
      case .smolLM3: slides = kinds?[layer] ?? (window != nil && !rotates[layer])
      }
      if let kind = kinds?[layer], kind != slides || kind && window == nil {
        throw fault(
          "layer_types",
          "asks for \(kind ? "sliding" : "full")_attention in layer \(layer), but "
            + "\(family.rawValue) with sliding_window \(window.map(String.init) ?? "off") has "
            + (kind ? "no window there" : "one"))
      }
      rules.append(.init(window: slides ? window : nil, rotates: rotates[layer]))
    }
    return rules
  }

  /// The window that the family's layers may have; nil where it is off.
  private func window(of family: ModelConfig.Architecture) throws(FormatError) -> Int? {
    let isOff = try !flag("use_sliding_window", default: !family.needsWindowSwitch)
    switch family {
    case .mistral:
      // Its class knows no switch, and has a window where the file does not say null.
      guard let value = members["sliding_window"] else { return 4096 }
      return value.isNull ? nil : try positive("sliding_window")
    case .llama:
      let longest = try positive(
        "max_position_embeddings", default: family.defaults.maximumPositions)
      guard !isOff, let value = members["sliding_window"], !value.isNull,
        value.int ?? 0 < longest
      else { return nil }
      throw fault(
        "sliding_window",
        "is \(value.text()), but \(family.rawValue) has no window; remove it, or name the family "
          + "MistralForCausalLM")
    case .qwen2, .qwen2Audio, .qwen3, .smolLM3:
      guard !isOff else { return nil }
      guard let value = members["sliding_window"] else { return family == .smolLM3 ? nil : 4096 }
      return value.isNull ? nil : try positive("sliding_window")
    }
  }

  /// For each layer whether `layer_types` gives it a window; nil where the key is absent.
  private func layerTypes(_ layers: Int) throws(FormatError) -> [Bool]? {
    guard let value = members["layer_types"], !value.isNull else { return nil }
    guard let types = value.array, types.count == layers else {
      throw fault("layer_types", "must be a list with an entry for each of the \(layers) layers")
    }
    var slides: [Bool] = []
    for type in types {
      switch type.string {
      case "full_attention", "attention": slides.append(false)
      case "sliding_attention": slides.append(true)
      default:
        throw fault(
          "layer_types", "holds \(type.text()); full_attention and sliding_attention are supported")
      }
    }
    return slides
  }

  /// SmolLM3: `no_rope_layers`, 1 where a layer rotates, or every `no_rope_layer_interval`th does not.
  private func rotatedLayers(_ layers: Int) throws(FormatError) -> [Bool] {
    guard let value = members["no_rope_layers"], !value.isNull else {
      let interval = try positive("no_rope_layer_interval", default: 4)
      return (1...layers).map { $0 % interval != 0 }
    }
    let flags = value.array?.compactMap { $0.int ?? $0.bool.map { $0 ? 1 : 0 } } ?? []
    guard flags.count == value.array?.count, flags.count >= layers else {
      throw fault(
        "no_rope_layers", "must be a list of 1 (rotates) and 0 for each of the \(layers) layers")
    }
    return flags.prefix(layers).map { $0 != 0 }
  }

  /// A whole number from 0 on.
  private func count(_ key: String, _ value: Int) throws(FormatError) -> Int {
    guard let given = members[key], !given.isNull else { return value }
    guard let number = given.int, number >= 0 else {
      throw fault(key, "is \(given.text()); a whole number from 0 on is needed")
    }
    return number
  }
}

extension ModelConfig.Architecture {
  /// Whether a window counts only with `use_sliding_window` true.
  fileprivate var needsWindowSwitch: Bool { self != .llama && self != .mistral }
}
