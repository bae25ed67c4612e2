import JSON
import OrderedCollections

/// The rotary rule of config.json as transformers 5 finds it: `rope_scaling`, where it holds anything,
/// stands in place of `rope_parameters`; what the rule leaves out is looked for beside it.
struct RopeReader {
  let config: ConfigReader, family: ModelConfig.Architecture, maximumPositions: Int, pairs: Int
  /// The rule, and the key it stands under.
  private let rule: OrderedDictionary<String, JSONValue>, key: String

  init(
    _ config: ConfigReader, family: ModelConfig.Architecture, maximumPositions: Int,
    headDimension: Int
  ) throws(FormatError) {
    self.config = config
    self.family = family
    self.maximumPositions = maximumPositions
    pairs = headDimension / 2
    let older = try config.object("rope_scaling"), newer = try config.object("rope_parameters")
    (key, rule) = older.isEmpty ? ("rope_parameters", newer) : ("rope_scaling", older)
    if let nested = rule.first(where: { $1.object != nil })?.key {
      throw config.fault(
        "\(key).\(nested)", "is a rule for some layers; one for all is needed, without that level")
    }
  }

  /// The base of the frequencies.
  func theta() throws(FormatError) -> Double {
    if let own = try number("rope_theta", above: 0) { return own }
    return try config.positiveNumber("rope_theta", default: family.defaults.ropeTheta)
  }

  /// The kind of scaling, under transformers' name.
  private func kind() throws(FormatError) -> String {
    for name in ["rope_type", "type"] {
      guard let value = rule[name], !value.isNull else { continue }
      guard let kind = value.string else {
        throw config.fault("\(key).\(name)", "is \(value.text()); a name is needed")
      }
      return kind
    }
    return "default"
  }

  func scaling() throws(FormatError) -> ModelConfig.RopeScaling {
    let kind = try kind()
    for name in Self.notComputed where !(rule[name]?.isNull ?? true) {
      throw config.fault("\(key).\(name)", "changes the rotation in a way that is not supported")
    }
    let own = try number("partial_rotary_factor", above: 0)
    let share = if let own { own } else { try config.share() }
    guard share == 1 || kind == "proportional" else {
      throw config.fault(
        "partial_rotary_factor", "is \(share); only 1 is supported by the rope type '\(kind)'")
    }
    switch kind {
    case "default": return .none
    case "linear": return .linear(factor: try needed("factor", kind))
    case "proportional":
      return .proportional(factor: try number("factor", above: 0) ?? 1, share: min(share, 1))
    case "dynamic": return .dynamic(factor: try needed("factor", kind))
    case "llama3":
      return .llama3(
        factor: try needed("factor", kind), lowFrequency: try needed("low_freq_factor", kind),
        highFrequency: try needed("high_freq_factor", kind), originalLength: try originalLength())
    case "yarn": return .yarn(try yarn())
    case "longrope": return .longRope(try longRope())
    default:
      throw config.fault(
        "\(key).rope_type",
        "is '\(kind)'; supported are default, linear, dynamic, yarn, longrope, llama3, proportional"
      )
    }
  }

  private func yarn() throws(FormatError) -> ModelConfig.YaRN {
    guard rule["factor"] != nil else { throw lacks("factor", "yarn") }
    let original = try originalLength()
    return ModelConfig.YaRN(
      factor: try number("factor", above: 0) ?? Double(maximumPositions) / Double(original),
      originalLength: original, attentionFactor: try number("attention_factor"),
      // 0 stands for the default there.
      betaFast: try number("beta_fast").flatMap { $0 == 0 ? nil : $0 } ?? 32,
      betaSlow: try number("beta_slow").flatMap { $0 == 0 ? nil : $0 } ?? 1,
      mscale: try number("mscale"), mscaleAllDim: try number("mscale_all_dim"),
      truncates: try truncates())
  }

  private func truncates() throws(FormatError) -> Bool {
    guard let value = rule["truncate"], !value.isNull else { return true }
    guard let flag = value.bool else {
      throw config.fault("\(key).truncate", "is \(value.text()); true or false is needed")
    }
    return flag
  }

  private func longRope() throws(FormatError) -> ModelConfig.LongRoPE {
    let original = try originalLength()
    return ModelConfig.LongRoPE(
      shortFactors: try factors("short_factor"), longFactors: try factors("long_factor"),
      originalLength: original,
      factor: try number("factor", above: 0) ?? Double(maximumPositions) / Double(original),
      attentionFactor: try number("attention_factor"))
  }

  private func factors(_ name: String) throws(FormatError) -> [Double] {
    guard let list = rule[name]?.array else { throw lacks(name, "longrope") }
    let numbers = list.compactMap(\.double)
    guard numbers.count == pairs, list.count == pairs, numbers.allSatisfy({ $0 > 0 }) else {
      throw config.fault(
        "\(key).\(name)",
        "has \(list.count) entries; a positive number for each of a head's \(pairs) pairs is needed"
      )
    }
    return numbers
  }

  /// `original_max_position_embeddings`: beside the rule, in it, or the model's own length.
  private func originalLength() throws(FormatError) -> Int {
    let name = "original_max_position_embeddings"
    if let beside = config.members[name], !beside.isNull { return try config.positive(name) }
    guard let value = rule[name], !value.isNull else { return maximumPositions }
    guard let length = value.int, length > 0 else {
      throw config.fault("\(key).\(name)", "is \(value.text()); a positive whole number is needed")
    }
    return length
  }

  // MARK: Members

  private func needed(_ name: String, _ kind: String) throws(FormatError) -> Double {
    guard let number = try number(name, above: 0) else { throw lacks(name, kind) }
    return number
  }

  private func number(_ name: String, above bound: Double = -.infinity) throws(FormatError)
    -> Double?
  {
    guard let value = rule[name], !value.isNull else { return nil }
    guard let number = value.double, number > bound else {
      let kind = bound == 0 ? "a positive number" : "a number"
      throw config.fault("\(key).\(name)", "is \(value.text()); \(kind) is needed")
    }
    return number
  }

  private func lacks(_ name: String, _ kind: String) -> FormatError {
    FormatError(
      .malformed, config.path, "'\(config.section)\(key)' of type '\(kind)' lacks '\(name)'")
  }
}

extension RopeReader {
  /// Members that other families' rules have.
  private static let notComputed = [
    "mrope_section", "mrope_interleaved", "llama_4_scaling_beta", "short_mscale", "long_mscale",
    "alpha",
  ]

  /// The members that the rule of a kind is made of.
  private static func read(_ kind: String) -> Set<String> {
    let own: [String: Set<String>] = [
      "linear": ["factor"], "proportional": ["factor"], "dynamic": ["factor"],
      "llama3": [
        "factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings",
      ],
      "yarn": [
        "factor", "original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow",
        "mscale", "mscale_all_dim", "truncate",
      ],
      "longrope": [
        "factor", "original_max_position_embeddings", "attention_factor", "short_factor",
        "long_factor",
      ],
    ]
    return (own[kind] ?? []).union(["rope_type", "type", "rope_theta", "partial_rotary_factor"])
  }

  /// What the rule's numbers come from where that may surprise, and members that nothing reads.
  func notes() throws(FormatError) -> [String] {
    var notes: [String] = []
    let newer = config.members["rope_parameters"]?.object ?? [:]
    if key == "rope_scaling", !newer.isEmpty {
      var note = "rope_scaling stands in place of rope_parameters"
      let theta = try theta()
      if let other = newer["rope_theta"]?.double, other != theta {
        note +=
          ", whose rope_theta \(other) is not used: the base is \(theta); give rope_scaling a "
          + "rope_theta of its own to keep it"
      }
      notes.append(note)
    }
    let kind = try kind(), read = Self.read(kind)
    let unread = rule.keys.filter { !read.contains($0) }
    if !unread.isEmpty {
      notes.append(
        "not read for the rope type '\(kind)': "
          + unread.map { "\(key).\($0)" }.joined(separator: ", "))
    }
    return notes
  }
}
