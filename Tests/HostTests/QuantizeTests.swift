import Formats
import Foundation
import JSON
import Testing

@Suite struct QuantizeTests {
  private let scratch: Scratch, model: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
  }

  private func logits(of model: String, _ more: String...) throws -> [Float] {
    try TinyModel.logits(of: model, more, in: scratch)
  }

  @Test(arguments: ["nf4", "nf4-single", "int8"])
  func theFolderGivesWhatQuantizingOnLoadGives(kind: String) throws {
    let path = scratch.path("quantized")
    let outcome = try HostProgram.run(
      "quantize", "--model", model, "--quantization", kind, "--output-dir", path)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.isEmpty && outcome.errors.contains(path))
    let values = try logits(of: path)
    #expect(values == (try logits(of: model, "--quantization", kind)))
    #expect(values != (try logits(of: model)))
    let report = try HostProgram.run("inspect", "model", "--model", path, "--json").json()
    #expect(report["stored_as"]?[kind]?.int == 7)
    #expect(report["stored_as"]?["F32"]?.int == 6)
    let plain = try HostProgram.run("inspect", "model", "--model", model, "--json").json()
    #expect(report["parameters"] == plain["parameters"])
    for name in FileSystem.names(in: model) where name.hasPrefix("tokenizer") {
      #expect(scratch.holds("quantized/" + name))
    }
  }

  @Test func anExistingFolderIsKept() throws {
    let outcome = try HostProgram.run("quantize", "--model", model, "--output-dir", model)
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains("\(model): exists already"))
  }

  @Test(arguments: ["quantize --output-dir out", "inspect logits --ids 1 --out out"])
  func anUnknownKindIsBadUsage(line: String) throws {
    let outcome = try HostProgram.shell(
      "cd \(scratch.folder.path) && host \(line) --model \(model) --quantization fp4")
    #expect(outcome.code == 64)
    for part in ["'fp4'", "nf4", "nf4-single", "int8"] {
      #expect(outcome.errors.contains(part))
    }
    #expect(!scratch.holds("out"))
  }

  /// Trains two steps; the losses of the log.
  private func losses(_ model: String, _ more: String) throws -> [JSONValue] {
    let rows = (0..<4).map {
      #"{"messages": [{"role": "user", "content": "how?"}, {"role": "assistant", "content": "\#($0)"}]}"#
    }
    let data = try scratch.write(rows.joined(separator: "\n") + "\n", to: "rows.jsonl")
    let out = scratch.path(UUID().uuidString)
    let outcome = try HostProgram.shell(
      "host train --task instruct --model \(model) --output-dir \(out) --max-steps 2"
        + " --set data.train=\(data) --set data.validation=null --set training_args.logging_steps=1"
        + " --set evaluation.predict_with_generate=false " + more)
    try #require(outcome.code == 0, "\(outcome.errors)")
    let config = try JSONValue(readingFile: out + "/adapter_config.json")
    #expect(config["base_model_name_or_path"]?.string == model)
    let log = try JSONValue(readingFile: out + "/trainer_state.json")["log_history"]?.array ?? []
    return log.compactMap { $0["loss"] }
  }

  @Test func trainingTakesTheFlagTheRecipeAndTheFolderAlike() throws {
    let path = scratch.path("quantized")
    _ = try HostProgram.run(
      "quantize", "--model", model, "--quantization", "int8", "--output-dir", path)
    let flag = try losses(model, "--quantization int8")
    #expect(flag.count == 2)
    #expect(flag == (try losses(model, "--set quantization_config.load_in_8bit=true")))
    #expect(flag == (try losses(path, "")))
    #expect(flag != (try losses(model, "")))
  }

  @Test func aQuantizedFolderIsNotTrainedWholeNorQuantizedAnew() throws {
    let path = scratch.path("quantized")
    _ = try HostProgram.run("quantize", "--model", model, "--output-dir", path)
    let data = try scratch.write("{}\n", to: "rows.jsonl")
    for (setting, part) in [
      ("--set peft.method=full", "full trains every weight"), ("--quantization int8", "cannot be"),
    ] {
      let outcome = try HostProgram.shell(
        "host train --task instruct --model \(path) --output-dir \(scratch.path("out"))"
          + " --set data.train=\(data) \(setting)")
      #expect(outcome.code == 64, "\(outcome.errors)")
      #expect(outcome.errors.contains(part) && outcome.errors.contains(path))
      #expect(!scratch.holds("out"))
    }
  }
}
