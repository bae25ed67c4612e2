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

  @Test func everyCaseIsThere() { #expect(Self.cases.count == 15) }

  @Test(arguments: cases, ElementType.allCases)
  func weightsArePEFTs(name: String, type: ElementType) throws {
    let golden = try #require(Self.golden?[name])
    let base = try #require(golden["base"]?.string)
    let expected = try #require(golden[type.rawValue.lowercased()]?.object)
    try withFolder { scratch in
      let model = try MergeTestModel.make(Self.goldens + "/models/" + base, in: scratch, type)
      let output = scratch + "/merged"
      let request = MergeRequest(
        model: model, adapters: [(Self.goldens + "/adapters/" + name, 1)], output: output)
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
