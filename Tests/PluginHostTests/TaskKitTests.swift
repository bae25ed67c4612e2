import CPluginABI
import Testing

@testable import TaskKit

/// The SDK: what an author's `Config` says of wrong keys.
@Suite struct TaskKitTests {
  struct Config: Decodable, Sendable, Equatable {
    struct Inner: Decodable, Sendable, Equatable { var size: Int }
    var train: String?
    var names: [String]
    var rate: Double
    var inner: Inner?
    var extra: JSON?
  }

  private func decode(
    _ text: String, unknownKeys: Configuration.UnknownKeys = .refusedExceptHostKeys
  ) throws -> Config {
    try Configuration.decode(
      Config.self, from: Configuration.parse(text), defaults: ["rate": 0.5, "inner": ["size": 3]],
      unknownKeys: unknownKeys)
  }

  @Test func goodConfiguration() throws {
    let text =
      #"{"names": ["a"], "rate": 2, "seed": 1, "shuffle": true, "extra": {"any": [1, null]}}"#
    #expect(
      try decode(text)
        == Config(
          train: nil, names: ["a"], rate: 2, inner: .init(size: 3),
          extra: ["any": [1, nil]]))
    #expect(try decode(#"{"names": [], "inner": {}}"#).inner?.size == 3)
    #expect(try decode(#"{"names": [], "else": 1}"#, unknownKeys: .ignored).rate == 0.5)
  }

  @Test(arguments: [
    (#"{}"#, "'names' is required"),
    (#"{"names": "a"}"#, "'names' must be an array, not a string"),
    (#"{"names": ["a", 1]}"#, "'names.1' must be a string, not a number"),
    (#"{"names": [], "rate": "1"}"#, "'rate' must be a number, not a string"),
    (
      #"{"names": [], "inner": {"size": 1.5}}"#, "'inner.size' must be a whole number, not a number"
    ),
    (
      #"{"names": [], "inner": {"sizes": 1}}"#,
      "unknown key 'inner.sizes'; did you mean 'inner.size'?"
    ),
    (
      #"{"names": [], "zzz": 1}"#,
      "unknown key 'zzz'; known: 'extra', 'inner', 'names', 'rate', 'train'"
    ),
    (#"[]"#, "the configuration must be an object, not an array"),
  ])
  func badConfiguration(text: String, message: String) {
    let error = #expect(throws: PluginError.self) { try decode(text) }
    #expect(error?.kind == .configuration && error?.message == message)
  }

  @Test func errorTextIsCutBetweenCharacters() {
    for capacity in 1...9 {
      let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
        buffer.initialize(repeating: 1)
        tk_error(text: buffer.baseAddress, capacity: capacity).write("aéé€")
        return String(validatingCString: buffer.baseAddress!)
      }
      let whole = ["", "a", "a", "aé", "aé", "aéé", "aéé", "aéé", "aéé€"]
      #expect(text == whole[capacity - 1])
    }
  }

  @Test func reportKeepsItsOrderAndIsChecked() throws {
    let report = Report(
      count: 2, primary: "z",
      metrics: [("z", Measure(1, low: 0.5, high: 1, count: 2)), ("a", Measure(.nan))],
      baselines: [("majority", ["z": 0.5])], details: ["text": "a\"\n"])
    try report.check()
    #expect(
      report.json
        == #"{"count":2,"primary":"z","metrics":{"z":{"count":2,"high":1.0,"low":0.5,"value":1.0},"#
        + #""a":{"value":null}},"baselines":{"majority":{"z":0.5}},"details":{"text":"a\"\n"}}"#)
    #expect(throws: PluginError.self) {
      try Report(count: 0, primary: "b", metrics: [("a", Measure(1))]).check()
    }
  }

  @Test func rowGeneratorIsAFunctionOfItsKey() {
    func draw(_ index: Int, _ epoch: Int, _ seed: UInt64) -> UInt64 {
      var generator = RowGenerator(index: index, epoch: epoch, seed: seed)
      return generator.next()
    }
    #expect(draw(3, 1, 42) == draw(3, 1, 42))
    let all = (0..<10).flatMap { i in (0..<10).flatMap { e in (0..<10).map { draw(i, e, $0) } } }
    #expect(Set(all).count == 1000)
  }
}
