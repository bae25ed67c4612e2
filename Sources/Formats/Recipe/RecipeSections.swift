import Tensors

/// `quantization_config`, as bitsandbytes' keys are known from transformers.
public struct QuantizationRecipe: Sendable, Hashable {
  /// 4-bit code books.
  public enum QuantType: String, Sendable, CaseIterable { case nf4 }

  /// At most one of the two may be true.
  public var loadsIn4Bit = false, loadsIn8Bit = false
  /// The code book of 4-bit weights.
  public var quantType = QuantType.nf4
  /// Whether the scales of 4-bit weights are quantized too.
  public var usesDoubleQuant = true

  /// Whether anything is quantized at all.
  public var isOn: Bool { kind != nil }

  /// What the keys together ask for; nil for nothing.
  public var kind: Quantization? {
    loadsIn4Bit ? .nf4(double: usesDoubleQuant) : loadsIn8Bit ? .int8 : nil
  }

  init() {}
}

extension QuantizationRecipe.QuantType: RecipeChoice {}
extension QuantizationRecipe: RecipeSection {
  static let keys: [RecipeKey<QuantizationRecipe>] = [
    RecipeKey("load_in_4bit", \.loadsIn4Bit, "store the frozen weights in 4 bits"),
    RecipeKey("load_in_8bit", \.loadsIn8Bit, "store the frozen weights in 8 bits"),
    RecipeKey("bnb_4bit_quant_type", \.quantType, "the code book of 4-bit weights"),
    RecipeKey(
      "bnb_4bit_use_double_quant", \.usesDoubleQuant, "quantize the scales of 4-bit weights too"),
  ]
}

/// `generation`: how answers are decoded.
public struct GenerationRecipe: Sendable, Hashable {
  /// The longest answer, in tokens.
  public var maximumNewTokens = 256
  /// False takes the likeliest token each time.
  public var samples = false
  /// Divides the scores; keeps the k likeliest (0: all), and the likeliest that together reach p.
  public var temperature = 1.0, topK = 0, topP = 1.0
  /// What the scores of tokens that stand in the text already are divided by.
  public var repetitionPenalty = 1.0

  init() {}
}

extension GenerationRecipe: RecipeSection {
  static let keys: [RecipeKey<GenerationRecipe>] = [
    RecipeKey("max_new_tokens", \.maximumNewTokens, "the longest answer, in tokens", .positive),
    RecipeKey("do_sample", \.samples, "false takes the likeliest token each time"),
    RecipeKey("temperature", \.temperature, "divides the scores when sampling", .positive),
    RecipeKey("top_k", \.topK, "sample from the k likeliest tokens; 0: from all", .notNegative),
    RecipeKey(
      "top_p", \.topP, "sample from the likeliest tokens that together reach p", .positiveShare),
    RecipeKey(
      "repetition_penalty", \.repetitionPenalty, "lowers tokens that stand in the text already",
      .positive),
  ]
}

/// `evaluation`: how answers are judged.
public struct EvaluationRecipe: Sendable, Hashable {
  /// Rows judged at each evaluation of a training run; nil: all.
  public var maximumSamples: Int?
  /// Whether answers are generated for the task's metrics, beside the loss.
  public var generates = true

  init() {}
}

extension EvaluationRecipe: RecipeSection {
  static let keys: [RecipeKey<EvaluationRecipe>] = [
    RecipeKey(
      "max_samples", \.maximumSamples,
      "rows judged at each evaluation, the same ones each time; null: all", .positive),
    RecipeKey(
      "predict_with_generate", \.generates,
      "generate answers for the task's metrics; else loss only, and how likely the answers of "
        + "preference pairs and of rows with labels are"
    ),
  ]
}
