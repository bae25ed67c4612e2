import ArgumentParser
import Formats
import Generation
import Models
import Text

/// How answers are decoded.
struct SamplingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The longest answer.", valueName: "tokens")) var maxNewTokens = 256
  @Option(
    help: ArgumentHelp(
      "Divides the scores; 0 takes the likeliest token. Without it 0, or 1 when --top-k, "
        + "--top-p or --min-p ask for sampling.", valueName: "number"))
  var temperature: Double?
  @Option(help: ArgumentHelp("Sample from the k likeliest tokens.", valueName: "k")) var topK: Int?
  @Option(
    help: ArgumentHelp("Sample from the likeliest tokens that reach p together.", valueName: "p"))
  var topP: Double?
  @Option(
    help: ArgumentHelp(
      "Sample from tokens with at least this share of the likeliest one's probability.",
      valueName: "share"))
  var minP: Double?
  @Option(
    help: ArgumentHelp("Lowers tokens that stand in the text already.", valueName: "factor"))
  var repetitionPenalty = 1.0
  @Option(help: ArgumentHelp("Decides what is sampled.", valueName: "number"))
  var seed: UInt64 = 42

  /// The sampler that these settings describe.
  func sampler() throws(GenerationError) -> Sampler {
    let isSampled = topK != nil || topP != nil || minP != nil
    return try Sampler(
      temperature: temperature ?? (isSampled ? 1 : 0), topK: topK, topP: topP ?? 1,
      minP: minP ?? 0, repetitionPenalty: repetitionPenalty, seed: seed)
  }

  /// A generator that stops at `stopTokens`.
  func generator(
    _ model: CausalLanguageModel, _ tokenizer: Tokenizer, stopTokens: Set<Int32>
  ) throws -> Generator {
    try Generator(
      model: model, vocabulary: tokenizer.count,
      stopTokens: stopTokens, maximumNewTokens: maxNewTokens, sampler: sampler())
  }
}
