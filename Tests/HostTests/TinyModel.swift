import Formats
import Foundation
import JSON
import Tensors
import Testing

/// A random Qwen3 of one small block with the tokenizer of nano-qwen3.
enum TinyModel {
  static let vocabulary = 2050, hidden = 16, inner = 24, heads = 2, keyHeads = 1, width = 8

  /// Writes the model into a folder of `scratch` and returns its path. `dropping` leaves a tensor
  /// out; `architecture` is what config.json says.
  static func make(
    in scratch: Scratch, dropping: String? = nil, architecture: String = "Qwen3ForCausalLM"
  ) throws -> String {
    let folder = scratch.url("model"), manager = FileManager.default
    try manager.createDirectory(at: folder, withIntermediateDirectories: true)
    let source = HostProgram.package.appending(path: "tasks/models/nano-qwen3")
    for name in ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"] {
      let file = source.appending(path: name)
      guard manager.fileExists(atPath: file.path) else { continue }
      try manager.copyItem(at: file, to: folder.appending(path: name))
    }
    let config: JSONValue = [
      "architectures": [.string(architecture)], "model_type": "qwen3",
      "hidden_size": .int(hidden), "intermediate_size": .int(inner), "num_hidden_layers": 1,
      "num_attention_heads": .int(heads), "num_key_value_heads": .int(keyHeads),
      "head_dim": .int(width), "vocab_size": .int(vocabulary), "rms_norm_eps": 1e-6,
      "rope_theta": 10000.0, "max_position_embeddings": 512, "tie_word_embeddings": true,
      "hidden_act": "silu", "eos_token_id": 0,
    ]
    try Data(config.text(.pretty).utf8).write(to: folder.appending(path: "config.json"))
    try SafeTensorsWriter.write(
      tensors.filter { $0.name != dropping },
      to: folder.appending(path: "model.safetensors").path)
    return folder.path
  }

  /// Writes twelve rows of `instruct` and twelve of `preference` into rows.jsonl and pairs.jsonl.
  static func writeRows(in scratch: Scratch) throws {
    let rows = (0..<12).map {
      #"{"messages": [{"role": "user", "content": "how much is \#($0)?"}, "#
        + #"{"role": "assistant", "content": "it is \#($0)"}]}"#
    }
    try scratch.write(rows.joined(separator: "\n") + "\n", to: "rows.jsonl")
    let pairs = (0..<12).map {
      #"{"prompt": "how much is \#($0)?", "chosen": "it is \#($0)", "rejected": "no idea"}"#
    }
    try scratch.write(pairs.joined(separator: "\n") + "\n", to: "pairs.jsonl")
  }

  /// What `host inspect logits` says of three tokens.
  static func logits(
    of model: String, _ more: [String] = [], in scratch: Scratch
  ) throws -> [Float] {
    let path = scratch.path(UUID().uuidString)
    let outcome = try HostProgram.run(
      ["inspect", "logits", "--model", model, "--ids", "5,6,7", "--out", path] + more)
    try #require(outcome.code == 0, "\(outcome.errors)")
    return try SafeTensorsFile(path: path).floats("logits")
  }

  /// Changes tokenizer_config.json of a model.
  static func configureTokenizer(in model: String, _ change: (JSONValue) -> JSONValue) throws {
    try self.change("tokenizer_config.json", of: model, change)
  }

  /// Changes tokenizer.json of a model.
  static func changeTokenizer(in model: String, _ change: (JSONValue) -> JSONValue) throws {
    try self.change("tokenizer.json", of: model, change)
  }

  private static func change(
    _ file: String, of model: String, _ change: (JSONValue) -> JSONValue
  ) throws {
    let url = URL(filePath: model).appending(path: file)
    let json = try JSONValue(parsing: Array(Data(contentsOf: url)))
    try Data(change(json).text().utf8).write(to: url)
  }

  /// Adds a token to an object of ids in tokenizer_config.json and returns its id, the first that is
  /// free.
  static func addToken(_ key: String, _ token: JSONValue, in model: String) throws -> Int {
    let url = URL(filePath: model).appending(path: "tokenizer.json")
    let json = try JSONValue(parsing: Array(Data(contentsOf: url)))
    let ids =
      (json["model"]?["vocab"]?.object?.values.compactMap(\.int) ?? [])
      + (json["added_tokens"]?.array ?? []).compactMap { $0["id"]?.int }
    let id = (ids.max() ?? -1) + 1
    try configureTokenizer(in: model) {
      $0.setting(key, .object(["\(id)": token]))
    }
    return id
  }

  private static var tensors: [TensorSource] {
    let layer = "model.layers.0."
    let matrices: [(String, Int, Int)] = [
      ("model.embed_tokens", vocabulary, hidden),
      (layer + "self_attn.q_proj", heads * width, hidden),
      (layer + "self_attn.k_proj", keyHeads * width, hidden),
      (layer + "self_attn.v_proj", keyHeads * width, hidden),
      (layer + "self_attn.o_proj", hidden, heads * width),
      (layer + "mlp.gate_proj", inner, hidden), (layer + "mlp.up_proj", inner, hidden),
      (layer + "mlp.down_proj", hidden, inner),
    ]
    let norms = [
      (layer + "input_layernorm", hidden), (layer + "post_attention_layernorm", hidden),
      (layer + "self_attn.q_norm", width), (layer + "self_attn.k_norm", width),
      ("model.norm", hidden),
    ]
    return matrices.map { name, rows, columns in
      let random = Random(seed: 7, stream: Random.stream(name))
      let values = (0..<rows * columns).map { Float(random.uniform($0) - 0.5) * 0.4 }
      return TensorSource(name: name + ".weight", shape: [rows, columns], values: values)
    }
      + norms.map { name, count in
        TensorSource(
          name: name + ".weight", shape: [count], values: Array(repeating: 1, count: count))
      }
  }
}
