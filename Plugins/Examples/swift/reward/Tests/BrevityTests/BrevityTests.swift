import TaskKit
import Testing

@testable import BrevityPlugin

@Suite struct BrevityTests {
  // snippet: test
  @Test(arguments: [
    ("Yes.", 1, 4),
    ("Yes, sir.", 4.0 / 9, 9),
    ("naïve", 0.8, 5),
  ])
  func scores(text: String, value: Double, characters: Double) throws {
    let reward = try Brevity(configuration: ["target": 4])
    let score = reward.score(Completion(text: text))
    #expect(score == .score(value, components: ["characters": characters]))
  }
  // end snippet

  @Test(arguments: [("", 0.0), (" \n\t", 3)])
  func abstainsWhereThereIsNothing(text: String, characters: Double) throws {
    let reward = try Brevity(configuration: ["target": 4])
    let score = reward.score(Completion(text: text))
    #expect(
      score == .abstain(reason: "empty completion", components: ["characters": characters]))
  }

  @Test(
    arguments: [
      ([:], "'target' is required"),
      (["target": 0], "'target' is 0; it must be greater than 0"),
      (["target": "4"], "'target' must be a whole number, not a string"),
      (["target": 4, "taget": 4], "unknown key 'taget'; did you mean 'target'?"),
    ] as [(JSON, String)])
  func refusesAWrongConfiguration(configuration: JSON, message: String) {
    #expect(throws: PluginError(.configuration, message)) {
      try Brevity(configuration: configuration)
    }
  }
}
