import Formats
import Foundation
import JSON
import Runs
import Tensors
import Testing

/// Merging, against peft: `Tests/Goldens/merge`.
@Suite struct MergeTests {
  static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Goldens").path
  static let golden = try? JSONValue(readingFile: goldens + "/merge/golden.json")
  static let cases = (golden?.object ?? [:]).keys.sorted()

  @Test func everyCaseIsThere() { #expect(Self.cases.count == 24) }

  @Test(arguments: cases, ElementType.allCases)
  func weightsArePEFTs(name: String, type: ElementType) throws {
    let golden = try #require(Self.golden?[name])
    let base = try #require(golden["base"]?.string)
    let adapter = try #require(golden["adapter"]?.string)
    let expected = try #require(golden[type.rawValue.lowercased()]?.object)
    try withFolder { scratch in
      let model = try MergeTestModel.make(Self.goldens + "/models/" + base, in: scratch, type)
      let output = scratch + "/merged"
      let request = MergeRequest(
        model: model, adapters: [(Self.goldens + "/merge/" + adapter, 1)], output: output)
      // Adapters of the goldens are random, so that rounding loses next to nothing of them.
      let outcome = try MergeRun(request, tell: RunObserver { _ in }).write()
      let folder = try SafeTensorsFolder(path: output)
      #expect(Set(folder.names) == Set(expected.keys))
      for (tensor, hash) in expected {
        let (file, entry) = try folder.entry(tensor)
        #expect(entry.type == type.scalar)
        let digest = file.withBytes(entry.bytes) { FileDigest(of: $0).sha256 }
        #expect(String(digest.prefix(16)) == hash.string, "\(tensor)")
      }
      let ties = try ModelConfig(folder: output).tiesWordEmbeddings
      #expect(ties == (expected["lm_head.weight"] == nil))
      #expect(outcome.drift.places >= 32)
      if type == .f32 { #expect(outcome.drift.maximum <= 1e-5 * outcome.drift.largest) }
    }
  }

  /// Methods that PEFT rounds otherwise when it merges: against the adapter on its base.
  @Test(arguments: [
    "dora_llama", "dora_qwen2", "dora_qwen3", "dora_rslora_bias_qwen2", "adalora_llama",
    "adalora_qwen2", "adalora_qwen3", "embedding_qwen2", "embedding_llama", "head_qwen2",
    "tokens_llama",
  ])
  func everyMethodMerges(name: String) throws {
    try withFolder { scratch in
      let base = String(name.split(separator: "_").last ?? "")
      let model = try MergeTestModel.make(Self.goldens + "/models/" + base, in: scratch, .f32)
      let request = MergeRequest(
        model: model, adapters: [(Self.goldens + "/peft_methods/\(name)/start", 1)],
        output: scratch + "/merged")
      let outcome = try MergeRun(request, tell: RunObserver { _ in }).write()
      #expect(outcome.drift.maximum <= 1e-5 * outcome.drift.largest && outcome.changed > 0)
      #expect(outcome.unties == (name == "embedding_llama"))
    }
  }

  @Test func aBiasWithoutAPlaceIsRefused() throws {
    try withFolder { scratch in
      let model = try MergeTestModel.make(Self.goldens + "/models/qwen2", in: scratch, .f32)
      let request = MergeRequest(
        model: model, adapters: [(Self.goldens + "/peft_methods/lora_bias_qwen2/start", 1)],
        output: scratch + "/merged")
      let fault = #expect(throws: FormatError.self) {
        try MergeRun(request, tell: RunObserver { _ in }).write()
      }
      #expect(fault?.message.contains("no bias in the base") == true)
      #expect(!FileSystem.exists(scratch + "/merged"))
    }
  }

  /// Adapters that are put on one after the other, also those that add nothing but change otherwise.
  @Test(arguments: [
    ("dora_qwen2", "ia3_qwen2"), ("bias_all_qwen2", "adalora_qwen2"),
    ("ia3_qwen3", "whole_norms_qwen3"),
  ])
  func severalMethodsAreStacked(first: String, second: String) throws {
    try withFolder { scratch in
      let base = String(first.suffix(5))
      let model = try MergeTestModel.make(Self.goldens + "/models/" + base, in: scratch, .f32)
      let folders = [first, second].map { Self.goldens + "/peft_methods/\($0)/start" }
      let (both, one, two) = (scratch + "/both", scratch + "/one", scratch + "/two")
      func merge(_ model: String, _ adapters: [String], _ output: String) throws -> Drift {
        let request = MergeRequest(model: model, adapters: adapters.map { ($0, 1) }, output: output)
        return try MergeRun(request, tell: RunObserver { _ in }).write().drift
      }
      #expect(try merge(model, folders, both).places > 0)
      _ = try merge(model, [folders[0]], one)
      _ = try merge(one, [folders[1]], two)
      let (together, apart) = (try SafeTensorsFolder(path: both), try SafeTensorsFolder(path: two))
      #expect(together.names == apart.names)
      for name in apart.names {
        #expect(try together.floats(name) == apart.floats(name), "\(name)")
      }
      let half = MergeRequest(
        model: model, adapters: [(folders[0], 0.5)], output: scratch + "/half")
      let fault = #expect(throws: FormatError.self) {
        try MergeRun(half, tell: RunObserver { _ in })
      }
      #expect(fault?.message.contains("use a weight of 1") == true)
    }
  }

  @Test func shardsAndTheirListAreWritten() throws {
    try withFolder { scratch in
      let sources = (0..<5).map {
        TensorSource(name: "t\($0)", shape: [10], values: .init(repeating: 1, count: 10))
      }
      try DurableFolder.write(to: scratch + "/shards") { folder throws(FormatError) in
        try Shards.write(sources, into: folder, limit: 80)
      }
      let folder = try SafeTensorsFolder(path: scratch + "/shards")
      #expect(folder.files.count == 3 && folder.names.count == 5)
      let index = try JSONValue(readingFile: scratch + "/shards/model.safetensors.index.json")
      #expect(index["metadata"]?["total_size"] == 200)
      #expect(index["metadata"]?["total_parameters"] == 50)
      #expect(index["weight_map"]?["t4"] == "model-00003-of-00003.safetensors")
    }
  }

  @Test(arguments: [
    (#"{"temperature": 0.9, "eos_token_id": 1}"#, #"do_sample": true"#, true),
    (#"{"temperature": 0.9, "do_sample": false}"#, "temperature", false),
    (#"{"temperature": 1.0, "top_p": 1}"#, "do_sample", false),
    (#"{"max_new_tokens": 9}"#, "do_sample", false),
    (#"{"eos_token_id": 2}"#, #""eos_token_id": [\#n    2,\#n    7\#n  ]"#, true),
  ])
  func adviceOnSamplingIsMadeSuchThatItCanBeSaved(text: String, part: String, isThere: Bool) throws
  {
    try withFolder { scratch in
      try Data(text.utf8).write(to: URL(filePath: scratch + "/generation_config.json"))
      let config = try ModelConfig(folder: Self.goldens + "/models/llama")
      let (repaired, _) = try GenerationConfig.repaired(in: scratch, stops: [7], config: config)
      #expect(try #require(repaired).contains(part) == isThere, "\(repaired ?? "")")
    }
  }
}

/// A folder that is removed with the call.
func withFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "host-" + UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder.path)
}

/// A model of the goldens in another type, with a tokenizer beside it.
enum MergeTestModel {
  static func make(_ source: String, in scratch: String, _ type: ElementType) throws -> String {
    let path = scratch + "/base", manager = FileManager.default
    try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    let config = try JSONValue(readingFile: source + "/config.json")
    try Data(config.text().utf8).write(to: URL(filePath: path + "/config.json"))
    let folder = try SafeTensorsFolder(path: source)
    let sources = try folder.names.map { name in
      let entry = try folder.entry(name).entry, values = try folder.floats(name)
      return TensorSource(
        name: name, shape: entry.shape,
        rounding: { Tensor(rows: 1, columns: values.count, values: values) }, to: type)
    }
    try SafeTensorsWriter.write(sources, to: path + "/model.safetensors")
    try Data(tokenizer.utf8).write(to: URL(filePath: path + "/tokenizer.json"))
    return path
  }

  /// Bytes as tokens 0 to 255, as far as the models' vocabularies go: those of ASCII.
  private static var tokenizer: String {
    let letters = (33...126).map { String(UnicodeScalar($0)!) } + ["Ġ"]
    let vocabulary = JSONValue.object(
      .init(uniqueKeysWithValues: letters.enumerated().map { ($1, JSONValue.int($0)) }))
    let json: JSONValue = [
      "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": [], "normalizer": nil,
      "pre_tokenizer": [
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true,
      ],
      "post_processor": nil,
      "decoder": [
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true,
      ],
      "model": [
        "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
        "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false,
        "ignore_merges": false, "vocab": vocabulary, "merges": [],
      ],
    ]
    return json.text()
  }
}
