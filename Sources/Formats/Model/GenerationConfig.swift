import JSON

/// What generation_config.json advises; every part may be absent.
public struct GenerationConfig: Sendable, Hashable {
  /// Tokens that end an answer.
  public var endTokens: [Int] = []
  /// Whether to sample, and how.
  public var samples: Bool?, temperature: Double?, topK: Int?, topP: Double?
  /// What the scores of tokens that stand in the text already are divided by.
  public var repetitionPenalty: Double?

  /// Reads a folder's generation_config.json; empty where there is none.
  public init(folder: String) throws(FormatError) {
    let path = folder + "/generation_config.json"
    guard FileSystem.exists(path) else { return }
    let json = try JSONValue(readingFile: path)
    endTokens = ConfigReader.tokens(json["eos_token_id"])
    samples = json["do_sample"]?.bool
    temperature = json["temperature"]?.double
    topK = json["top_k"]?.int
    topP = json["top_p"]?.double
    repetitionPenalty = json["repetition_penalty"]?.double
  }
}
