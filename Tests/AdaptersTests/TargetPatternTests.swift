import Adapters
import Formats
import JSON
import Testing

/// Targets of models with several parts, as a pattern that PEFT reads.
@Suite struct TargetPatternTests {
  @Test(arguments: [
    (["q_proj", "v_proj"], #"(.*\.)?language_model\.(.*\.)?(q_proj|v_proj)"#),
    (["audio_tower.fc1"], #"(.*\.)?audio_tower\.(.*\.)?(fc1)"#),
    (
      ["audio_tower.layers.0.fc1", "q_proj"],
      #"(.*\.)?language_model\.(.*\.)?(q_proj)|(.*\.)?audio_tower\.(.*\.)?(layers\.0\.fc1)"#
    ),
  ]) func thePatternIsReadAgain(names: [String], pattern: String) throws {
    var config = AdapterConfig(
      LoRAConfig(r: 4, alpha: 8, targets: AdapterTargets(names)),
      baseModel: nil)
    config.targets = AdapterTargets(names, isByPart: true)
    #expect(config.json["target_modules"] == .string(pattern))
    let read = try AdapterConfigTests.read(["target_modules": .string(pattern)])
    #expect(read.targets == config.targets)
  }

  @Test(arguments: [
    ".*", "q_proj", #".*language_model.*(q_proj)"#,
    #"(.*\.)?language_model\.(.*\.)?(.*_proj)"#, #"(.*\.)?vision_tower\.(.*\.)?(q_proj)"#,
    #"(.*\.)?language_model\.(.*\.)?(v_proj|q_proj)"#,
    #"(.*\.)?language_model\.(.*\.)?(q_proj)|"#,
  ]) func otherPatternsStayPatterns(pattern: String) throws {
    let read = try AdapterConfigTests.read(["target_modules": .string(pattern)])
    #expect(read.targets.chosen == .pattern(try PathPattern(pattern)) && !read.targets.isByPart)
    #expect(read.json["target_modules"] == .string(pattern))
  }
}
