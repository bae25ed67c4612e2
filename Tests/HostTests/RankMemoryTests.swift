import Foundation
import JSON
import Testing

/// What each rank has in use at most, against the plan of its stage.
@Suite(.serialized) struct RankMemoryTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// A model of so many blocks, as a step of a run from scratch leaves it.
  private func model(blocks: Int) throws -> String {
    let folder = scratch.url("config-\(blocks)"), files = FileManager.default
    let small = HostProgram.package.appending(path: "tasks/models/nano-qwen3")
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["chat_template.jinja", "generation_config.json", "tokenizer.json"]
      + ["tokenizer_config.json"]
    {
      try files.copyItem(at: small.appending(path: name), to: folder.appending(path: name))
    }
    let config = try JSONValue(readingFile: small.appending(path: "config.json").path)
      .setting("hidden_size", 256).setting("intermediate_size", 768)
      .setting("num_hidden_layers", .int(blocks)).setting("head_dim", 64)
    try Data(config.text(.compact).utf8).write(to: folder.appending(path: "config.json"))
    let model = scratch.path("model-\(blocks)")
    let outcome = try HostProgram.shell(
      "host train --model \(folder.path) --set from_scratch=true \(settings) --max-steps 1 "
        + "--output-dir \(model)")
    try #require(outcome.code == 0, "\(outcome.errors)")
    return model
  }

  private var settings: String {
    let settings = [
      "peft.method=full", "training_args.per_device_train_batch_size=1",
      "training_args.gradient_accumulation_steps=4", "evaluation.predict_with_generate=false",
      "evaluation.max_samples=2", "training_args.per_device_eval_batch_size=1",
    ]
    return "--task hri_dialogue " + settings.map { "--set \($0)" }.joined(separator: " ")
  }

  private func mean(_ values: [JSONValue]?) -> Double {
    let numbers = (values ?? []).compactMap(\.double)
    return numbers.reduce(0, +) / Double(max(numbers.count, 1))
  }

  /// Two ranks train every weight: what more blocks cost is planned to a tenth; where weights are
  /// gathered, too, the plan is about a ninth too low. The program's and the MPI's own size cancel.
  @Test(.enabled(if: RankTests.MPI.isThere, "needs an MPI and its transport"))
  func planIsWithinATenth() throws {
    let models = try [2, 10].map(model)
    for stage in 0...3 {
      let sizes = try models.map { model -> (peak: Double, planned: Double) in
        let recipe = "--model \(model) \(settings) --set distribution.stage=\(stage)"
        let plan = try HostProgram.shell("host plan \(recipe) --ranks 2 --json").json()
        let out = "\(model)-\(stage)"
        let outcome = try HostProgram.shell(
          "HOST_TRANSPORT=\(RankTests.MPI.all[0].name) host train \(recipe) --ranks 2 "
            + "--max-steps 2 --output-dir \(out)")
        try #require(outcome.code == 0, "\(outcome.errors)")
        let receipt = try JSONValue(readingFile: out + "/run.json")
        let planned = plan["ranks"]?["stages"]?[stage]?["total_bytes"]?.double
        return (mean(receipt["ranks"]?["peak_memory_bytes"]?.array), try #require(planned))
      }
      let peak = sizes[1].peak - sizes[0].peak, planned = sizes[1].planned - sizes[0].planned
      #expect(
        abs(planned - peak) < (stage < 3 ? 0.1 : 0.15) * peak,
        "stage \(stage): planned \(planned / 1e6), peak \(peak / 1e6) MB more")
    }
  }
}
