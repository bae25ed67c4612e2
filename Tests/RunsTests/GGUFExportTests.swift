import Formats
import Foundation
import JSON
import Models
import Runs
import Tensors
import Testing

/// Models as GGUF files, read again.
@Suite struct GGUFExportTests {
  private static let goldens = MergeTests.goldens

  private func export(
    _ base: String, _ type: GGUFFileType, adapters: [String] = [], in scratch: String
  ) throws -> (path: String, drift: Drift) {
    let model = try MergeTestModel.make(Self.goldens + "/models/" + base, in: scratch, .f32)
    let path = scratch + "/model.gguf"
    let outcome = try GGUFExport(
      model: model, adapters: adapters, type: type, tell: RunObserver { _ in }
    ).write(to: path)
    return (path, outcome.drift)
  }

  @Test func theFileIsGGUFPys() throws {
    try withFolder { scratch in
      let (path, drift) = try export("llama", .f32, in: scratch)
      #expect(drift.maximum == 0)
      let ours = try GGUFFile(path: path)
      let theirs = try GGUFFile(path: Self.goldens + "/gguf/llama.gguf")
      #expect(Set(ours.entries.keys) == Set(theirs.entries.keys))
      for (name, entry) in theirs.entries {
        let own = try ours.entry(name)
        #expect(own.shape == entry.shape && own.type == entry.type)
        let same = ours.file.withBytes(own.bytes) { mine in
          theirs.file.withBytes(entry.bytes) { mine.elementsEqual($0) }
        }
        #expect(same, "\(name)")
      }
      for (key, value) in theirs.metadata
      where !key.hasPrefix("tokenizer.") && key != "general.name" && !key.hasPrefix("general.size")
      {
        #expect(ours.metadata[key] == value, "\(key)")
      }
    }
  }

  @Test(arguments: ["llama", "qwen2", "qwen3"], GGUFFileType.allCases)
  func everyFamilyIsReadAgainInEveryType(base: String, type: GGUFFileType) throws {
    try withFolder { scratch in
      let (path, drift) = try export(base, type, in: scratch)
      if type == .f32 { #expect(drift.maximum == 0) }
      #expect(drift.mean <= type.tolerance * drift.magnitude)
      let file = try GGUFFile(path: path)
      #expect(file.metadata["general.architecture"] == .string(base))
      #expect(file.metadata["general.quantization_version"] == .uint32(2))
    }
  }

  @Test(arguments: [
    ("pattern", "qwen2"), ("embedding_of_a_tied_head", "llama"), ("head", "qwen2"),
  ])
  func adaptersAreInTheNumbers(name: String, base: String) throws {
    try withFolder { scratch in
      let (path, drift) = try export(
        base, .f32, adapters: [Self.goldens + "/adapters/" + name], in: scratch)
      #expect(drift.maximum <= 1e-5 * drift.largest)
      let tied = try ModelConfig(folder: Self.goldens + "/models/" + base).tiesWordEmbeddings
      let unties = name == "embedding_of_a_tied_head"
      #expect((try GGUFFile(path: path).entries["output.weight"] == nil) == (tied && !unties))
    }
  }

  @Test(arguments: [
    (135_000_000, "135M"), (1_543_714_304, "1.5B"), (612_000, "612K"), (7_615_616_512, "7.6B"),
  ])
  func sizesAreNamedAsByTheConverter(count: Int, label: String) throws {
    #expect(GGUFModelKeys.sizeLabel(count) == label)
  }

  private func export(_ adapter: String, for reader: AdapterExport.Reader, in scratch: String)
    throws
  {
    let base = String(adapter.split(separator: "_").last ?? "")
    let model = try MergeTestModel.make(Self.goldens + "/models/" + base, in: scratch, .f32)
    _ = try AdapterExport(
      for: reader, adapter: Self.goldens + "/peft_methods/\(adapter)/start", model: model,
      output: scratch + "/out", tell: RunObserver { _ in }
    ).write()
  }

  /// Read again, a baked adapter must say the same, or it is not kept.
  @Test(arguments: ["adalora_qwen2", "adalora_llama", "rslora_patterns_qwen2", "orthogonal_qwen3"])
  func productsLeaveAsLoRAOfOneRank(adapter: String) throws {
    try withFolder { scratch in
      try export(adapter, for: .vllm, in: scratch)
      let config = try JSONValue(readingFile: scratch + "/out/adapter_config.json")
      #expect(config["peft_type"] == "LORA" && config["r"] == config["lora_alpha"])
    }
    try withFolder { scratch in
      try export(adapter, for: .llamaCpp, in: scratch)
      #expect(try !GGUFFile(path: scratch + "/out/adapter.gguf").entries.isEmpty)
    }
  }

  @Test(
    arguments: ["dora_qwen2", "ia3_qwen3", "bias_all_qwen2", "whole_head_qwen2", "tokens_qwen2"],
    [AdapterExport.Reader.vllm, .llamaCpp])
  func whatIsNoProductIsToBeMerged(adapter: String, reader: AdapterExport.Reader) throws {
    try withFolder { scratch in
      let fault = #expect(throws: FormatError.self) {
        try export(adapter, for: reader, in: scratch)
      }
      #expect(fault?.message.contains("host merge") == true, "\(fault?.message ?? "")")
      #expect(!FileSystem.exists(scratch + "/out"))
    }
  }

  @Test(arguments: [
    "dora_llama", "ia3_qwen2", "adalora_qwen3", "bias_all_qwen2", "whole_norms_qwen3",
  ])
  func everyMethodIsInTheNumbers(adapter: String) throws {
    try withFolder { scratch in
      let base = String(adapter.split(separator: "_").last ?? "")
      let (_, drift) = try export(
        base, .f32, adapters: [Self.goldens + "/peft_methods/\(adapter)/start"], in: scratch)
      #expect(drift.maximum <= 1e-5 * drift.largest)
    }
  }
}
