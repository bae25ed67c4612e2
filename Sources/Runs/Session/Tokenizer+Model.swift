import Formats
import JSON
import Text

extension Tokenizer {
  /// The tokenizer of the model in `folder`, whose embedding has `rows` rows.
  public convenience init(folder: String, rows: Int) throws {
    try self.init(folder: folder)
    try check(rows: rows, of: folder)
  }

  /// The tokenizer in `folder`; the embedding's rows are those of config.json, if there is one.
  public convenience init(modelFolder folder: String) throws {
    try self.init(folder: folder)
    guard FileSystem.exists(folder + "/config.json") else { return }
    let config = try JSONValue(readingFile: folder + "/config.json")
    if let rows = (config["vocab_size"] ?? config["text_config"]?["vocab_size"])?.int {
      try check(rows: rows, of: folder)
    }
  }

  private func check(rows: Int, of folder: String) throws(Diagnosis) {
    guard count > rows,
      let id = (Int32(clamping: rows)..<Int32(count)).first(where: { token(of: $0) != nil })
    else { return }
    throw Diagnosis(
      Diagnosis.data,
      "\(folder): the token \"\(token(of: id) ?? "")\" has the id \(id), but the model's embedding "
        + "has \(rows) rows; take the token out of the tokenizer's files, or give the model rows for "
        + "it (in transformers: resize_token_embeddings)")
  }
}
