import Names
import Testing

/// What a slip of the pen meant.
@Suite struct NearestNameTests {
  private static let keys = ["learning_rate", "seed", "r", "lora_alpha", "lora_dropout", "bf16"]

  @Test(arguments: [
    ("learning_ratee", "learning_rate"), ("learning_rat", "learning_rate"),
    ("laerning_rate", "learning_rate"), ("Learning_Rate", "learning_rate"), ("sede", "seed"),
    ("lora_alhpa", "lora_alpha"), ("fb16", "bf16"), ("R", "r"),
  ])
  func aSlipIsFound(name: String, meant: String) {
    #expect(nearestName(to: name, among: Self.keys) == meant)
  }

  @Test(arguments: ["", "temperature", "needle", "fp8", "alpha"])
  func otherWordsAreLeftAlone(name: String) {
    #expect(nearestName(to: name, among: Self.keys.filter { $0.count > 1 }) == nil)
  }

  @Test func aLimitOfSlipsIsKept() {
    #expect(nearestName(to: "lora_alfa", among: Self.keys, slips: 1) == nil)
    #expect(nearestName(to: "lora_alfa", among: Self.keys, slips: 2) == "lora_alpha")
    #expect(nearestName(to: "seed", among: Self.keys, slips: 0) == "seed")
  }

  /// What is as near is taken by the alphabet, whatever the order of the candidates.
  @Test func theOrderDecidesNothing() {
    for names in [["train", "brain", "grain"], ["grain", "train", "brain"]] {
      #expect(nearestName(to: "rain", among: names) == "brain")
    }
  }
}
