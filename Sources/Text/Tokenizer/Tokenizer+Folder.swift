import FoundationEssentials
import JSON

extension Tokenizer {
  /// The files of a model's folder that `init(folder:)` reads.
  public static let files = ["tokenizer.json"] + TokenizerCompanions.files

  /// Reads `tokenizer.json`, and what stands beside it, from a model's folder.
  public convenience init(folder: String) throws(TokenizerError) {
    let name = folder + "/tokenizer.json"
    guard FileManager.default.fileExists(atPath: name) else {
      throw TokenizerError(file: name, message: Self.absence(folder))
    }
    let json = try Self.read(name) { bytes throws(JSONError) in
      try JSONValue(parsing: bytes, listingPairsAt: ["model", "vocab"])
    }
    try self.init(
      json: json, name: name, companions: try TokenizerCompanions(folder: folder))
  }

  static func read(
    _ name: String,
    _ parse: ([UInt8]) throws(JSONError) -> JSONValue = { bytes throws(JSONError) in
      try JSONValue(parsing: bytes)
    }
  ) throws(TokenizerError) -> JSONValue {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: name)) } catch {
      throw TokenizerError(file: name, message: "cannot be read; is this a model's folder?")
    }
    do throws(JSONError) { return try parse(Array(data)) } catch {
      throw TokenizerError(file: name, message: "not JSON: \(error)")
    }
  }

  /// Why there is no `tokenizer.json`, as far as the folder tells.
  private static func absence(_ folder: String) -> String {
    let others = ["tokenizer.model", "tekken.json", "tiktoken.model", "vocab.json", "spiece.model"]
    let other = others.first { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
    guard let other else { return "cannot be read; is this a model's folder?" }
    return "is not there, and \(other) alone is not read; let transformers write the file: python3 "
      + "-c 'from transformers import AutoTokenizer as T; T.from_pretrained(\"\(folder)\")"
      + ".save_pretrained(\"\(folder)\")'"
  }
}
