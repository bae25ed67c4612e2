import Foundation
import JSON
import Testing

/// What the program says to somebody who does not know it.
@Suite struct ComfortTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test(arguments: [
    ("trian --task instruct", "host has no verb 'trian'; did you mean 'train'?"),
    ("help trian", "host has no verb 'trian'; did you mean 'train'?"),
    ("data shwo --task instruct", "host data has no verb 'shwo'; did you mean 'show'?"),
    ("inspect runs out", "host inspect has no verb 'runs'; did you mean 'run'?"),
    ("config learning_ratee", "did you mean 'learning_rate'?"),
    ("evaluate --task instruct --limit -3", "--limit must be greater than 0"),
    ("generate --model nano-qwen3 --prompt a --temperature -1", "temperature"),
    (
      "train --task instrct",
      "there is no task 'instrct'; did you mean 'instruct'? host plugins list"
    ),
  ])
  func aSlipGetsTheWordThatWasMeant(line: String, sentence: String) throws {
    let outcome = try HostProgram.shell("host " + line)
    #expect(outcome.code != 0 && outcome.errors.contains(sentence), "\(outcome.errors)")
    #expect(!outcome.errors.contains("Missing value") && !outcome.errors.contains("searched for"))
  }

  @Test func theReferenceExplainsAKey() throws {
    for line in ["config training_args.max_length", "help config max_length", "config cutoff_len"] {
      let outcome = try HostProgram.shell("host " + line)
      #expect(outcome.code == 0, "\(outcome.errors)")
      for part in ["training_args.max_length", "default  1024", "cutoff_len", "sequence_len"] {
        #expect(outcome.output.contains(part), "\(outcome.output)")
      }
    }
    let foreign = try HostProgram.shell("host config optim")
    #expect(foreign.output.contains("the optimizer is AdamW, always"))
    let all = try HostProgram.shell("host config")
    #expect(all.output.contains("  max_length: 1024") && all.output.contains("task: null"))
    let schema = try HostProgram.shell("host config-schema").json()
    #expect(schema["properties"]?["peft"]?["properties"]?["r"]?["type"] == "integer")
  }

  /// What was made for the small model that comes with the program stays with it.
  @Test func anotherModelHasDefaultsOfItsOwn() throws {
    let copy = scratch.path("another")
    try FileManager.default.copyItem(
      at: HostProgram.package.appending(path: "tasks/models/nano-qwen3"),
      to: URL(filePath: copy))
    func plan(_ more: String) throws -> JSONValue? {
      let outcome = try HostProgram.shell("host plan --task instruct --json " + more)
      #expect(outcome.code == 0, "\(outcome.errors)")
      return try outcome.json()["recipe"]?["training_args"]
    }
    let own = try plan(""), other = try plan("--model \(copy)")
    #expect(own?["learning_rate"]?.double == 4e-3 && own?["max_length"] == 256)
    #expect(other?["learning_rate"]?.double == 2e-4 && other?["max_length"] == 1024)
    #expect(try plan("--model \(copy) --set peft.method=full")?["learning_rate"]?.double == 1e-5)
    #expect(try plan("--model nano-qwen3") == own)
  }

  /// A plan takes the words of a run, says who set what, and trains nothing.
  @Test func aPlanIsADryRun() throws {
    let words =
      "--task instruct --output-dir \(scratch.path("out")) --max-steps 3 --batch-size 4"
      + " --learning-rate 1e-3 --lora-r 4 --lora-alpha 8 --epochs 2"
    let plan = try HostProgram.shell("host plan \(words)")
    #expect(plan.code == 0, "\(plan.errors)")
    for (key, origin) in [
      ("max_steps: 3", "# --max-steps 3"), ("r: 4", "# --lora-r 4"),
      ("max_length: 256", "# tasks/instruct/task.yaml:"),
    ] {
      let line = plan.output.split(separator: "\n").first { $0.contains(key) }
      #expect(line?.contains(origin) == true, "\(line ?? "no \(key)")")
    }
    let dry = try HostProgram.shell("host train \(words) --dry-run")
    #expect(dry.code == 0 && !scratch.holds("out"), "\(dry.errors)")
    func recipe(_ text: String) -> Substring {
      text[..<(text.firstRange(of: "# rows")?.lowerBound ?? text.endIndex)]
    }
    #expect(recipe(dry.output) == recipe(plan.output))
  }

  @Test func aModelThatIsNoneIsNamedForWhatItIs() throws {
    let manager = FileManager.default
    let model = HostProgram.package.appending(path: "tasks/models/nano-qwen3")
    try manager.copyItem(at: model, to: scratch.url("pointer"))
    try scratch.write(
      "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n",
      to: "pointer/model.safetensors")
    try manager.createDirectory(at: scratch.url("adapter"), withIntermediateDirectories: true)
    try scratch.write(
      #"{"peft_type": "LORA", "base_model_name_or_path": "org/base"}"#,
      to: "adapter/adapter_config.json")
    try manager.createDirectory(at: scratch.url("run/last"), withIntermediateDirectories: true)
    try scratch.write("{}", to: "run/last/adapter_config.json")
    let file = model.appending(path: "model.safetensors").path
    let cases = [
      ("--model \(scratch.path("pointer"))", "is a Git LFS pointer, not the file itself"),
      ("--model \(file)", "is a file; give the model's folder: \(model.path)"),
      ("--model \(scratch.path("adapter"))", "is an adapter, not a model; give it as --adapter"),
      ("--model nano-qwen", "did you mean 'nano-qwen3'?"),
      ("--model org/none", "host download org/none"),
      ("--model nano-qwen3 --adapter \(scratch.path("none"))", "there is no such adapter folder"),
      ("--model nano-qwen3 --adapter \(model.path)", "is a model, not an adapter"),
      ("--model nano-qwen3 --adapter \(scratch.path("run"))", "has not come to its end"),
    ]
    for (words, sentence) in cases {
      let outcome = try HostProgram.shell("host generate --prompt a \(words)")
      #expect(outcome.code == 65 && outcome.errors.contains(sentence), "\(outcome.errors)")
    }
  }

  @Test(arguments: [("TERM", 143), ("HUP", 129), ("INT", 130)])
  func aSignalIsAcknowledgedAndSaves(signal: String, code: Int32) throws {
    let out = scratch.path("out")
    let outcome = try HostProgram.shell(
      """
      host train --task hri_dialogue --output-dir \(out) --max-steps 100000 --batch-size 2 \
        --set evaluation.max_samples=1 --set training_args.save_steps=2 & program=$!
      until [ -e \(out)/checkpoint-2 ]; do kill -0 $program || exit 99; done
      kill -\(signal) $program; wait $program
      """)
    #expect(outcome.code == code, "\(outcome.errors)")
    #expect(outcome.errors.contains("interrupted: "), "\(outcome.errors)")
    #expect(outcome.errors.contains(" is saved; the same command with --resume"))
  }

  /// The clock saves, whatever the interval of steps.
  @Test func checkpointsComeByTheClock() throws {
    let outcome = try HostProgram.shell(
      "host train --task hri_dialogue --output-dir \(scratch.path("out")) --max-steps 5 --batch-size 2"
        + " --set evaluation.max_samples=1 --set generation.max_new_tokens=1"
        + " --set training_args.save_minutes=0.00001 --set training_args.save_total_limit=null"
        + " --set training_args.eval_steps=5 --set training_args.save_steps=5"
        + " --set training_args.logging_steps=1")
    #expect(outcome.code == 0, "\(outcome.errors)")
    for step in 1...5 { #expect(scratch.holds("out/checkpoint-\(step)"), "\(step)") }
    // The run's page has its head, its curves and its answers; the receipt tells the time.
    let page = try String(contentsOf: scratch.url("out/report.html"), encoding: .utf8)
    for part in ["<dt>model</dt>", "<h2>Training</h2>", "learning_rate", "sample_answers"] {
      #expect(page.contains(part), "\(part)")
    }
    let receipt = try JSONValue(
      parsing: String(contentsOf: scratch.url("out/run.json"), encoding: .utf8))
    #expect(receipt["time"]?["steps"] == 5 && receipt["time"]?["seconds"]?.double ?? 0 > 0)
    let run = try HostProgram.run("inspect", "run", scratch.path("out"))
    #expect(run.code == 0 && run.output.contains("█"), "\(run.output)")
  }

  /// A dialogue that is no terminal's is read line by line; its commands are the same.
  @Test func aDialogueObeysItsCommands() throws {
    let outcome = try HostProgram.shell(
      """
      printf '%s\\n' /help hello '/save \(scratch.path("d.json"))' /rest '/system be brief' \
        '/load \(scratch.path("d.json"))' //hm /quit never \
        | host chat --model nano-qwen3 --max-new-tokens 4
      """)
    #expect(outcome.code == 0, "\(outcome.errors)")
    for part in [
      "/load FILE", "there is no command /rest; did you mean /reset?", "with this system message",
      "goes on after 2 messages", "(cut after 4 tokens; --max-new-tokens sets the limit)",
    ] {
      #expect(outcome.errors.contains(part), "\(outcome.errors)")
    }
    let saved = try JSONValue(
      parsing: String(contentsOf: scratch.url("d.json"), encoding: .utf8))["messages"]
    #expect(saved?[0]?["content"] == "hello" && saved?[1]?["role"] == "assistant")
    #expect(!outcome.output.isEmpty)
  }

  @Test func conversationsComeThroughPipes() throws {
    let json = #"[{\"role\": \"user\", \"content\": \"hi\"}]"#
    let outcome = try HostProgram.shell(
      """
      echo "\(json)" | host generate --model nano-qwen3 --messages - --max-new-tokens 3
      host generate --model nano-qwen3 --messages <(echo "\(json)") --max-new-tokens 3
      """)
    #expect(outcome.code == 0, "\(outcome.errors)")
  }
}
