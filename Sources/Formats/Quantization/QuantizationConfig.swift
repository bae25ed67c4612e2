import JSON
import Tensors

extension Quantization {
  /// Reads config.json's `quantization_config`; `path` is what errors name. bitsandbytes' NF4 and int8
  /// are understood, everything else is refused by its name.
  init(config: JSONValue, path: String) throws(FormatError) {
    func refuse(_ what: String, _ instead: String) -> FormatError {
      FormatError(.unsupported, path, "quantization_config: \(what); \(instead)")
    }
    let in4Bit = config["load_in_4bit"] == true, in8Bit = config["load_in_8bit"] == true
    // transformers before 4.32 wrote no method.
    let method = config["quant_method"]?.string ?? (in4Bit || in8Bit ? "bitsandbytes" : "none")
    guard method == "bitsandbytes" else {
      throw refuse("quant_method '\(method)' is not supported", "only bitsandbytes is")
    }
    guard in4Bit != in8Bit else {
      throw FormatError(
        .malformed, path,
        "quantization_config: exactly one of load_in_4bit and load_in_8bit must be true")
    }
    guard in4Bit else {
      self = .int8
      return
    }
    let type = config["bnb_4bit_quant_type"]?.string ?? "fp4"
    guard type == "nf4" else {
      throw refuse("bnb_4bit_quant_type '\(type)' is not supported", "only nf4 is")
    }
    let storage = config["bnb_4bit_quant_storage"]?.string ?? "uint8"
    guard storage == "uint8" else {
      throw refuse("bnb_4bit_quant_storage '\(storage)' is not supported", "only uint8 is")
    }
    self = .nf4(double: config["bnb_4bit_use_double_quant"] == true)
  }

  /// `quantization_config` as transformers 5 writes it.
  var config: JSONValue {
    let is8Bit = self == .int8
    return [
      "_load_in_4bit": .bool(!is8Bit), "_load_in_8bit": .bool(is8Bit),
      "bnb_4bit_compute_dtype": "float32", "bnb_4bit_quant_storage": "uint8",
      "bnb_4bit_quant_type": is8Bit ? "fp4" : "nf4",
      "bnb_4bit_use_double_quant": .bool(self == .nf4(double: true)),
      "llm_int8_enable_fp32_cpu_offload": false, "llm_int8_has_fp16_weight": false,
      "llm_int8_skip_modules": nil, "llm_int8_threshold": 6.0, "load_in_4bit": .bool(!is8Bit),
      "load_in_8bit": .bool(is8Bit), "quant_method": "bitsandbytes",
    ]
  }
}
