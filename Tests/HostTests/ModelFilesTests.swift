import Foundation
import JSON
import Testing

/// What a model's files say beside their numbers is shown by `inspect model` and when a run starts.
@Suite struct ModelFilesTests {
  private let scratch: Scratch
  private let model: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
  }

  private func change(_ changes: [(String, JSONValue)]) throws {
    let path = model + "/config.json"
    var config = try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8))
    for (key, value) in changes { config = config.setting(key, value) }
    try config.text(.pretty).write(toFile: path, atomically: true, encoding: .utf8)
  }

  @Test func whatDiffersIsShown() throws {
    try change([
      ("rope_parameters", ["rope_type": "default", "rope_theta": 10000]),
      ("rope_scaling", ["type": "yarn", "factor": 4.0, "original_max_position_embeddings": 256]),
      ("use_sliding_window", true), ("sliding_window", 8), ("max_window_layers", 0),
      ("hidden_sise", 3),
    ])
    let report = try HostProgram.run("inspect", "model", "--model", model, "--json").json()
    #expect(report["rope_type"]?.string == "yarn" && report["context_length"]?.int == 1024)
    #expect(report["windows"] == [8] && report["rotates"] == [true])
    let notes = report["notes"]?.array?.compactMap(\.string) ?? []
    #expect(notes.count == 2)
    #expect(notes.first == "rope_scaling stands in place of rope_parameters")
    #expect(notes.last?.contains("hidden_sise (like hidden_size)") == true)
    let shown = try HostProgram.run("inspect", "model", "--model", model).output
    for part in ["8 tokens, in 1 layers", "yarn", "1,024 tokens", "hidden_sise"] {
      #expect(shown.contains(part), "\(shown)")
    }
  }

  @Test func aRunBeginsWithIt() throws {
    try change([("use_qk_nrom", true)])
    let row =
      #"{"messages": [{"role": "user", "content": "how?"}, "#
      + #"{"role": "assistant", "content": "fine"}]}"#
    let data = try scratch.write(row + "\n", to: "rows.jsonl")
    let outcome = try HostProgram.shell(
      "host train --task instruct --model \(model) --output-dir \(scratch.path("out"))"
        + " --set data.train=\(data) --set data.validation=\(data) --max-steps 1"
        + " --set evaluation.predict_with_generate=false")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("use_qk_nrom (like use_qk_norm)"), "\(outcome.errors)")
  }

  @Test func adviceAboutAnswersIsSaid() throws {
    let advice = #"{"do_sample": true, "temperature": 0.5, "suppress_tokens": [3]}"#
    try scratch.write(advice, to: "model/generation_config.json")
    let answer = try HostProgram.run(
      "generate", "--model", model, "--prompt", "a", "--max-new-tokens", "2")
    let report = try HostProgram.run("inspect", "model", "--model", model, "--json").json()
    let notes = report["notes"]?.array?.compactMap(\.string).joined(separator: "\n") ?? ""
    for part in ["do_sample true, temperature 0.5", "not computed: suppress_tokens [3]"] {
      #expect(answer.errors.contains(part) && notes.contains(part), "\(answer.errors)")
    }
    try scratch.write(#"{"eos_token_id": "</s>"}"#, to: "model/generation_config.json")
    let refused = try HostProgram.run("generate", "--model", model, "--prompt", "a")
    #expect(refused.code == 65 && refused.errors.contains("generation_config.json: 'eos_token_id'"))
  }

  @Test func whatIsNotComputedIsRefusedByItsKey() throws {
    try change([("final_logit_softcapping", 30)])
    let outcome = try HostProgram.run("inspect", "model", "--model", model)
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("config.json: final_logit_softcapping is 30; caps of logits"))
  }
}
