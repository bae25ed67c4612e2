import Formats
import Foundation
import JSON
import PluginHost
import Ranks
import TestSupport
import Testing
import Training

@testable import Runs

/// Whole runs on several ranks, in one process, held against one: every objective and the methods whose
/// updates look at more than a gradient.
@Suite struct RanksRunTests {
  private static let package = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
  private static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().path

  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "ranks-\(UUID().uuidString)").path

  /// What is learnt how.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String, task: String
    var settings: [String] = []

    static func pairs(_ objective: String) -> Case {
      Case(
        testDescription: objective, task: "preference",
        settings: ["objective={\(objective)}", "training_args.max_length=128"])
    }

    /// Answers with labels.
    static let labels: Case = {
      let rows = (0..<12).map { number in
        #"{"prompt": "bring \#(number)", "completion": "here is \#(number * 7)", "label": \#(number % 3 > 0)}"#
      }
      let path = FileManager.default.temporaryDirectory.appending(path: "labels-\(getpid()).jsonl")
      try? Data(rows.joined(separator: "\n").utf8).write(to: path)
      return Case(
        testDescription: "type: kto", task: "preference",
        settings: [
          "objective={type: kto}", "data.train=\(path.path)", "data.validation=\(path.path)",
        ])
    }()

    static func method(_ name: String, _ settings: String...) -> Case {
      Case(testDescription: name, task: "hri_dialogue", settings: settings + hri)
    }

    static let hri = [
      "data.folder=\(package)/tasks/hri_dialogue/sample", "data.validation_fraction=0.1",
      "training_args.max_length=256",
    ]

    static let all = [
      method(
        "adalora", "peft.method=adalora", "peft.init_r=4", "peft.target_r=2", "peft.tinit=1",
        "peft.tfinal=1", "training_args.max_steps=4"),
      method("lora+", "peft.r=2", "peft.loraplus_lr_ratio=4"),
      method("dora", "peft.r=2", "peft.use_dora=true"),
      method("ia3", "peft.method=ia3"),
      pairs("type: dpo, loss_type: [sigmoid, sft], loss_weights: [1.0, 0.5]"),
      pairs("type: dpo, loss_type: ipo"), labels, pairs("type: orpo"),
      pairs("type: simpo"), pairs("type: cpo"), pairs("type: reward_model"),
      Case(
        testDescription: "expected_reward", task: "recommendation",
        settings: [
          "objective={type: expected_reward, loss_type: [expected_reward, sft], loss_weights: [1.0, 0.1]}",
          "rewards=[{name: recommendation.answer}]",
        ]),
      method(
        "grpo", "peft.r=2", "rewards=[{name: hri_dialogue.answer}]",
        "objective={type: grpo, num_generations: 2, max_completion_length: 4, beta: 0.1}"),
    ]
  }

  private func run(
    _ task: String, _ settings: [String], in group: Group = .alone,
    _ earlier: RunFolder.Earlier = .isRefused
  ) throws {
    let catalog = PluginCatalog(
      searchPaths: PluginSearchPaths(
        directories: [.init(path: Self.products, origin: "the tests")],
        executableDirectory: Self.products), workerProgram: "")
    let sources = RecipeSources(
      settings: [
        "model_name_or_path=\(Self.package)/tasks/models/nano-qwen3", "output_dir=\(folder)",
      ] + settings)
    let session = try TaskSession(
      sources.assemble(for: catalog.task(named: task), in: catalog), tell: RunObserver { _ in })
    try TrainingRun(
      session, earlier: earlier, acceptsChanges: false, usesCache: false, group: group
    ).run { false }
  }

  /// The files of the run that must not depend on ranks.
  private func files() throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in FileSystem.names(in: folder + "/checkpoint-2") {
      files["checkpoint-2/" + name] = try readFile(folder + "/checkpoint-2/" + name)
    }
    for name in [
      "adapter_model.safetensors", "metrics.jsonl", "trainer_state.json", "rewards.jsonl",
    ] where FileSystem.exists(folder + "/" + name) {
      files[name] = try readFile(folder + "/" + name)
    }
    return files
  }

  @Test(arguments: Case.all) func severalRanksWriteTheSameFiles(of run: Case) throws {
    let settings =
      [
        "training_args.max_steps=2", "training_args.per_device_train_batch_size=2",
        "training_args.gradient_accumulation_steps=3", "training_args.eval_steps=1",
        "training_args.logging_steps=1", "training_args.per_device_eval_batch_size=1",
        "evaluation.max_samples=3", "generation.max_new_tokens=3", "training_args.save_steps=1",
        "training_args.save_total_limit=null",
      ] + run.settings
    func files(_ count: Int) throws -> [String: [UInt8]] {
      defer { try? FileManager.default.removeItem(atPath: folder) }
      if count == 1 {
        try self.run(run.task, settings)
      } else {
        _ = try ranks(count) { try self.run(run.task, settings, in: $0) }
        #expect(FileSystem.exists(folder + "/logs/ranks.jsonl"))
      }
      return try self.files()
    }
    let expected = try files(1)
    #expect(expected["checkpoint-2/optimizer.safetensors"] != nil && expected.count > 6)
    for count in [2, 3] {
      let own = try files(count)
      #expect(own.keys.sorted() == expected.keys.sorted())
      for (name, bytes) in expected { #expect(own[name] == bytes, "\(count) ranks: \(name)") }
    }
  }
}
