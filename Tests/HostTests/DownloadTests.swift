import Foundation
import JSON
import Testing

/// `host download` and a model of the Hub's as `train` names it, where nobody can be reached.
@Suite struct DownloadTests {
  private let scratch: Scratch
  private let commit = String(repeating: "cd", count: 20)
  /// A port that nobody listens at.
  private var environment: [String: String] {
    ["HF_HOME": scratch.path("hf"), "HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": "hf_x"]
  }
  private var repository: String { "hf/hub/models--org--tiny" }

  init() throws { scratch = try Scratch() }

  /// A small model in the cache, as its main branch has it.
  private func cache(without missing: String? = nil) throws {
    let snapshot = scratch.url("\(repository)/snapshots/\(commit)")
    try FileManager.default.createDirectory(
      at: snapshot.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.moveItem(
      atPath: try TinyModel.make(in: scratch), toPath: snapshot.path)
    try FileManager.default.createDirectory(
      at: scratch.url("\(repository)/refs"), withIntermediateDirectories: true)
    try scratch.write(commit, to: "\(repository)/refs/main")
    guard let missing else { return }
    try scratch.write(
      #"{"weight_map": {"a": "model.safetensors", "b": "\#(missing)"}}"#,
      to: "\(repository)/snapshots/\(commit)/model.safetensors.index.json")
  }

  private func host(_ arguments: String...) throws -> HostProgram.Outcome {
    try HostProgram.run(arguments, environment: environment)
  }

  private func train(_ more: String...) throws -> HostProgram.Outcome {
    let row =
      #"{"messages": [{"role": "user", "content": "how?"}, "#
      + #"{"role": "assistant", "content": "fine"}]}"#
    let data = try scratch.write(row + "\n", to: "rows.jsonl")
    return try HostProgram.run(
      [
        "train", "--task", "instruct", "--model", "org/tiny", "--output-dir", scratch.path("out"),
        "--set", "data.train=\(data)", "--max-steps", "1",
        "--set", "evaluation.predict_with_generate=false",
      ] + more, environment: environment)
  }

  @Test func aTokenIsNoArgument() throws {
    let outcome = try host("download", "org/tiny", "--token", "hf_secret")
    #expect(outcome.code == 64 && outcome.errors.contains("put it into HF_TOKEN"))
    #expect(!outcome.errors.contains("hf_secret"))
  }

  @Test func whereNobodyMayBeAskedTheCacheIs() throws {
    let missing = try host("download", "org/tiny", "--offline")
    #expect(missing.code == 65 && missing.errors.contains("is not in the cache ("))
    #expect(missing.errors.contains(scratch.path(repository)), "\(missing.errors)")
    try cache()
    let found = try host("download", "org/tiny", "--offline")
    #expect(found.code == 0, "\(found.errors)")
    #expect(found.output == scratch.path("\(repository)/snapshots/\(commit)") + "\n")
  }

  @Test func aModelThatIsNotHereIsFetchedOnlyWhereSomebodySeesIt() throws {
    let outcome = try train()
    #expect(outcome.code == 65, "\(outcome.errors)")
    #expect(outcome.errors.contains("give --download to have it fetched"), "\(outcome.errors)")
    #expect(outcome.errors.contains("`host download org/tiny` first"), "\(outcome.errors)")
  }

  @Test func whatARunWasTrainedOnIsPinned() throws {
    try cache()
    let outcome = try train()
    #expect(outcome.code == 0, "\(outcome.errors)")
    let receipt = try JSONValue(
      parsing: String(contentsOf: scratch.url("out/run.json"), encoding: .utf8))
    #expect(
      receipt["base"]?["hub"] == [
        "endpoint": "http://127.0.0.1:9", "repository": "org/tiny", "revision": "main",
        "commit": .string(commit),
      ])
    #expect(receipt["base"]?["files"]?["model.safetensors"]?["sha256"]?.string?.count == 64)
    let again = try train("--resume", "--set", "model_revision=\(commit)")
    #expect(again.code == 0, "\(again.errors)")
    let other = try train("--overwrite", "--set", "model_revision=v2")
    #expect(other.code == 65 && other.errors.contains("--revision v2"), "\(other.errors)")
  }

  @Test func halfAModelIsNotTrained() throws {
    try cache(without: "model-2.safetensors")
    let outcome = try train()
    #expect(outcome.code == 65, "\(outcome.errors)")
    #expect(outcome.errors.contains("model-2.safetensors is missing"), "\(outcome.errors)")
    #expect(outcome.errors.contains("`host download org/tiny --revision \(commit)`"))
  }

  @Test func aRevisionOfAFolderIsRefused() throws {
    let model = try TinyModel.make(in: scratch)
    let outcome = try train("--model", model, "--set", "model_revision=v2")
    #expect(outcome.code == 65 || outcome.code == 64)
    #expect(outcome.errors.contains("model_revision is of a model of the Hub's"))
  }
}
