import Formats
import JSON
import Models
import Tensors
import TestSupport
import Testing

/// A config.json as transformers 5 saves it, to which `rope_scaling` was added by hand.
@Suite struct RopeScalingBesideTests {
  static let folder = GoldenTests.goldens + "/rope_scaling_beside"

  @Test(arguments: ["linear", "yarn"]) func ropeScalingCounts(kind: String) throws {
    let config = try ModelConfig(
      json: JSONValue(readingFile: Self.folder + "/config-\(kind).json"), path: "config.json")
    #expect(config.notes == ["rope_scaling stands in place of rope_parameters"])
    let model = try CausalLanguageModel(
      config: config, weights: .folder(SafeTensorsFolder(path: Self.folder)))
    let expected = try JSONValue(readingFile: Self.folder + "/expected-\(kind).json")
    let ids = try #require(expected["ids"]?.array).compactMap(\.int).map(Int32.init)
    let logits = Recording.off {
      model.logits(model.hidden(ids, Segments(lengths: [ids.count])))
    }
    let last = logits.row(ids.count - 1).prefix(8)
    let values = try #require(expected["last_row_first_8_logits"]?.array).compactMap(\.double)
    #expect(values.count == 8)
    expectClose(Array(last), values, atol: 2e-5, rtol: 0)
    let largest = try #require(expected["largest_magnitude"]?.double)
    expectClose(logits.values.map(abs).max() ?? .nan, largest, atol: 2e-5, rtol: 0)
  }
}
