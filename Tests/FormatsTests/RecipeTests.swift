import Foundation
import JSON
import Testing

@testable import Formats

@Suite struct RecipeTests {
  static func recipe(_ yaml: String, _ settings: String...) throws -> Recipe {
    try Recipe(
      layers: [.yaml(yaml, named: "recipe.yaml")] + settings.map { try .setting($0) })
  }

  @Test func everyRecipeOfConfIsSound() throws {
    let names = FileSystem.names(in: root + "/conf").filter { $0.hasSuffix(".yaml") }
    #expect(names.count >= 3)
    for name in names {
      let path = "\(root)/conf/\(name)"
      let recipe = try Recipe(layers: [.file(path)])
      #expect(recipe.task != nil && recipe.model != nil && recipe.outputDirectory != nil)
      let first = String(decoding: try bytes(path), as: UTF8.self).prefix { $0 != "\n" }
      #expect(first.hasPrefix("# host train --config conf/\(name)"))
    }
  }

  @Test func readsTheKeys() throws {
    let recipe = try Self.recipe(
      """
      task: hri_dialogue
      data: { train: [a.jsonl, b.jsonl], limit: 3, nested: { x: 1e-2 }, version: "1" }
      peft:
        r: 8
        target_modules: [q_proj, v_proj]
      training_args: { learning_rate: 2e-4, num_train_epochs: 2, max_steps: 1e2,
        lr_scheduler_type: constant_with_warmup, gradient_checkpointing: true, eval_steps: ~ }
      """)
    #expect(recipe.task == "hri_dialogue" && recipe.model == nil)
    #expect(
      recipe.data == [
        "train": ["a.jsonl", "b.jsonl"], "limit": 3, "nested": ["x": 0.01], "version": "1",
      ])
    #expect(recipe.peft.rank == 8 && recipe.peft.targets == .names(["q_proj", "v_proj"]))
    #expect(recipe.training.learningRate == 2e-4 && recipe.training.epochs == 2)
    #expect(recipe.training.maximumSteps == 100 && recipe.training.usesCheckpointing == true)
    #expect(recipe.training.schedule == .constantWithWarmup)
    #expect(recipe.training.evaluationSteps == nil && recipe.training.seed == 42)
  }

  @Test(arguments: [
    ("6GB", 6_000_000_000), ("5.5 GiB", 5_905_580_032), ("800 mb", 800_000_000), ("4096", 4096),
    ("1_000 B", 1000),
  ]) func amountsOfMemory(text: String, bytes: Int) throws {
    #expect(
      try Self.recipe("training_args: { memory_limit: '\(text)' }").training.memoryLimit?.bytes
        == bytes)
    #expect(ByteCount(text)?.bytes == bytes)
  }

  @Test(arguments: ["", "GB", "-1GB", "many", "1e30GB", "nan"])
  func amountsThatAreNone(text: String) { #expect(ByteCount(text) == nil) }

  @Test(arguments: [
    (
      "task: a\ntraining_args:\n  learning_ratee: 1",
      "recipe.yaml:3: unknown key 'learning_ratee' in training_args; did you mean 'learning_rate'?"
    ),
    ("tusk: a", "recipe.yaml:1: unknown key 'tusk'; did you mean 'task'?"),
    (
      "learning_rate: 1",
      "recipe.yaml:1: unknown key 'learning_rate'; did you mean 'training_args.learning_rate'?"
    ),
    ("peft: { zebra: 1 }", "recipe.yaml:1: unknown key 'zebra' in peft"),
    (
      "training_args:\n  num_train_epochs: three",
      "recipe.yaml:2: training_args.num_train_epochs must be a number, found the text 'three'"
    ),
    (
      "training_args:\n  learning_rate: \"1e-4\"",
      "recipe.yaml:2: training_args.learning_rate must be a number, found the quoted text '1e-4'"
    ),
    (
      "training_args: { seed: 1.5 }",
      "recipe.yaml:1: training_args.seed must be a whole number, found 1.5"
    ),
    (
      "training_args: { gradient_checkpointing: yes }",
      "recipe.yaml:1: training_args.gradient_checkpointing must be true or false, "
        + "found the text 'yes'"
    ),
    (
      "training_args: { max_length: 0 }",
      "recipe.yaml:1: training_args.max_length must be greater than 0, found 0"
    ),
    (
      "training_args:\n- a", "recipe.yaml:2: training_args must be a mapping, found a list"
    ),
    (
      "peft: { bias: some }",
      "recipe.yaml:1: peft.bias must be one of none, all, lora_only, found the text 'some'"
    ),
    (
      "training_args: { lr_scheduler_type: step }",
      "recipe.yaml:1: training_args.lr_scheduler_type must be one of linear, cosine, constant, "
        + "constant_with_warmup, found the text 'step'"
    ),
    (
      "peft: { target_modules: q_proj }",
      "recipe.yaml:1: peft.target_modules is a text, and so a regular expression over whole paths, "
        + "of which 'q_proj' matches none; write [q_proj] for the name"
    ),
    (
      "peft:\n  target_modules: '.*(q_proj'",
      "recipe.yaml:2: peft.target_modules is a regular expression that has a '(' that is not "
        + "closed at character 3"
    ),
    (
      "peft: { target_modules: [] }",
      "recipe.yaml:1: peft.target_modules must be a list of names, all-linear or a regular "
        + "expression, found an empty list"
    ),
    (
      "peft:\n  rank_pattern:\n    q_proj: 0",
      "recipe.yaml:3: peft.rank_pattern: 'q_proj' must be a whole number greater than 0, found 0"
    ),
    (
      "peft:\n  layers_to_transform: [0]\n  target_modules: .*_proj",
      "recipe.yaml:2: peft.layers_to_transform cannot stand beside a regular expression; write the "
        + "layers into target_modules"
    ),
    (
      "peft: { layers_to_transform: all }",
      "recipe.yaml:1: peft.layers_to_transform must be a list of layers' numbers, found the text "
        + "'all'"
    ),
    ("just text", "recipe.yaml:1: a recipe must be a mapping, found the text 'just text'"),
    (
      "data: { shuffle: 3 }",
      "recipe.yaml:1: data.shuffle must be true or false, found a number"
    ),
    (
      "quantization_config: { load_in_4bit: true }\npeft:\n  method: full",
      "recipe.yaml:3: peft.method full trains every weight, which quantized weights do not allow"
    ),
    (
      "quantization_config:\n  load_in_4bit: true\n  load_in_8bit: true",
      "recipe.yaml:3: quantization_config.load_in_8bit and load_in_4bit exclude each other; "
        + "choose one"
    ),
  ])
  func namesFileLineAndKey(_ yaml: String, _ message: String) throws {
    let error = try #require(throws: FormatError.self) { try Self.recipe(yaml) }
    #expect(error.description == message)
    #expect(error.kind == .malformed)
  }

  @Test func brokenYAMLIsNamedWithItsLine() throws {
    for (yaml, line) in [("task: a\npeft: {", 3), ("task: a\n\tb: c", 2), ("a: 1\na: 2", 1)] {
      let error = try #require(throws: FormatError.self) { try Self.recipe(yaml) }
      #expect(error.place.hasPrefix("recipe.yaml:\(line)"), "\(error)")
    }
  }

  @Test func layersOverwriteKeyByKey() throws {
    let defaults: JSONValue = [
      "data": ["history": true, "fraction": 0.1], "training_args": ["max_length": 256, "seed": 1],
      "peft": ["r": 4],
    ]
    let recipe = try Recipe(
      layers: [
        .defaults(defaults, ofTask: "t"),
        .yaml("data: { history: false }\npeft: { r: 8 }", named: "r.yaml"),
        .setting("training_args.seed=7"), .setting("data.files=[a, b]"),
        .setting("peft.r", to: "32", by: "--lora-r 32"),
      ])
    #expect(recipe.data == ["history": false, "fraction": 0.1, "files": ["a", "b"]])
    #expect(recipe.training.maximumLength == 256 && recipe.training.seed == 7)
    #expect(recipe.peft.rank == 32)
    #expect(recipe.origin(of: "peft.r")?.description == "--lora-r 32")
    #expect(recipe.origin(of: "data.history")?.description == "r.yaml:1")
    #expect(recipe.origin(of: "data.fraction")?.description == "defaults of the task 't'")
    #expect(recipe.origin(of: "peft.lora_alpha") == nil)
    #expect(
      recipe.fault("peft.r", "is wrong").description == "--lora-r 32: peft.r is wrong")
  }

  @Test(
    arguments: [
      ("data.train=rows", true), ("data.source=ml.zip", true), ("data.folder=my/rows", true),
      ("data.files=[a.json]", true), ("data.dimensions=each", false), ("data.only=[a, b]", false),
      ("data.history=false", false), ("data.validation_fraction=0.5", false),
      ("data.instruction=Answer Yes/No.", false), ("data.system=", false),
      ("data.source=/my data/ml.zip", true), ("data.source=${task}/my rows", true),
    ]
  ) func filesAreToldFromWords(_ setting: String, _ namesFiles: Bool) throws {
    #expect(try Recipe(layers: [.setting(setting)]).namesDataFiles == namesFiles)
  }

  @Test(arguments: [
    (
      "training_args.sed=3",
      "--set training_args.sed=3: unknown key 'sed' in training_args; did you mean 'seed'?"
    ),
    ("peft.r=x", "--set peft.r=x: peft.r must be a whole number, found the text 'x'"),
    ("peft.r", "--set peft.r: write KEY=VALUE"), ("=3", "--set =3: write KEY=VALUE"),
    ("peft.r.x=3", "--set peft.r.x=3: peft.r must be a whole number, found a mapping"),
    ("peft.r={", "--set peft.r={: the value is not YAML"),
    ("peft..r=3", "--set peft..r=3: unknown key ''"),
  ])
  func settingsAreCheckedLikeTheFile(_ setting: String, _ message: String) throws {
    let error = try #require(throws: FormatError.self) { try Self.recipe("task: a", setting) }
    #expect(error.kind == .usage)
    #expect(error.description.hasPrefix(message), "\(error)")
  }

  @Test func nullSwitchesOff() throws {
    let recipe = try Self.recipe(
      "quantization_config: { load_in_8bit: true }", "quantization_config=null",
      "training_args.save_total_limit=")
    #expect(recipe.quantization == nil && recipe.training.saveLimit == nil)
    #expect(throws: FormatError.self) { try Self.recipe("peft: { r: null }") }
  }

  @Test func theResolvedRecipeReadsBack() throws {
    let recipe = try Self.recipe(
      """
      task: "on"
      output_dir: "out: 1"
      data: { a b: [1, x], empty: {}, "no": "3", deep: { er: null } }
      quantization_config: { load_in_4bit: true }
      training_args: { learning_rate: 3e-5, adam_epsilon: 1e-9 }
      """)
    let again = try Recipe(layers: [.yaml(recipe.yaml, named: "again")])
    #expect(again.json == recipe.json)
    // Readers of YAML 1.1 want the point.
    #expect(recipe.yaml.contains("adam_epsilon: 1.0e-09"))
    #expect(try Recipe(layers: [.defaults(recipe.json, ofTask: "t")]).json == recipe.json)
    let defaults = try Recipe(layers: [])
    #expect(try Recipe(layers: [.yaml(defaults.yaml, named: "d")]).json == defaults.json)
  }

  @Test func everyKeyIsDocumentedOnce() throws {
    let paths = Recipe.documentation.map(\.path)
    #expect(Set(paths).count == paths.count)
    #expect(paths.contains("training_args.learning_rate") && paths.contains("data"))
    #expect(paths.contains("quantization_config.load_in_4bit"))
    for key in Recipe.documentation { #expect(!key.text.isEmpty && !key.expectation.isEmpty) }
  }
}

@Suite struct RewardRecipeTests {
  @Test func aListOfRewards() throws {
    let recipe = try Recipe(layers: [
      .yaml(
        """
        on_reward_error: abstain
        rewards:
          - { name: brevity, weight: 0.5, config: { target: 40 } }
          - { name: ./libjudge.so, isolate: false, timeout: 2.5, memory_limit: 300MB }
        """, named: "r.yaml")
    ])
    #expect(recipe.rewards.map(\.name) == ["brevity", "./libjudge.so"])
    #expect(recipe.rewards[0].weight == 0.5 && recipe.rewards[0].configuration["target"] == 40)
    #expect(recipe.rewards[0].isIsolated == nil && recipe.rewards[1].isIsolated == false)
    #expect(recipe.rewards[1].timeout == 2.5)
    #expect(recipe.rewards[1].memoryLimit.bytes == 300_000_000)
    #expect(recipe.onRewardError == .abstain)
    // The resolved recipe reads back to the same.
    let again = try Recipe(layers: [.yaml(recipe.yaml, named: "resolved")])
    #expect(again.rewards == recipe.rewards)
    // A later layer replaces the list; the command line can.
    let none = try Recipe(layers: [
      .yaml("rewards: [{ name: a }]", named: "r.yaml"), .setting("rewards=[]"),
    ])
    #expect(none.rewards.isEmpty)
    // A list that is replaced takes the lines of its elements along.
    let replaced = try Recipe(layers: [
      .yaml("rewards:\n  - { name: a, weight: 2 }", named: "r.yaml"),
      .setting("rewards=[{ name: b }]"),
    ])
    #expect("\(replaced.fault("rewards[0]", "is odd"))".hasPrefix("--set "))
    #expect("\(replaced.fault("rewards[0].weight", "is odd"))".hasPrefix("recipe"))
  }

  @Test(arguments: [
    ("rewards: 3", "r.yaml:1: rewards must be a list of mappings, found 3"),
    ("rewards:\n  - { wieght: 1 }", "r.yaml:2: unknown key 'wieght' in rewards[0]"),
    ("rewards:\n  - { weight: 1 }", "r.yaml:2: rewards[0] needs the key 'name'"),
    ("rewards: [{ name: a, timeout: 0 }]", "rewards[0].timeout must be greater than 0"),
    ("rewards: [{ name: a, timeout: 1e300 }]", "greater than 0, at most 1e9"),
    ("rewards: [{ name: a, memory_limit: much }]", "must be an amount of memory"),
    ("on_reward_error: ignore", "must be one of stop, abstain"),
  ])
  func faults(yaml: String, sentence: String) {
    let error = #expect(throws: FormatError.self) {
      try Recipe(layers: [.yaml(yaml, named: "r.yaml")])
    }
    #expect("\(error!)".contains(sentence), "\(error!)")
  }
}
