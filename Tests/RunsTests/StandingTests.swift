import Testing

@testable import Runs

@Suite struct StandingTests {
  private let first = Standing([
    .init(name: "training_args.learning_rate", value: "0.0002"),
    .init(name: "plugin instruct", value: "9ab2".padding(64), isHash: true),
    .init(name: "model.safetensors: block at 4,096", value: "77", isHash: true),
  ])

  private func sentence(_ change: (inout [Standing.Fact]) -> Void) -> String? {
    var facts = first.facts
    change(&facts)
    return Standing.difference(Standing(facts), first, name: "rank 2 (node-b)")
  }

  @Test func whatDiffersIsNamed() {
    #expect(sentence { _ in } == nil)
    #expect(
      sentence { $0[0].value = "0.0001" }
        == "rank 2 (node-b) differs in training_args.learning_rate: 0.0001, rank 0 has 0.0002; start "
        + "all ranks with the same command and files")
    #expect(
      sentence { $0[1].value = "1f0c".padding(64) }
        == "rank 2 (node-b) has another plugin instruct (sha256 1f0c00000000…, rank 0 has "
        + "9ab200000000…); copy the same file to every host")
    #expect(
      sentence { $0[2].value = "78" }
        == "rank 2 (node-b) has another model.safetensors: block at 4,096 differs from rank 0's")
    #expect(
      sentence { $0.append(.init(name: "peft.r", value: "8")) }
        == "rank 2 (node-b) differs in peft.r: 8, rank 0 has nothing; start all ranks with the same "
        + "command and files")
  }
}

extension String {
  fileprivate func padding(_ count: Int) -> String {
    self + String(repeating: "0", count: count - self.count)
  }
}
