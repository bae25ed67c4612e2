import Formats
import Foundation
import JSON
import Testing

/// The verbs that look at models, on the tiny Qwen2-Audio of the goldens.
@Suite struct HearingModelTests {
  private let scratch: Scratch
  private let model = HostProgram.package.appending(path: "Tests/Goldens/qwen2_audio/model").path

  init() throws { scratch = try Scratch() }

  @Test func inspectShowsTheEncoder() throws {
    let report = try HostProgram.run("inspect", "model", "--model", model, "--json").json()
    #expect(report["architecture"] == "Qwen2AudioForConditionalGeneration")
    #expect(report["audio_encoder"]?["layers"] == 2 && report["audio_encoder"]?["mel_bins"] == 16)
    #expect(report["audio_token_id"] == 118)
    let table = try HostProgram.run("inspect", "model", "--model", model)
    #expect(table.output.contains("audio encoder"))
    #expect(table.output.contains("2 layers, width 32, feed-forward 48, 4 heads, 16 mel bins"))
  }

  @Test func logitsAreThoseOfText() throws {
    let outcome = try HostProgram.run(
      "inspect", "logits", "--model", model, "--ids", "1,118", "--out", scratch.path("logits"))
    #expect(outcome.code == 64 && outcome.errors.contains("118 stands for sound"))
  }

  @Test func everyProjectionIsQuantized() throws {
    let path = scratch.path("quantized")
    let outcome = try HostProgram.run("quantize", "--model", model, "--output-dir", path)
    #expect(outcome.code == 0, "\(outcome.errors)")
    func logits(_ more: [String]) throws -> [Float] {
      let file = scratch.path(UUID().uuidString)
      let outcome = try HostProgram.run(
        ["inspect", "logits", "--ids", "5,6,7", "--out", file] + more)
      try #require(outcome.code == 0, "\(outcome.errors)")
      return try SafeTensorsFile(path: file).floats("logits")
    }
    let values = try logits(["--model", path])
    #expect(values == (try logits(["--model", model, "--quantization", "nf4"])))
    let report = try HostProgram.run("inspect", "model", "--model", path, "--json").json()
    #expect(report["stored_as"]?["nf4"]?.int == 2 * 7 + 2 * 6 + 1)
    let plain = try HostProgram.run("inspect", "model", "--model", model, "--json").json()
    #expect(report["parameters"] == plain["parameters"])
    // bitsandbytes stored the same model: the same codes under the same names.
    let golden = try SafeTensorsFolder(
      path: HostProgram.package.appending(path: "Tests/Goldens/qwen2_audio/nf4").path)
    let ours = try SafeTensorsFolder(path: path)
    #expect(Set(ours.names) == Set(golden.names))
    for name in golden.names where name.hasSuffix("weight") || name.hasSuffix("absmax") {
      let (a, b) = (try ours.entry(name), try golden.entry(name))
      let same = a.file.withBytes(a.entry.bytes) { mine in
        b.file.withBytes(b.entry.bytes) { theirs in mine.elementsEqual(theirs) }
      }
      #expect(same, "\(name)")
    }
  }
}
