import Formats
import Foundation
import JSON
import Tensors
import Testing

/// `host merge`, with the built program.
@Suite struct MergeCommandTests {
  private let scratch: Scratch, model: String, adapter: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
    adapter = try TinyAdapter.make(in: scratch)
  }

  private func merge(_ more: String...) throws -> HostProgram.Outcome {
    try HostProgram.run(["merge", "--model", model] + more)
  }

  private func logits(_ model: String, _ more: String...) throws -> [Float] {
    try TinyModel.logits(of: model, more, in: scratch)
  }

  private func expectNear(_ one: [Float], _ other: [Float], within bound: Float = 1e-5) {
    let distance = zip(one, other).map { abs($0 - $1) }.max() ?? .infinity
    #expect(one.count == other.count && distance < bound)
  }

  @Test func aMergedFolderSaysWhatBaseAndAdapterSay() throws {
    let out = scratch.path("merged")
    let outcome = try merge("--adapter", adapter, "--output-dir", out, "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let report = try outcome.json()
    #expect(report["changed_tensors"] == 2 && report["dtype"] == "f32")
    #expect(report["untied"] == false)
    expectNear(try logits(out), try logits(model, "--adapter", adapter))
    #expect(try logits(out) != logits(model))
    for name in ["tokenizer.json", "chat_template.jinja", "config.json"] {
      #expect(scratch.holds("merged/" + name))
    }
    #expect(!scratch.names.contains { $0.hasSuffix(".partial") })
    // Taken away again, the base is back.
    let back = scratch.path("back")
    let second = try HostProgram.run(
      "merge", "--model", out, "--adapter", adapter, "--weight=-1", "--output-dir", back)
    #expect(second.code == 0, "\(second.errors)")
    expectNear(try logits(back), try logits(model))
  }

  @Test func sharesOfSeveralAdaptersAddUp() throws {
    let (halves, whole) = (scratch.path("halves"), scratch.path("whole"))
    let outcome = try merge(
      "--adapter", adapter, "--weight", "0.5", "--adapter", adapter, "--weight", "0.5",
      "--output-dir", halves)
    #expect(outcome.code == 0, "\(outcome.errors)")
    _ = try merge("--adapter", adapter, "--output-dir", whole)
    expectNear(try logits(halves), try logits(whole))
  }

  @Test(arguments: ["nf4", "int8"]) func whatWasTrainedOnIsMergedInto(kind: String) throws {
    let (out, plain) = (scratch.path("trained"), scratch.path("original"))
    let outcome = try merge(
      "--adapter", adapter, "--quantization", kind, "--output-dir", out)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("\(kind) codes"))
    let trained = try logits(model, "--quantization", kind, "--adapter", adapter)
    expectNear(try logits(out), trained)
    _ = try merge("--adapter", adapter, "--base", "original", "--output-dir", plain)
    expectNear(try logits(plain), try logits(model, "--adapter", adapter))
    // A folder that is stored so is merged into plain numbers too.
    let (stored, third) = (scratch.path("stored"), scratch.path("third"))
    _ = try HostProgram.run(
      "quantize", "--model", model, "--quantization", kind, "--output-dir", stored)
    let fromStored = try HostProgram.run(
      "merge", "--model", stored, "--adapter", adapter, "--dtype", "f32", "--output-dir", third)
    #expect(fromStored.code == 0, "\(fromStored.errors)")
    expectNear(try logits(third), trained)
    let config = try JSONValue(readingFile: third + "/config.json")
    #expect(config["quantization_config"] == nil && config["dtype"] == "float32")
  }

  @Test(arguments: [
    ("--dtype nf4", 64, "not stored in 4 or 8 bits"),
    ("--dtype q8", 64, "none of f32, bf16 and f16"),
    ("--weight 1 --weight 2", 64, "give one for each"), ("--weight 0", 64, "other than 0"),
    ("--base original --quantization nf4", 64, "leave --quantization out"),
    ("--adapter nothing", 65, "nothing"),
  ])
  func badRequestsAreOneSentence(options: String, code: Int, part: String) throws {
    let outcome = try HostProgram.shell(
      "cd \(scratch.folder.path) && host merge --model \(model) --adapter \(adapter) --output-dir out "
        + options)
    #expect(Int(outcome.code) == code, "\(outcome.errors)")
    #expect(outcome.errors.contains(part), "\(outcome.errors)")
    #expect(!scratch.holds("out"))
  }

  @Test func whatIsThereAndWhatIsReadStaysAsItIs() throws {
    let existing = try merge("--adapter", adapter, "--output-dir", adapter)
    #expect(existing.code == 64 && existing.errors.contains("exists already"))
    let within = try merge("--adapter", adapter, "--output-dir", model + "/merged")
    #expect(within.code == 64 && within.errors.contains("--model"))
  }

  @Test func anAdapterOfAnotherBaseIsRefused() throws {
    let receipt: JSONValue = [
      "base": [
        "path": "/models/other",
        "files": ["model.safetensors": ["size": 1, "sha256": "00"]],
      ]
    ]
    try scratch.write(receipt.text(), to: "adapter/run.json")
    let outcome = try merge("--adapter", adapter, "--output-dir", scratch.path("out"))
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("was trained on /models/other"))
    #expect(outcome.errors.contains("another model.safetensors"))
    #expect(!scratch.holds("out"))
  }

  @Test func theReceiptSaysWhatTheBaseWasStoredIn() throws {
    let receipt: JSONValue = [
      "recipe": [
        "quantization_config": ["load_in_4bit": true, "bnb_4bit_use_double_quant": true]
      ]
    ]
    try scratch.write(receipt.text(), to: "adapter/run.json")
    let out = scratch.path("out")
    let outcome = try merge("--adapter", adapter, "--output-dir", out, "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(try outcome.json()["quantization"] == "nf4")
  }

  @Test func numbersThatATypeCannotHoldLeaveNothing() throws {
    let huge = try TinyAdapter.make(in: scratch, named: "huge", deviation: 1e4)
    let outcome = try merge(
      "--adapter", huge, "--dtype", "f16", "--output-dir", scratch.path("out"))
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("beyond 65504"))
    #expect(!scratch.names.contains { $0.contains("out") })
  }
}

/// An adapter of `TinyModel`, drawn at random.
enum TinyAdapter {
  static func make(
    in scratch: Scratch, named name: String = "adapter", deviation: Double = 0.3
  ) throws -> String {
    let folder = scratch.url(name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let config: JSONValue = [
      "peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"],
      "task_type": "CAUSAL_LM", "base_model_name_or_path": nil,
    ]
    try scratch.write(config.text(), to: name + "/adapter_config.json")
    let sizes = [("q_proj", TinyModel.heads), ("v_proj", TinyModel.keyHeads)]
    let sources = sizes.flatMap { module, heads -> [TensorSource] in
      let path = "base_model.model.model.layers.0.self_attn.\(module).lora_"
      return [("A", 4, TinyModel.hidden), ("B", heads * TinyModel.width, 4)].map {
        part, rows, columns in
        let random = Random(seed: 3, stream: Random.stream(module + part))
        return TensorSource(
          name: path + part + ".weight", shape: [rows, columns],
          values: (0..<rows * columns).map { Float(random.normal($0) * deviation) })
      }
    }
    try SafeTensorsWriter.write(
      sources, to: folder.appending(path: "adapter_model.safetensors").path)
    return folder.path
  }
}
