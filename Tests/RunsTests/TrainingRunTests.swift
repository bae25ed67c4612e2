import Formats
import Foundation
import JSON
import PluginHost
import Ranks
import TestSupport
import Testing
import Training

@testable import Runs

/// The phases of a run, on the small model that comes with the program.
@Suite struct TrainingRunTests {
  private static let package = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()

  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "run-\(UUID().uuidString)").path

  /// What a run told, in words.
  private final class Told {
    var events: [String] = []

    func hear(_ event: RunEvent) {
      switch event {
      case .note(let text): events.append(text)
      case .working(let work, let done): if done == 0 { events.append("begin \(work.label)") }
      case .worked(let work): events.append("end \(work.label)")
      case .planned(let run): events.append("planned \(run.options.steps)")
      case .training(.step(let number, _, _, _, _, _, _, _)): events.append("step \(number)")
      case .training: break
      case .trained(.finished(let step)): events.append("trained \(step)")
      case .trained(let outcome): events.append("\(outcome)")
      case .judged(let reports):
        events.append("judged " + reports.map(\.name).joined(separator: " "))
      }
    }
  }

  /// Runs two steps; returns what was told.
  @discardableResult
  private func run(
    _ settings: [String] = [], _ earlier: RunFolder.Earlier = .isRefused, accepts: Bool = false,
    in group: Group = .alone
  ) throws -> [String] {
    let told = Told()
    let tasks = Self.package.path + "/tasks"
    let sources = RecipeSources(
      settings: [
        "model_name_or_path=\(tasks)/models/nano-qwen3", "output_dir=\(folder)",
        "data.folder=\(tasks)/hri_dialogue/sample", "data.validation_fraction=0.1", "peft.r=2",
        "training_args.max_steps=2", "training_args.per_device_train_batch_size=2",
        "training_args.max_length=256", "evaluation.max_samples=2", "generation.max_new_tokens=3",
      ] + settings)
    let catalog = PluginCatalog(
      searchPaths: PluginSearchPaths(
        directories: [.init(path: Self.products.path, origin: "the tests")],
        executableDirectory: Self.products.path), workerProgram: "")
    let assembled = try sources.assemble(for: catalog.task(named: "hri_dialogue"), in: catalog)
    let session = try TaskSession(assembled, tell: RunObserver(told.hear))
    try TrainingRun(
      session, earlier: earlier, acceptsChanges: accepts, usesCache: false, group: group
    ).run { false }
    return told.events
  }

  private func receipt() throws -> JSONValue {
    try JSONValue(readingFile: folder + "/run.json")
  }

  @Test func aRunTellsItsPhasesInTheirOrder() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let told = try run(["training_args.eval_steps=2"])
    let milestones = [
      "end reading train", "planned 2", "begin base model answering", "end base model answering",
      "step 1", "step 2", "begin answering", "trained 2", "judged base tuned",
      "written   \(folder)",
    ]
    #expect(told.filter(milestones.contains) == milestones, "\(told)")
    let receipt = try receipt()
    #expect(receipt["outcome"] == "finished at step 2")
    #expect(receipt["host_version"] == .string(HostVersion.current))
    #expect(receipt["before"]?["metrics"] != nil && receipt["after"]?["metrics"] != nil)
    for name in ["adapter_model.safetensors", "report.html", "evaluation_before.json"] {
      #expect(FileSystem.exists(folder + "/" + name), "\(name)")
    }
  }

  @Test(arguments: [
    "training_args.metric_for_best_model=slot", "training_args.memory_limit=1MB",
    "data.validation_fraction=2",
  ])
  func whatIsRefusedLeavesNothing(setting: String) throws {
    #expect(throws: (any Error).self) { try run([setting]) }
    #expect(!FileSystem.exists(folder))
  }

  @Test func aResumedRunIsHeldAgainstItsReceipt() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try run()
    let other = ["training_args.max_steps=3", "training_args.learning_rate=1e-5"]
    #expect(throws: TrainingError.self) { try run(other, .isResumed) }
    #expect(try receipt()["history"]?.array?.isEmpty == true)
    let told = try run(other, .isResumed, accepts: true)
    #expect(told.contains("step 3") && !told.contains("step 2"), "\(told)")
    // The base is not asked again: its report lies in the folder.
    #expect(!told.contains("begin base model answering"))
    let change = try #require(try receipt()["history"]?.array?.first)
    #expect(change["from_step"] == 3)
    #expect(change["changes"]?["training_args.learning_rate"]?["is"] == .double(1e-5))
  }

  // MARK: Several ranks

  /// What must not depend on who did which part, of supervised learning and of sampled completions that
  /// rewards score.
  @Test(arguments: [
    ["training_args.per_device_train_batch_size=1"],
    [
      "objective={type: grpo, num_generations: 2, max_completion_length: 5, num_iterations: 2}",
      "rewards=[{name: hri_dialogue.answer}]", "training_args.max_steps=4",
    ],
  ])
  func severalRanksWriteTheSameFiles(settings: [String]) throws {
    let common = [
      "training_args.gradient_accumulation_steps=4", "training_args.eval_steps=1",
      "training_args.per_device_eval_batch_size=1", "evaluation.max_samples=3",
    ]
    func files(_ count: Int) throws -> [String: [UInt8]] {
      defer { try? FileManager.default.removeItem(atPath: folder) }
      if count == 1 {
        try run(settings + common)
      } else {
        _ = try ranks(count) { group in try run(settings + common, in: group).count }
      }
      let receipt = try receipt()
      #expect(receipt["ranks"]?["count"]?.int == (count == 1 ? nil : count))
      let names = [
        "adapter_model.safetensors", "metrics.jsonl", "trainer_state.json", "rewards.jsonl",
        "evaluation_before.json", "checkpoint-2/optimizer.safetensors", "checkpoint-2/run.json",
      ]
      var files: [String: [UInt8]] = [:]
      for name in names where FileSystem.exists(folder + "/" + name) {
        files[name] = try readFile(folder + "/" + name)
      }
      for name in ["before", "after"] {
        files[name] = Array((receipt[name] ?? .null).text(.compact).utf8)
      }
      return files
    }
    let expected = try files(1)
    #expect(expected.count > 6)
    for count in [2, 3] {
      let own = try files(count)
      #expect(own.keys.sorted() == expected.keys.sorted())
      for (name, bytes) in expected { #expect(own[name] == bytes, "\(count) ranks: \(name)") }
    }
  }

  @Test func moreRanksThanWorkAreRefused() throws {
    let outcomes = outcomes(ofRanks: 2) { group in
      try run(["training_args.gradient_accumulation_steps=1"], in: group).count
    }
    for outcome in outcomes {
      #expect(throws: (any Error).self) { try outcome.get() }
    }
    #expect(!FileSystem.exists(folder))
  }
}
