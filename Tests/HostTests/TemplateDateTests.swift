import Foundation
import JSON
import Testing

/// A chat template that writes the date writes that of the run, on whatever day it goes on.
@Suite struct TemplateDateTests {
  private let scratch: Scratch, model: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
    try scratch.write(
      "Today is {{ strftime_now('%d %B %Y') }}.\n{% for m in messages %}"
        + "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
      to: "model/chat_template.jinja")
    let rows = (0..<8).map {
      #"{"messages": [{"role": "user", "content": "\#($0)?"}, "#
        + #"{"role": "assistant", "content": "it is \#($0)"}]}"#
    }
    try scratch.write(rows.joined(separator: "\n") + "\n", to: "rows.jsonl")
  }

  private var task: String {
    "--task instruct --model \(model) --set data.validation=\(scratch.path("rows.jsonl"))"
      + " --set data.train=\(scratch.path("rows.jsonl")) --set generation.max_new_tokens=4"
  }

  private func train(_ out: String, _ day: String?, _ more: String = "") throws
    -> HostProgram.Outcome
  {
    try HostProgram.shell(
      "host train \(task) --output-dir \(scratch.path(out)) --max-steps 3 --batch-size 4"
        + " --set training_args.save_steps=1 --set training_args.save_total_limit=null"
        + " --set evaluation.max_samples=2 --learning-rate 1e-2"
        + (day.map { " --set template_date=\($0)" } ?? "") + " " + more)
  }

  private func json(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: String(contentsOf: scratch.url(name), encoding: .utf8))
  }

  private func weights(_ out: String) throws -> Data {
    try Data(contentsOf: scratch.url(out + "/adapter_model.safetensors"))
  }

  /// Ends the run in `out` after its first step.
  private func cut(_ out: String) throws {
    for name in ["checkpoint-2", "checkpoint-3", "last", "best", "adapter_model.safetensors"] {
      try? FileManager.default.removeItem(atPath: scratch.path("\(out)/\(name)"))
    }
  }

  @Test func aResumedRunKeepsItsDay() throws {
    let day = "2024-02-29"
    let first = try train("out", day)
    try #require(first.code == 0, "\(first.errors)")
    #expect(first.errors.contains("day       \(day)"))
    let whole = try weights("out")
    for name in ["out/run.json", "out/checkpoint-1/run.json"] {
      #expect(try json(name)["recipe"]?["template_date"]?.string == day)
    }
    // The day decides the rows, so that another day is another run.
    let receipt = try json("out/run.json")
    try #require(try train("other", "2024-03-01").code == 0)
    #expect(try weights("other") != whole)
    #expect(try json("other/run.json")["data"] != receipt["data"])

    // Resumed on another day than it began, it has the bytes of the whole one.
    try cut("out")
    let resumed = try train("out", nil, "--resume")
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(resumed.errors.contains("day       \(day)") && !resumed.errors.contains("changed"))
    #expect(try weights("out") == whole)
    let again = try json("out/run.json")
    #expect(again["data"] == receipt["data"] && again["after"] == receipt["after"])

    try cut("out")
    let refused = try train("out", "2024-03-01", "--resume")
    #expect(refused.code == 65, "\(refused.errors)")
    #expect(refused.errors.contains("template_date: \"2024-02-29\" → \"2024-03-01\""))
    #expect(refused.errors.contains("rows of train: "))
  }

  /// A run is judged with the prompts of its day; a model that is used sees the present one.
  @Test func aRunIsJudgedOnItsDay() throws {
    try #require(try train("out", "2024-02-29").code == 0)
    let line = "host evaluate \(task) --adapter \(scratch.path("out")) --limit 2 --json"
    let judged = try HostProgram.shell(line)
    #expect(judged.code == 0 && judged.errors.contains("day       2024-02-29"))
    #expect(
      try judged.json()["tuned"]?["metrics"] == json("out/run.json")["after"]?["metrics"])
    let chosen = try HostProgram.shell(line + " --set template_date=2024-03-01")
    #expect(chosen.errors.contains("day       2024-03-01"))

    let chat = try scratch.write(#"[{"role": "user", "content": "hello"}]"#, to: "chat.json")
    let prompt = "host inspect prompt --model \(model) --messages \(chat)"
    let dated = try HostProgram.shell(prompt + " --template-date 2024-02-29")
    #expect(dated.output.hasPrefix("Today is 29 February 2024."), "\(dated)")
    let today = try HostProgram.shell("LC_ALL=C date '+Today is %d %B %Y.'")
    #expect(try HostProgram.shell(prompt).output.hasPrefix(today.output.dropLast()))
    #expect(try HostProgram.shell(prompt + " --template-date 2024-02-30").code == 64)
  }

  /// Left open, the day is that of the beginning, and the receipt says which.
  @Test func theDefaultIsToday() throws {
    let before = try HostProgram.shell("date +%F").output.dropLast()
    try #require(try train("out", nil).code == 0)
    let after = try HostProgram.shell("date +%F").output.dropLast()
    let day = try #require(try json("out/run.json")["recipe"]?["template_date"]?.string)
    #expect(day == before || day == after)
    try #require(try train("again", day).code == 0)
    #expect(try weights("again") == weights("out"))
  }

  @Test func aDayIsADayAndIsUsed() throws {
    let bad = try train("out", "2024-02-30")
    #expect(bad.code == 64 && bad.errors.contains("template_date must be a day"), "\(bad.errors)")
    try FileManager.default.removeItem(atPath: model)
    _ = try TinyModel.make(in: scratch)
    let unused = try train("out", "2024-02-29")
    #expect(unused.code == 0 && unused.errors.contains("template_date is not used"))
    #expect(try json("out/run.json")["recipe"]?["template_date"] == JSONValue.null)
  }
}
