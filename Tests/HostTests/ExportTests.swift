import Formats
import Foundation
import JSON
import Testing

/// `host export`, and GGUF files as models, with the built program.
@Suite struct ExportTests {
  private let scratch: Scratch, model: String, adapter: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
    adapter = try TinyAdapter.make(in: scratch)
  }

  private func logits(_ model: String, _ more: String...) throws -> [Float] {
    try TinyModel.logits(of: model, more, in: scratch)
  }

  private func distance(_ one: [Float], _ other: [Float]) -> Float {
    guard one.count == other.count else { return .infinity }
    return zip(one, other).map { abs($0 - $1) }.max() ?? .infinity
  }

  private func gguf(_ type: String, _ more: String...) throws -> String {
    let path = scratch.path("\(type).gguf")
    let outcome = try HostProgram.run(
      ["export", "--model", model, "--format", "gguf", "--type", type, "--output", path] + more)
    try #require(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("the same token ids"))
    return path
  }

  @Test func aGGUFFileIsAModel() throws {
    let path = try gguf("F32")
    #expect(try logits(path) == logits(model))
    let report = try HostProgram.run("inspect", "model", "--model", path, "--json").json()
    #expect(report["architecture"] == "Qwen3ForCausalLM" && report["tie_word_embeddings"] == true)
    for texts in [#"["one two"]"#, "héllo, wörld 12345"] {
      let file = try scratch.write(texts, to: "texts")
      let arguments = ["inspect", "tokens", "--text-file", file, "--model"]
      let (theirs, ours) = (
        try HostProgram.run(arguments + [model]), try HostProgram.run(arguments + [path])
      )
      #expect(theirs.output == ours.output && ours.code == 0, "\(ours.errors)")
    }
    let messages = try scratch.write(#"[{"role": "user", "content": "Hi"}]"#, to: "m.json")
    let prompt = [
      "inspect", "prompt", "--messages", messages, "--add-generation-prompt", "--model",
    ]
    #expect(try HostProgram.run(prompt + [path]).output == HostProgram.run(prompt + [model]).output)
  }

  @Test func adaptersAreMergedIntoFilesAndTrainedOnThem() throws {
    let path = try gguf("F32", "--adapter", adapter)
    #expect(distance(try logits(path), try logits(model, "--adapter", adapter)) < 1e-5)
    // The same on the way of a folder that is quantized on load.
    let plain = scratch.path("plain.gguf")
    _ = try HostProgram.run(
      "export", "--model", model, "--format", "gguf", "--type", "F32", "--output", plain)
    let quantized = try logits(plain, "--quantization", "nf4")
    #expect(quantized == (try logits(model, "--quantization", "nf4")))
    let data = try scratch.write(
      #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#,
      to: "rows.jsonl")
    let out = scratch.path("run")
    let trained = try HostProgram.shell(
      "host train --task instruct --model \(plain) --output-dir \(out) --max-steps 1"
        + " --set data.train=\(data) --set data.validation=null"
        + " --set evaluation.predict_with_generate=false")
    try #require(trained.code == 0, "\(trained.errors)")
    let config = try JSONValue(readingFile: out + "/adapter_config.json")
    #expect(config["base_model_name_or_path"]?.string == FileSystem.resolved(plain))
    let merged = try HostProgram.run(
      "merge", "--model", plain, "--adapter", out, "--output-dir", scratch.path("merged"))
    #expect(merged.code == 0, "\(merged.errors)")
  }

  @Test func bakedAdaptersSayTheSame() throws {
    var config = try JSONValue(readingFile: adapter + "/adapter_config.json")
    config = config.setting("use_rslora", true).setting("alpha_pattern", ["v_proj": 3])
    try scratch.write(config.text(), to: "adapter/adapter_config.json")
    let out = scratch.path("vllm")
    let outcome = try HostProgram.run(
      "export", "--model", model, "--adapter", adapter, "--for", "vllm", "--output-dir", out,
      "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(try outcome.json()["output"]?.string == out)
    let baked = try JSONValue(readingFile: out + "/adapter_config.json")
    #expect(baked["lora_alpha"] == baked["r"] && baked["use_rslora"] == false)
    #expect(baked["alpha_pattern"] == .emptyObject)
    #expect(
      distance(try logits(model, "--adapter", out), try logits(model, "--adapter", adapter)) < 1e-5)
  }

  @Test func anAdapterLeavesAsPairs() throws {
    let out = scratch.path("pairs")
    let outcome = try HostProgram.run(
      "export", "--model", model, "--adapter", adapter, "--for", "llama.cpp", "--output-dir", out)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let file = try GGUFFile(path: out + "/adapter.gguf")
    #expect(file.metadata["general.type"] == .string("adapter"))
    #expect(file.metadata["adapter.lora.alpha"] == .float32(4))
    #expect(file.entries["blk.0.attn_q.weight.lora_a"]?.shape == [4, TinyModel.hidden])
    #expect(file.entries.count == 4)
    let asModel = try HostProgram.run(
      "inspect", "model", "--model", out + "/adapter.gguf")
    #expect(asModel.code == 65 && asModel.errors.contains("holds an adapter"))
  }

  @Test func ollamaIsToldTheTemplateInItsOwnWords() throws {
    let out = scratch.path("ollama")
    let outcome = try HostProgram.run(
      "export", "--model", model, "--adapter", adapter, "--for", "ollama", "--type", "Q8_0",
      "--output-dir", out)
    try #require(outcome.code == 0, "\(outcome.errors)")
    let text = try FileSystem.text(of: out + "/Modelfile")
    #expect(text.hasPrefix("FROM ./model.gguf\n"))
    #expect(text.contains("{{ range .Messages }}") && text.contains("<|im_start|>user\n"))
    #expect(text.contains(#"PARAMETER stop "<|im_end|>""#))
    #expect(scratch.holds("ollama/model.gguf"))
  }

  /// Templates that set texts around messages, in the manner of several families, and what of them Ollama
  /// must be told.
  @Test(arguments: [
    (
      "{% if messages[0].role != 'system' %}<|im_start|>system\nBe brief.<|im_end|>\n{% endif %}"
        + "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
      ["SYSTEM \"\"\"Be brief.\"\"\"", "<|im_start|>system\n{{ .Content }}<|im_end|>"]
    ),
    (
      "<begin>{% for m in messages %}[{{ m.role }}]: {{ m.content | trim }}<|im_end|>{% endfor %}"
        + "{% if add_generation_prompt %}[assistant]: {% endif %}",
      ["TEMPLATE \"\"\"<begin>{{ range .Messages }}", "[assistant]: \"\"\""]
    ),
    (
      "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
        + "<{{ m.role }}>{{ m.content }}<|im_end|>{% endfor %}"
        + "{% if add_generation_prompt %}<assistant>{% endif %}",
      ["{{ if eq .Role \"user\" }}<user>{{ .Content }}<|im_end|>"]
    ),
  ])
  func templatesBecomeGos(template: String, parts: [String]) throws {
    try scratch.write(template, to: "model/chat_template.jinja")
    let out = scratch.path("ollama")
    let outcome = try HostProgram.run(
      "export", "--model", model, "--for", "ollama", "--type", "F16", "--output-dir", out)
    try #require(outcome.code == 0, "\(outcome.errors)")
    let text = try FileSystem.text(of: out + "/Modelfile")
    for part in parts { #expect(text.contains(part), "\(text)") }
  }

  @Test(arguments: [
    "{% for m in messages %}{{ loop.index }} {{ m.content }}<|im_end|>{% endfor %}> ",
    "{% for m in messages %}{{ m.content | upper }}<|im_end|>{% endfor %}> ",
  ])
  func templatesThatDoMoreAreRefused(template: String) throws {
    try scratch.write(template, to: "model/chat_template.jinja")
    let outcome = try HostProgram.run(
      "export", "--model", model, "--for", "ollama", "--output-dir", scratch.path("ollama"))
    #expect(outcome.code == 65 && outcome.errors.contains("Modelfile by hand"), "\(outcome.errors)")
    #expect(!scratch.holds("ollama"))
  }

  @Test func forPEFTAnAdapterStaysAsItIs() throws {
    let out = scratch.path("peft")
    let outcome = try HostProgram.run(
      "export", "--model", model, "--adapter", adapter, "--for", "peft", "--output-dir", out)
    #expect(outcome.code == 0, "\(outcome.errors)")
    for name in ["adapter_config.json", "adapter_model.safetensors"] {
      #expect(try FileDigest(ofFile: out + "/" + name) == FileDigest(ofFile: adapter + "/" + name))
    }
  }

  @Test(arguments: [
    ("--format gguf --type Q3_K --output out", 64, "Q4_K_M"),
    ("--format gguf --type F16", 64, "--output"),
    ("--format onnx --output out", 64, "'onnx'"), ("--format hf --output out", 64, "host merge"),
    ("--format gguf --for vllm --output out", 64, "either"),
    ("--for tgi --output-dir out", 64, "'tgi'"), ("--for vllm --output-dir out", 64, "--adapter"),
    ("--for vllm --type F16 --adapter adapter --output-dir out", 64, "--type"),
    ("--for vllm --quantization nf4 --adapter adapter --output-dir out", 64, "--quantization"),
    ("--format gguf --output model", 64, "exists already"),
    ("--for peft --adapter adapter --output-dir adapter", 64, "exists already"),
    ("--for vllm --adapter nowhere --output-dir out", 65, "nowhere"),
    ("--format gguf --adapter adapter/x --output out", 65, "adapter/x"),
  ])
  func badRequestsAreOneSentence(options: String, code: Int, part: String) throws {
    let outcome = try HostProgram.shell(
      "cd \(scratch.folder.path) && host export --model \(model) " + options)
    #expect(Int(outcome.code) == code, "\(outcome.errors)")
    #expect(outcome.errors.contains(part), "\(outcome.errors)")
    #expect(!scratch.holds("out"))
  }

  @Test func whatHasNoFormElsewhereIsToBeMerged() throws {
    var config = try JSONValue(readingFile: adapter + "/adapter_config.json")
    config = config.setting("modules_to_save", ["lm_head"])
    try scratch.write(config.text(), to: "adapter/adapter_config.json")
    let path = adapter + "/adapter_model.safetensors", file = try SafeTensorsFile(path: path)
    let (rows, columns) = (TinyModel.vocabulary, TinyModel.hidden)
    let head = TensorSource(
      name: "base_model.model.lm_head.weight", shape: [rows, columns],
      values: .init(repeating: 0.1, count: rows * columns))
    let old = file.entries.values.map { TensorSource(copying: $0, of: file.file) }
    try SafeTensorsWriter.write(old + [head], to: path + ".new")
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.moveItem(atPath: path + ".new", toPath: path)
    for reader in ["vllm", "llama.cpp"] {
      let outcome = try HostProgram.run(
        "export", "--model", model, "--adapter", adapter, "--for", reader, "--output-dir",
        scratch.path("out"))
      #expect(outcome.code == 65 && outcome.errors.contains("host merge"), "\(outcome.errors)")
      #expect(!scratch.holds("out"))
    }
    // Merged, the head is one of its own.
    let merged = try HostProgram.run(
      "merge", "--model", model, "--adapter", adapter, "--output-dir", scratch.path("merged"),
      "--json")
    #expect(try merged.json()["untied"] == true, "\(merged.errors)")
  }

  @Test(arguments: [(16, "no GGUF file"), (3000, "truncated"), (40_000, "truncated")])
  func aFileCutShortIsOneSentence(length: Int, part: String) throws {
    let path = try gguf("Q8_0")
    let bytes = try Data(contentsOf: URL(filePath: path))
    try bytes.prefix(length).write(to: scratch.url("cut.gguf"))
    let outcome = try HostProgram.run(
      "generate", "--model", scratch.path("cut.gguf"), "--prompt", "a")
    #expect(outcome.code == 65 && outcome.errors.contains(part), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1)
  }

  /// Whether a small file system can be made here.
  private static let canMount =
    (try? HostProgram.shell(
      "d=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs $d && umount $d; c=$?; rmdir $d; exit $c"
    ))?.code == 0

  @Test(.enabled(if: canMount)) func aFullDiskLeavesNothing() throws {
    let disk = scratch.path("disk")
    let outcome = try HostProgram.shell(
      """
      mkdir \(disk) && mount -t tmpfs -o size=64k tmpfs \(disk) || exit
      host export --model \(model) --format gguf --type F32 --output \(disk)/m.gguf; a=$?
      host merge --model \(model) --adapter \(adapter) --output-dir \(disk)/merged; b=$?
      ls -A \(disk); umount \(disk); echo codes $a $b
      """)
    #expect(outcome.output == "codes 1 1\n", "\(outcome.output)")
    #expect(outcome.errors.contains("No space left on device"), "\(outcome.errors)")
  }
}
