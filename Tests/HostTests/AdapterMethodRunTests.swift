import Formats
import Foundation
import JSON
import Testing

/// Runs of adapters of several methods: resumed, on quantized bases, under other objectives, merged.
@Suite struct AdapterMethodRunTests {
  private let scratch: Scratch, model: String

  init() throws {
    scratch = try Scratch()
    model = try TinyModel.make(in: scratch)
    try TinyModel.writeRows(in: scratch)
  }

  private static func set(_ settings: String...) -> String {
    settings.map { " --set '\($0)'" }.joined()
  }

  private static let adaLoRA = set(
    "peft.method=adalora", "peft.init_r=4", "peft.target_r=2", "peft.tinit=1", "peft.tfinal=2")
  private static let methods = [
    set("peft.method=ia3"), adaLoRA,
    set("peft.use_dora=true", "peft.r=4", "peft.lora_dropout=0.2"),
    set("peft.init_lora_weights=pissa_niter_4", "peft.r=4", "peft.lora_dropout=0.2"),
    set(
      "peft.target_modules=[q_proj,embed_tokens,lm_head]", "peft.r=4",
      "peft.modules_to_save=[norm]", "peft.loraplus_lr_ratio=4"),
    set("peft.trainable_token_indices=[5,6]", "peft.r=4", "peft.init_lora_weights=gaussian"),
  ]

  private func train(
    _ more: String, task: String = "instruct", rows: String = "rows.jsonl", out: String = "out"
  ) throws -> HostProgram.Outcome {
    try HostProgram.shell(
      "host train --task \(task) --model \(model) --output-dir \(scratch.path(out))"
        + " --set data.train=\(scratch.path(rows)) --set data.validation=null"
        + " --max-steps 6 --batch-size 2 --learning-rate 1e-2 --seed 3"
        + " --set training_args.logging_steps=1 --set training_args.save_steps=2"
        + " --set training_args.save_total_limit=null" + more)
  }

  private func weights(_ place: String) throws -> Data {
    try Data(contentsOf: scratch.url(place + "/adapter_model.safetensors"))
  }

  private func rows(_ out: String) throws -> [JSONValue] {
    try String(contentsOf: scratch.url(out + "/metrics.jsonl"), encoding: .utf8)
      .split(separator: "\n").compactMap { try JSONValue(parsing: String($0)) }
  }

  @Test(
    arguments: zip(
      methods,
      [
        "load_in_8bit=true", "load_in_4bit=false", "load_in_4bit=true", "load_in_4bit=true",
        "load_in_8bit=false", "load_in_4bit=false",
      ]))
  func aResumedRunIsTheSame(method: String, base: String) throws {
    let method = method + " --set quantization_config.\(base)"
    let whole = try train(method)
    try #require(whole.code == 0, "\(whole.errors)")
    let expected = try weights("out"), told = try rows("out")
    for name in ["checkpoint-6", "last", "adapter_model.safetensors"] {
      try FileManager.default.removeItem(atPath: scratch.path("out/" + name))
    }
    let resumed = try train(method, out: "out")
    #expect(resumed.code != 0)
    let again = try train(method + " --resume")
    try #require(again.code == 0, "\(again.errors)")
    #expect(try weights("out") == expected)
    #expect(try rows("out").map { $0["loss"] } == told.map { $0["loss"] })
  }

  @Test func ranksAreTakenAwayAndToldOf() throws {
    let run = try train(Self.adaLoRA)
    try #require(run.code == 0, "\(run.errors)")
    let budgets = try rows("out").compactMap { $0["rank_budget"]?.double }
    #expect(budgets.count == 6 && budgets.last == budgets[4])
    #expect(budgets.first == 2 * budgets[5])
    #expect(try rows("out").compactMap { $0["ranks_in_use"]?.double }.last == budgets[5])
    let config = try JSONValue(readingFile: scratch.path("out/adapter_config.json"))
    let left = (config["rank_pattern"]?.object ?? [:]).values.flatMap { $0.array ?? [] }
    #expect(left.count == Int(budgets[0]) && Double(left.count { $0 == true }) == budgets[5])
  }

  @Test(
    arguments: methods + [
      set("peft.r=4", "peft.init_lora_weights=olora", "quantization_config.load_in_4bit=true")
    ])
  func mergedTheyAreTheSame(method: String) throws {
    let run = try train(method)
    try #require(run.code == 0, "\(run.errors)")
    let merge = try HostProgram.shell(
      "host merge --model \(model) --adapter \(scratch.path("out")) --dtype f32"
        + " --output-dir \(scratch.path("merged"))")
    #expect(merge.code == 0, "\(merge.errors)")
  }

  /// A start that is subtracted of a quantized base: its codes are made without it, which the receipt says,
  /// and merging and further runs make them again.
  @Test(arguments: [("load_in_4bit", "nf4-single"), ("load_in_8bit", "int8")])
  func codesWithoutTheStartAreMadeAgain(key: String, kind: String) throws {
    let base = Self.set("quantization_config.\(key)=true")
    let plain =
      kind == "int8" ? "" : Self.set("quantization_config.bnb_4bit_use_double_quant=false")
    let run = try train(Self.methods[3] + base + plain)
    try #require(run.code == 0, "\(run.errors)")
    #expect(run.errors.contains("residual ") || run.output.contains("residual "))
    let receipt = try JSONValue(readingFile: scratch.path("out/run.json"))
    let residual = receipt["trained"]?["residual"]
    #expect(residual?["quantization"]?.string == kind)
    #expect(try #require(residual?["loss"]?.double) < 1)
    let next = try train(
      Self.set("peft.adapter_name_or_path=\(scratch.path("out"))") + base + plain, out: "next")
    try #require(next.code == 0, "\(next.errors)")
    func first(_ out: String) throws -> Double { try #require(try rows(out)[0]["loss"]?.double) }
    #expect(try first("next") < first("out"))
    for folder in ["out", "next"] {
      let merge = try HostProgram.shell(
        "host merge --model \(model) --adapter \(scratch.path(folder)) --dtype f32 --json"
          + " --output-dir \(scratch.path("merged-" + folder))")
      #expect(merge.code == 0, "\(merge.errors)")
      #expect(try merge.json()["quantization"]?.string == kind)
    }
    let card = try String(contentsOf: scratch.url("out/README.md"), encoding: .utf8)
    #expect(card.contains("\(kind) codes of what its start leaves"))
    let shown = try HostProgram.run(["inspect", "adapter", scratch.path("out")])
    #expect(shown.output.contains("\(kind) codes"))
  }

  /// The schedule follows the run's length where nothing else is said, so that this is no longer free.
  @Test func aScheduleOfRanksDoesNotChangeUnderARun() throws {
    let run = try train(Self.adaLoRA)
    try #require(run.code == 0, "\(run.errors)")
    try FileManager.default.removeItem(atPath: scratch.path("out/checkpoint-6"))
    let longer = try train(Self.adaLoRA + " --resume --max-steps 8")
    #expect(longer.code != 0)
    #expect(longer.errors.contains("since peft.total_step is null"), "\(longer.errors)")
    let said = Self.set("peft.total_step=6")
    let first = try train(Self.adaLoRA + said, out: "said")
    try #require(first.code == 0, "\(first.errors)")
    let second = try train(Self.adaLoRA + said + " --resume --max-steps 8", out: "said")
    #expect(second.code == 0, "\(second.errors)")
  }

  /// Ranks that a run has left stand in the next one.
  @Test func aPrunedAdapterGoesOn() throws {
    let run = try train(Self.adaLoRA)
    try #require(run.code == 0, "\(run.errors)")
    let next = try train(
      Self.set("peft.adapter_name_or_path=\(scratch.path("out"))"), out: "next")
    try #require(next.code == 0, "\(next.errors)")
    let used = try rows("next").compactMap { $0["ranks_in_use"]?.double }
    #expect(try Set(used) == [#require(rows("out").last?["ranks_in_use"]?.double)])
    let patterns = try ["out", "next"].map {
      try JSONValue(readingFile: scratch.path($0 + "/adapter_config.json"))["rank_pattern"]
    }
    #expect(patterns[0] == patterns[1])
    #expect(try weights("out") != weights("next"))
  }

  /// Biases, whole modules and magnitudes are the base's while the reference is asked.
  @Test(arguments: methods) func preferencesBeginAtTheBase(method: String) throws {
    let run = try train(
      method + Self.set("objective.type=dpo", "training_args.warmup_steps=1"), task: "preference",
      rows: "pairs.jsonl")
    try #require(run.code == 0, "\(run.errors)")
    let first = try #require(try rows("out").first?["loss"]?.double)
    #expect(abs(first - 0.693147180559945) < (method.contains("pissa") ? 1e-4 : 1e-12))
  }

  @Test(arguments: [
    (set("peft.method=adalora", "peft.tinit=9"), "there are 6 steps"),
    (set("peft.method=adalora", "peft.target_r=12"), "must be less than init_r"),
    (set("peft.method=adalora", "peft.total_step=600"), "would end above target_r"),
    (set("peft.method=ia3", "peft.r=4"), "has no effect on peft.method ia3"),
    (set("peft.method=loha"), "one of lora, adalora, ia3"),
    (
      set("peft.method=ia3", "peft.target_modules=[q_proj]"),
      "'down_proj' is none of the projections that get factors"
    ),
    (set("peft.use_dora=true", "peft.init_lora_weights=pissa"), "cannot stand beside"),
    (set("peft.init_lora_weights=orthogonal", "peft.r=3"), "needs even ranks"),
    (set("peft.init_lora_weights=eva"), "gaussian, orthogonal, pissa, olora"),
    (set("peft.modules_to_save=[classifier]"), "names 'classifier', which is no module"),
    (set("peft.target_modules=[q_proj,w1]"), "'w1' matches no projection"),
    (set("peft.target_modules=[lm_head]", "peft.lora_dropout=0.1"), "with lora_dropout above 0"),
    (set("peft.rank_pattern={\"nothing\":3}"), "'nothing' matches no projection"),
    (
      set("peft.rank_pattern={\"q_proj\":2,\"layers.0.self_attn.q_proj\":3}"),
      "PEFT sorts them when it saves"
    ),
    (set("peft.trainable_token_indices=[99999]"), "names token 99999"),
    (set("peft.exclude_modules=[w2]"), "'w2' matches no projection"),
  ]) func whatCannotBeIsRefused(settings: String, why: String) throws {
    let run = try train(settings)
    #expect(run.code != 0 && run.errors.contains(why), "\(run.errors)")
  }
}
