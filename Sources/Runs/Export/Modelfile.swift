import Formats
import JSON
import Tasks

/// What Ollama is told of a model beside its numbers: it runs no Jinja, and does not know when an answer
/// ends.
struct Modelfile {
  let text: String

  /// The file for the model in `model`, whose numbers lie in `file` beside it.
  init(from file: String, model: String, _ encoder: ConversationEncoder?) throws(FormatError) {
    guard let encoder else {
      throw FormatError(
        .unsupported, model,
        "has no chat template, without which Ollama would ask it bare texts; put its template there as "
          + "chat_template.jinja")
    }
    guard let template = RoleTemplate(encoder), let go = template.go else {
      throw FormatError(
        .unsupported, model,
        "has a chat template that does more than set texts around messages; write a Modelfile by hand "
          + "around the file of --format gguf")
    }
    var lines = ["FROM ./\(file)", "TEMPLATE \"\"\"\(go)\"\"\""]
    if let system = template.system, !system.isEmpty {
      lines.append("SYSTEM \"\"\"\(system)\"\"\"")
    }
    let tokenizer = encoder.tokenizer
    for stop in encoder.stopTokens.sorted().compactMap(tokenizer.token(of:)) {
      lines.append("PARAMETER stop \(JSONValue.string(stop).text())")
    }
    lines += try Self.sampling(model)
    text = lines.joined(separator: "\n") + "\n"
  }

  /// What generation_config.json advises.
  private static func sampling(_ model: String) throws(FormatError) -> [String] {
    let path = model + "/" + GenerationConfig.fileName
    guard FileSystem.exists(path) else { return [] }
    let advice = try JSONValue(readingFile: path)
    guard advice["do_sample"] != false else { return ["PARAMETER temperature 0"] }
    return [
      ("temperature", "temperature"), ("top_p", "top_p"), ("top_k", "top_k"),
      ("min_p", "min_p"), ("repeat_penalty", "repetition_penalty"),
    ].compactMap { name, key in
      guard let value = advice[key], value.double != nil else { return nil }
      return "PARAMETER \(name) \(value.text())"
    }
  }
}
