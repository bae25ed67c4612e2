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

  @Test func anothersReadMeStays() throws {
    try FileManager.default.createDirectory(
      at: scratch.url("out"), withIntermediateDirectories: true)
    try scratch.write("my own words\n", to: "out/README.md")
    try train()
    #expect(try FileSystem.text(of: out + "/README.md") == "my own words\n")
  }
}
