import Formats
import FoundationEssentials
import Generation
import Models
import Tensors
import Testing

/// The folder of goldens, beside the tests.
let goldens = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "Goldens").path

func decoded<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
  try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: goldens + "/" + path)))
}

/// A tiny model and what transformers computed with it.
struct GoldenModel: CustomTestStringConvertible {
  struct Numbers: Decodable {
    let greedy_prompt: [Int32], greedy: [Int32]
  }
  static let names = ["llama", "qwen2", "qwen3"]

  let name: String
  var testDescription: String { name }

  func model() throws -> CausalLanguageModel {
    try CausalLanguageModel(folder: goldens + "/models/" + name)
  }

  func numbers() throws -> Numbers { try decoded("models/\(name)/golden.json") }

  /// The logits of each row of a text, from one pass without caches.
  static func logits(_ model: CausalLanguageModel, _ ids: [Int32]) -> Tensor {
    Recording.off { model.logits(model.hidden(ids, Segments(lengths: [ids.count]))) }
  }
}

/// Prompts of many lengths, in 3..<160.
func prompts(_ lengths: [Int], seed: UInt64 = 3) -> [Prompt] {
  lengths.enumerated().map { index, length in
    let random = Random(seed: seed, stream: UInt64(index))
    return Prompt(
      ids: (0..<length).map { Int32(3 + random.bits($0) % 157) }, label: "row \(index)")
  }
}
