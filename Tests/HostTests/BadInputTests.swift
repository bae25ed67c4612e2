import Foundation
import Testing

/// Each fault is one sentence that names its place, the right exit code, and no output folder.
@Suite struct BadInputTests {
  private let scratch: Scratch
  private let model: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
  }

  /// Trains the tiny model on rows; `more` comes last.
  private func train(_ rows: [String], _ more: String = "") throws -> HostProgram.Outcome {
    let data = try scratch.write(rows.joined(separator: "\n") + "\n", to: "rows.jsonl")
    return try HostProgram.shell(
      "host train --task instruct --model \(model) --output-dir \(scratch.path("out"))"
        + " --set data.train=\(data) --set data.validation=\(data) --max-steps 1"
        + " --set evaluation.predict_with_generate=false " + more)
  }

  private func row(_ answer: String = "fine") -> String {
    #"{"messages": [{"role": "user", "content": "how?"}, {"role": "assistant", "content": ""#
      + answer + #""}]}"#
  }

  private func expect(
    _ outcome: HostProgram.Outcome, code: Int32, _ parts: String...,
    at location: SourceLocation = #_sourceLocation
  ) {
    #expect(outcome.code == code, "\(outcome.errors)", sourceLocation: location)
    #expect(outcome.errors.contains("host: "), sourceLocation: location)
    for part in parts {
      #expect(outcome.errors.contains(part), "\(outcome.errors)", sourceLocation: location)
    }
    #expect(!scratch.holds("out"), sourceLocation: location)
  }

  @Test func anUnknownKeyHasItsLineAndTheNearestName() throws {
    let recipe = try scratch.write(
      "task: instruct\ntraining_args:\n  learning_rat: 1\n", to: "r.yaml")
    expect(
      try train([row()], "--config \(recipe)"), code: 65, "r.yaml:3", "learning_rat",
      "did you mean 'learning_rate'")
  }

  @Test func aWrongTypeHasItsLine() throws {
    let recipe = try scratch.write("task: instruct\npeft:\n  r: many\n", to: "r.yaml")
    expect(
      try train([row()], "--config \(recipe)"), code: 65, "r.yaml:3", "peft.r", "a whole number")
  }

  @Test func aBadFlagIsBadUsage() throws {
    expect(try train([row()], "--set peft.rr=4"), code: 64, "--set peft.rr=4", "peft.r")
    expect(try train([row()], "--epochs some"), code: 64, "--epochs some", "a number")
  }

  @Test func aMissingModelIsNamed() throws {
    expect(try train([row()], "--model /no/such"), code: 65, "/no/such")
  }

  @Test func aTruncatedWeightFileIsNamed() throws {
    let file = URL(filePath: model + "/model.safetensors")
    try Data(contentsOf: file).dropLast(10).write(to: file)
    expect(try train([row()]), code: 65, "model.safetensors")
  }

  @Test func aMissingTensorIsNamed() throws {
    try FileManager.default.removeItem(atPath: model)
    _ = try TinyModel.make(in: scratch, dropping: "model.norm.weight")
    expect(try train([row()]), code: 65, "model.norm.weight")
  }

  @Test func anUnknownArchitectureIsNamed() throws {
    try FileManager.default.removeItem(atPath: model)
    _ = try TinyModel.make(in: scratch, architecture: "MambaForCausalLM")
    expect(try train([row()]), code: 65, "MambaForCausalLM", "Qwen3ForCausalLM")
  }

  @Test func anInvalidLineOfDataIsNamed() throws {
    var rows = (0..<9).map { row("answer \($0)") }
    rows[6] = "{\"messages\": [}"
    expect(try train(rows), code: 65, "rows.jsonl", "7")
  }

  @Test func aRowWithoutAnAnswerIsNamed() throws {
    let rows = [row(), #"{"messages": [{"role": "user", "content": "how?"}]}"#]
    expect(try train(rows), code: 65, "assistant")
  }

  @Test func rowsThatAreTooLongAreListed() throws {
    let rows = [row(), row(Array(repeating: "word", count: 300).joined(separator: " "))]
    expect(try train(rows, "--max-length 64"), code: 65, "row 1", "max_length", "on_overlength")
  }

  @Test func anOutputFolderOfAnotherRunIsKept() throws {
    try #require(try train([row(), row("good")]).code == 0)
    let before = try Data(contentsOf: scratch.url("out/adapter_model.safetensors"))
    let outcome = try train([row("other")])
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("holds another run"))
    #expect(try Data(contentsOf: scratch.url("out/adapter_model.safetensors")) == before)
  }

  /// --overwrite removes nothing before the new run is sure to begin, and then all of the old one.
  @Test func anEarlierRunIsReplacedWhole() throws {
    try #require(try train([row(), row("good")]).code == 0)
    let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path("out")).sorted()
    let options = "--overwrite --set training_args.metric_for_best_model=acuracy"
    #expect(try train([row("other")], options).code == 64)
    #expect(try train([], "--overwrite").code == 65)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch.path("out")).sorted() == files)
    #expect(try train([row()], "--overwrite --resume").code == 64)
    let own = "--overwrite --set peft.adapter_name_or_path=\(scratch.path("out"))"
    let refused = try train([row()], own)
    #expect(refused.code == 64 && refused.errors.contains("peft.adapter_name_or_path"))
    #expect(try train([row("other")], "--overwrite").code == 0)
  }
}
