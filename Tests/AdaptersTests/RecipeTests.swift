import Adapters
import Formats
import Testing

/// What a recipe's `peft` becomes.
@Suite struct AdapterRecipeTests {
  static func recipe(_ yaml: String) throws -> Recipe {
    try Recipe(layers: [.yaml(yaml, named: "recipe.yaml")])
  }

  @Test func adaptersAreDescribedAsPEFTHasThem() throws {
    let recipe = try Self.recipe(
      """
      peft:
        r: 4
        target_modules: '.*\\.(q|v)_proj'
        exclude_modules: [layers.0.self_attn.q_proj]
        rank_pattern: { v_proj: 3, q_proj: 2 }
        alpha_pattern: { .*: 5 }
      """)
    let config = try recipe.peft.adapter(
      on: "base", model: ModelConfig(folder: Goldens.models + "/qwen2")
    ) { _ in [] }
    let lora = try #require(config.lora)
    #expect(config.targets.chosen == .pattern(try PathPattern(#".*\.(q|v)_proj"#)))
    #expect(config.targets.excluded == .names(["layers.0.self_attn.q_proj"]))
    #expect(Array(lora.rankPattern.values.keys) == ["v_proj", "q_proj"])
    #expect(lora.rank(of: "model.layers.0.self_attn.v_proj") == 3)
    #expect(lora.scale(of: "model.layers.0.self_attn.q_proj") == 2.5)
    // What is printed reads back to the same.
    #expect(try Self.recipe(recipe.yaml).peft == recipe.peft)
  }
}
