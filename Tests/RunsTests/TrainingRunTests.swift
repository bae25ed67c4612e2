import Formats
import Foundation
import JSON
import PluginHost
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
    _ settings: [String] = [], _ earlier: RunFolder.Earlier = .isRefused, accepts: Bool = false
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
    try TrainingRun(session, earlier: earlier, acceptsChanges: accepts, usesCache: false)
      .run { false }
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
      "step 1", "step 2", "begin answering", "trained 2", "begin answering", "judged base tuned",
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
}
