import JSON
import OrderedCollections

/// Reads checked values out of config.json, or out of an object in it.
struct ConfigReader {
  let members: OrderedDictionary<String, JSONValue>
  /// The file that errors name.
  let path: String
  /// What errors put before a key: `text_config.`, or nothing.
  var section = ""

  func architecture() throws(FormatError) -> ModelConfig.Architecture {
    let supported = ModelConfig.Architecture.allCases.map(\.rawValue)
    let name = members["architectures"]?[0]?.string ?? "none"
    if let known = ModelConfig.Architecture(rawValue: name) { return known }
    throw FormatError(
      .unsupported, path,
      "the architecture \(name) is not supported; supported are \(supported.joined(separator: ", "))"
    )
  }

  func positive(_ key: String, default value: Int? = nil) throws(FormatError) -> Int {
    guard let given = members[key], !given.isNull else {
      if let value { return value }
      throw FormatError(.malformed, path, "'\(section)\(key)' is missing")
    }
    guard let number = given.int, number > 0 else {
      throw FormatError(
        .malformed, path, "'\(section)\(key)' is \(given.text()); a positive whole number is needed"
      )
    }
    return number
  }

  func positiveNumber(_ key: String, default value: Double) throws(FormatError) -> Double {
    guard let given = members[key], !given.isNull else { return value }
    guard let number = given.double, number > 0 else {
      throw FormatError(
        .malformed, path, "'\(section)\(key)' is \(given.text()); a positive number is needed")
    }
    return number
  }

  /// The type of the stored numbers, as torch names it; nil where it is not said.
  var dtype: String? { members["dtype"]?.string ?? members["torch_dtype"]?.string }

  /// False where the key is absent.
  func flag(_ key: String) throws(FormatError) -> Bool {
    guard let given = members[key], !given.isNull else { return false }
    guard let flag = given.bool else {
      throw FormatError(
        .malformed, path, "'\(section)\(key)' is \(given.text()); true or false is needed")
    }
    return flag
  }

  /// Today's `rope_parameters`, or the older `rope_theta` with `rope_scaling`.
  func rope() throws(FormatError) -> (Double, ModelConfig.RopeScaling) {
    var parameters = members["rope_parameters"]?.object
    // The parameters may lie one level down, by the type of layer.
    if let nested = parameters?["full_attention"]?.object { parameters = nested }
    let older = try positiveNumber("rope_theta", default: 10000)
    let theta = parameters?["rope_theta"]?.double ?? older
    guard let rule = parameters ?? members["rope_scaling"]?.object else { return (theta, .none) }
    let kind = rule["rope_type"]?.string ?? rule["type"]?.string ?? "default"
    func number(_ key: String) throws(FormatError) -> Double {
      guard let value = rule[key]?.double else {
        throw FormatError(.malformed, path, "the rope scaling '\(kind)' lacks '\(key)'")
      }
      return value
    }
    switch kind {
    case "default": return (theta, .none)
    case "linear": return (theta, .linear(factor: try number("factor")))
    case "llama3":
      return (
        theta,
        .llama3(
          factor: try number("factor"), lowFrequency: try number("low_freq_factor"),
          highFrequency: try number("high_freq_factor"),
          originalLength: Int(try number("original_max_position_embeddings")))
      )
    default:
      throw FormatError(
        .unsupported, path, "the rope type '\(kind)' is not supported; default, linear, llama3 are")
    }
  }

  func refuseWhatChangesTheEquations() throws(FormatError) {
    if let act = members["hidden_act"]?.string, act != "silu" {
      throw FormatError(.unsupported, path, "hidden_act is '\(act)'; only silu is supported")
    }
    let partial = members["rope_parameters"]?["partial_rotary_factor"]
    if let share = (partial ?? members["partial_rotary_factor"])?.double, share != 1 {
      throw FormatError(
        .unsupported, path, "partial_rotary_factor is \(share); only 1 is supported")
    }
    if members["use_sliding_window"] == true {
      throw FormatError(.unsupported, path, "use_sliding_window is true; it is not supported")
    }
    if let types = members["layer_types"]?.array, types.contains(where: { $0 != "full_attention" })
    {
      throw FormatError(
        .unsupported, path, "layer_types holds other layers than full_attention; not supported")
    }
  }

  static func tokens(_ value: JSONValue?) -> [Int] {
    if let one = value?.int { return [one] }
    return value?.array?.compactMap(\.int) ?? []
  }
}
