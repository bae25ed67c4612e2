import Formats
import Foundation
import JSON
import Testing

/// README.md of a run's folder, and what `inspect adapter` says of modules.
@Suite struct ModelCardTests {
  private let scratch: Scratch, out: String

  init() throws {
    scratch = try Scratch()
    out = scratch.path("out")
  }

  private func train(_ more: String = "") throws {
    let model = try TinyModel.make(in: scratch)
    let rows = (0..<4).map {
      #"{"messages": [{"role": "user", "content": "how?"}, {"role": "assistant", "content": "\#($0)"}]}"#
    }
    let data = try scratch.write(rows.joined(separator: "\n") + "\n", to: "rows.jsonl")
    let outcome = try HostProgram.shell(
      "host train --task instruct --model \(model) --output-dir \(out) --max-steps 1"
        + " --set data.train=\(data) --set data.validation=\(data)"
        + " --set 'peft.alpha_pattern={v_proj: 4}' --set 'peft.target_modules=[q_proj,v_proj]'"
        + " --set evaluation.predict_with_generate=false " + more)
    try #require(outcome.code == 0, "\(outcome.errors)")
  }

  @Test func aCardSaysWhatWasTunedOnWhatAndHow() throws {
    try train()
    let card = try FileSystem.text(of: out + "/README.md")
    #expect(
      card.hasPrefix("---\nlibrary_name: peft\npipeline_tag: text-generation\ntags:\n- lora\n"))
    for part in [
      "## Data", "| train | 4 |", "## Recipe", "\"lora_alpha\"", "PeftModel.from_pretrained",
      "host merge",
    ] { #expect(card.contains(part), "\(part)") }
    let text = try HostProgram.run("inspect", "adapter", out)
    #expect(text.output.contains("module") && text.output.contains("scale"))
    let modules = try HostProgram.run("inspect", "adapter", out, "--json").json()["modules"]
    let value = try #require(
      modules?.array?.first { $0["path"]?.string?.hasSuffix("v_proj") == true })
    #expect(value["alpha"] == 4 && value["rank"]?.int ?? 0 > 0)
    #expect(modules?.array?.count == 2)
  }

  /// A card, and what inspect shows, speak of the method's own keys.
  @Test(arguments: [
    (["peft.method=ia3"], ["feedforward_modules", "IA3"], ["\"r\"", "lora_alpha", "init_r"]),
    (
      ["peft.method=adalora", "peft.init_r=4", "peft.target_r=2", "training_args.max_steps=3"],
      ["init_r", "orth_reg_weight", "AdaLoRA"], ["\"r\"", "use_dora", "num_virtual_tokens"]
    ),
    (
      ["peft.method=prefix_tuning"], ["num_virtual_tokens", "prefix_projection"],
      ["lora_alpha", "target_modules", "prompt_tuning_init"]
    ),
    (
      ["peft.method=prompt_tuning"], ["num_virtual_tokens", "prompt_tuning_init"],
      ["lora_alpha", "target_modules", "prefix_projection"]
    ),
    (["peft.use_dora=true"], ["use_dora", "DoRA"], ["init_r", "num_virtual_tokens"]),
  ])
  func keysAreTheMethods(settings: [String], own: [String], others: [String]) throws {
    let model = try TinyModel.make(in: scratch)
    try TinyModel.writeRows(in: scratch)
    let outcome = try HostProgram.shell(
      "host train --task instruct --model \(model) --output-dir \(out) --max-steps 3"
        + " --set data.train=\(scratch.path("rows.jsonl")) --set data.validation=null"
        + settings.map { " --set '\($0)'" }.joined())
    try #require(outcome.code == 0, "\(outcome.errors)")
    let card = try FileSystem.text(of: out + "/README.md")
    for word in own { #expect(card.contains(word), "\(word)") }
    for word in others { #expect(!card.contains(word), "\(word)") }
    let shown = try HostProgram.run(["inspect", "adapter", out])
    #expect(shown.code == 0 && !shown.output.contains("adapter_model"), "\(shown.errors)")
  }

  @Test func anothersReadMeStays() throws {
    try FileManager.default.createDirectory(
      at: scratch.url("out"), withIntermediateDirectories: true)
    try scratch.write("my own words\n", to: "out/README.md")
    try train()
    #expect(try FileSystem.text(of: out + "/README.md") == "my own words\n")
  }
}
