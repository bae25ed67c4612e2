import Foundation
import JSON
import Testing

/// Nothing is written into what is read, and no folder has two writers.
@Suite struct OutputFolderTests {
  private let scratch: Scratch, model: String, rows: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
    let lines = (0..<8).map {
      #"{"messages": [{"role": "user", "content": "\#($0)?"}, "#
        + #"{"role": "assistant", "content": "it is \#($0)"}]}"#
    }
    rows = try scratch.write(lines.joined(separator: "\n") + "\n", to: "rows.jsonl")
  }

  private func train(_ more: String) -> String {
    "host train --task instruct --model \(model) --set data.train=\(rows)"
      + " --set data.validation=null --max-steps 2 " + more
  }

  /// The bytes of all files below a folder, by name.
  private func content(_ folder: String) throws -> [String: Data] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
    return names.reduce(into: [:]) { content, name in
      content[name] = try? Data(contentsOf: URL(filePath: folder + "/" + name))
    }
  }

  @Test(arguments: ["lora", "full"]) func theBasesFolderIsRefused(method: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("link"), withDestinationPath: "model")
    let before = try content(model)
    for place in ["model", "link", "model/.", "model/", "link/../model", "model/run"] {
      for more in ["", "--overwrite", "--resume"] {
        let outcome = try HostProgram.shell(
          train("--output-dir \(scratch.path(place)) --set peft.method=\(method) \(more)"))
        #expect(outcome.code == 64 && outcome.errors.contains("output_dir"), "\(outcome.errors)")
        #expect(outcome.errors.contains("model_name_or_path"), "\(outcome.errors)")
      }
    }
    #expect(try content(model) == before)
  }

  @Test func aModelOfOthersIsKept() throws {
    try FileManager.default.copyItem(at: scratch.url("model"), to: scratch.url("other"))
    let before = try content(scratch.path("other"))
    let outcome = try HostProgram.shell(train("--output-dir \(scratch.path("other"))"))
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("holds a model (config.json, model.safetensors)"))
    #expect(try content(scratch.path("other")) == before)
    // Asked for, the model goes: weights and an adapter in one folder would be loaded together.
    let replaced = try HostProgram.shell(
      train("--output-dir \(scratch.path("other")) --overwrite"))
    #expect(replaced.code == 0, "\(replaced.errors)")
    #expect(scratch.holds("other/adapter_model.safetensors"))
    #expect(!scratch.holds("other/model.safetensors") && !scratch.holds("other/config.json"))
  }

  @Test func theFirstAdapterIsSpared() throws {
    try #require(try HostProgram.shell(train("--output-dir \(scratch.path("first"))")).code == 0)
    let before = try content(scratch.path("first"))
    for place in ["first", "first/second"] {
      let outcome = try HostProgram.shell(
        train("--output-dir \(scratch.path(place))")
          + " --set peft.adapter_name_or_path=\(scratch.path("first"))")
      #expect(outcome.code == 64 && outcome.errors.contains("adapter_name_or_path"))
    }
    for place in ["checkpoint-2", "last", "best", "logs/x"] {
      let outcome = try HostProgram.shell(
        train("--overwrite --output-dir \(scratch.path("first/" + place))"))
      #expect(outcome.code == 65 && outcome.errors.contains("is a part of the run in"))
    }
    #expect(try content(scratch.path("first")) == before)
  }

  /// The other verbs that write.
  @Test func noVerbWritesIntoWhatItReads() throws {
    let task = "--task instruct --model \(model) --set data.train=\(rows)"
    let before = try content(scratch.folder.path)
    for (line, part) in [
      ("host quantize --model \(model) --output-dir \(model)/q", "--model"),
      ("host data prepare \(task) --output-dir \(model)/rows", "model_name_or_path"),
      ("host data export \(task) --out \(rows)", "data.train"),
      ("host data export \(task) --out \(model)/rows.jsonl", "model_name_or_path"),
      (
        "host inspect logits --model \(model) --ids 1 --out \(model)/model.safetensors", "--model"
      ),
      (
        "host evaluate \(task) --split train --report-dir \(model)", "model_name_or_path"
      ),
      ("host evaluate \(task) --split train --predictions \(rows)", "data.train"),
    ] {
      let outcome = try HostProgram.shell(line)
      #expect(outcome.code == 64 && outcome.errors.contains(part), "\(line): \(outcome.errors)")
    }
    #expect(try content(scratch.folder.path) == before)
  }

  /// A rename puts a file in the place of anything; run by root, in that of a device.
  @Test func noVerbReplacesWhatIsNoFile() throws {
    let outer = try Scratch(), pipe = outer.path("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    let task = "--task instruct --model \(model) --set data.train=\(rows)"
    let clip = HostProgram.package.appending(
      path: "tasks/speech_drama/sample/audio/role-train-08.flac"
    ).path
    let answers = try scratch.write(
      #"{"prompt": "a", "completion": "b"}"# + "\n", to: "answers.jsonl")
    for line in [
      "host quantize --model \(model) --output-dir \(pipe)",
      "host data prepare \(task) --output-dir \(pipe) --overwrite",
      "host data export \(task) --out \(pipe)",
      "host inspect logits --model \(model) --ids 1 --out \(pipe)",
      "host evaluate \(task) --split train --report-dir \(pipe)",
      "host evaluate \(task) --split train --predictions \(pipe)",
      "host compare \(task) --split train --adapter \(model) --report-dir \(pipe)",
      "host reward try --reward length --data \(answers) --output \(pipe)",
      "host audio probe \(clip) --png \(pipe)",
      "host plugins new mine --kind reward --language c --directory \(pipe)",
      train("--output-dir \(pipe)"),
    ] {
      let outcome = try HostProgram.shell("timeout 60 " + line)
      #expect([1, 64, 65].contains(outcome.code), "\(line): \(outcome.code)")
      #expect(outcome.errors.contains(pipe), "\(line): \(outcome.errors)")
      var status = stat()
      #expect(lstat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO, "\(line)")
    }
    #expect(outer.names == ["pipe"])
  }

  @Test func noReportGoesIntoAnAdapter() throws {
    let run = scratch.path("run"), other = scratch.path("other")
    try #require(try HostProgram.shell(train("--output-dir \(run)")).code == 0)
    // An adapter that no run of this program wrote.
    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
    for name in ["adapter_config.json", "adapter_model.safetensors"] {
      try FileManager.default.copyItem(atPath: "\(run)/\(name)", toPath: "\(other)/\(name)")
    }
    let task =
      "--task instruct --model \(model) --set data.train=\(rows) --set data.validation=\(rows)"
      + " --split validation"
    let before = try content(scratch.folder.path)
    for (line, part) in [
      ("host evaluate \(task) --adapter \(other) --report-dir \(other)", "--adapter"),
      ("host evaluate \(task) --adapter \(other) --report-dir \(other)/report", "--adapter"),
      ("host evaluate \(task) --adapter \(other) --predictions \(other)/new.jsonl", "--adapter"),
      ("host compare \(task) --adapter \(other) --report-dir \(other)", "--adapter"),
      (
        "host evaluate \(task) --adapter \(run) --predictions \(run)/adapter_model.safetensors",
        "--adapter"
      ),
      ("host evaluate \(task) --adapter \(run) --predictions \(run)/run.json", "--adapter"),
      ("host evaluate \(task) --adapter \(run) --report-dir \(run)/last", "is a part of the run"),
    ] {
      let outcome = try HostProgram.shell(line)
      #expect([64, 65].contains(outcome.code) && outcome.errors.contains(part), "\(line)")
    }
    #expect(try content(scratch.folder.path) == before)
  }

  /// What the earlier run copied from its base would stand beside another base's weights.
  @Test func anEarlierBasesFilesGoWithTheRun() throws {
    let templates = model + "/additional_chat_templates", out = scratch.path("out")
    try FileManager.default.createDirectory(atPath: templates, withIntermediateDirectories: true)
    for name in ["additional_chat_templates/rag.jinja", "legal.txt", "changed.txt"] {
      try scratch.write("earlier", to: "model/" + name)
    }
    try #require(
      try HostProgram.shell(train("--output-dir \(out) --set peft.method=full")).code == 0)
    #expect(scratch.holds("out/legal.txt") && scratch.holds("out/additional_chat_templates"))
    for name in ["additional_chat_templates", "legal.txt", "changed.txt"] {
      try FileManager.default.removeItem(atPath: model + "/" + name)
    }
    for name in ["changed.txt", "mine.txt"] { try scratch.write("the user's", to: "out/" + name) }
    let outcome = try HostProgram.shell(train("--output-dir \(out) --overwrite"))
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(!scratch.holds("out/legal.txt") && !scratch.holds("out/additional_chat_templates"))
    #expect(scratch.holds("out/changed.txt") && scratch.holds("out/mine.txt"))
    #expect(scratch.holds("out/tokenizer.json"))
  }

  /// Two runs in one folder: the second is refused at once while the first lives, whatever it wants
  /// there; a process that is killed leaves nothing in the way.
  @Test func aFolderHasOneRunAtATime() throws {
    let out = scratch.path("out")
    let run =
      train("--output-dir \(out)").replacing("--max-steps 2", with: "--max-steps 1000000")
      + " --set training_args.save_steps=20 --set training_args.learning_rate=1e-6"
    let outcome = try HostProgram.shell(
      """
      \(run) 2>/dev/null & program=$!
      until [ -e \(out)/checkpoint-20 ]; do kill -0 $program || exit 99; done
      echo "pid $program"
      for more in "" --resume --overwrite "--output-dir \(scratch.path("out/."))"; do
        \(run) $more; echo "code $?"
      done
      host evaluate --task instruct --model \(model) --set data.validation=\(rows) --limit 1 \
        --report-dir \(out); echo "code $?"
      kill -9 $program; wait $program
      \(run) --resume & program=$!
      until [ -e \(out)/.lock ] && grep -q "pid $program" \(out)/.lock; do
        kill -0 $program || exit 98
      done
      kill -INT $program; wait $program; echo "code $?"
      """)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n")
    #expect(
      lines.dropFirst() == ["code 65", "code 65", "code 65", "code 65", "code 65", "code 130"])
    let refusal = "another process is training here, \(lines.first ?? "")"
    #expect(outcome.errors.components(separatedBy: refusal).count == 6, "\(outcome.errors)")
    #expect(outcome.errors.contains("resumed from checkpoint-"))
    #expect(!scratch.holds("out/.lock"))
    // What was written is whole, and one run's.
    let steps = try String(contentsOf: scratch.url("out/metrics.jsonl"), encoding: .utf8)
      .split(separator: "\n").compactMap { try JSONValue(parsing: String($0))["step"]?.int }
    #expect(steps == steps.sorted() && Set(steps).count == steps.count)
  }

  /// A fully tuned model has all that the base has beside its weights.
  @Test func aWholeModelIsAWholeFolder() throws {
    let base = HostProgram.package.appending(path: "tasks/models/nano-qwen2-audio").path
    let copy = scratch.path("base"), manager = FileManager.default
    try manager.copyItem(atPath: base, toPath: copy)
    let more = [
      "processor_config.json", "chat_template.json", "added_tokens.json", "LICENSE",
      "additional_chat_templates/tool_use.jinja", "tokenizer.model",
    ]
    try manager.createDirectory(
      atPath: copy + "/additional_chat_templates", withIntermediateDirectories: true)
    for name in more { try Data("{}".utf8).write(to: URL(filePath: copy + "/" + name)) }
    let outcome = try HostProgram.shell(
      "host train --task speech_drama --model \(copy) --output-dir \(scratch.path("out"))"
        + " --set peft.method=full --max-steps 1 --set evaluation.max_samples=2")
    try #require(outcome.code == 0, "\(outcome.errors)")
    let quantized = try HostProgram.shell(
      "host quantize --model \(copy) --output-dir \(scratch.path("quantized"))")
    try #require(quantized.code == 0, "\(quantized.errors)")
    let names = try manager.subpathsOfDirectory(atPath: copy).filter {
      var isFolder: ObjCBool = false
      _ = manager.fileExists(atPath: copy + "/" + $0, isDirectory: &isFolder)
      return !isFolder.boolValue && !["README.md", "config.json", "model.safetensors"].contains($0)
    }
    #expect(names.contains("preprocessor_config.json") && Set(names).isSuperset(of: more))
    for folder in ["out", "out/checkpoint-1", "quantized"] {
      for name in names {
        #expect(
          manager.contentsEqual(
            atPath: copy + "/" + name, andPath: scratch.path(folder + "/" + name)),
          "\(folder)/\(name)")
      }
    }
  }
}
