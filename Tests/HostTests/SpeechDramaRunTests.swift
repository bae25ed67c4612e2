import Foundation
import JSON
import Testing

/// The task's embedded default: the sample's clips through the real plugin and the small model.
@Suite struct SpeechDramaRunTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// The tuned model hears: what it says follows the held-out clips, and goes astray when these
  /// change places.
  @Test func theEmbeddedDefaultListens() throws {
    let out = scratch.path("run")
    let train = try HostProgram.shell("host train --task speech_drama --output-dir \(out)")
    try #require(train.code == 0, "\(train.errors)")
    for file in ["adapter_model.safetensors", "report.html", "evaluation_summary.csv"] {
      #expect(scratch.holds("run/" + file), "\(file)")
    }
    let page = try String(contentsOf: scratch.url("run/report.html"), encoding: .utf8)
    #expect(page.contains("<svg") && page.contains("pearson_macro"))
    #expect(!page.contains("http://") && !page.contains("https://"), "the page stands alone")
    let log = try String(contentsOf: scratch.url("run/metrics.jsonl"), encoding: .utf8)
    #expect(log.contains("accuracy_score_"))

    func pearson(_ more: String) throws -> Double {
      let outcome = try HostProgram.shell(
        "host evaluate --task speech_drama --adapter \(out) --json \(more)")
      try #require(outcome.code == 0, "\(outcome.errors)")
      return try #require(outcome.json()["tuned"]?["metrics"]?["pearson_macro"]?["value"]?.double)
    }
    let heard = try pearson(""), control = try pearson("--set data.shuffle_audio=true")
    #expect(heard > 0.3 && heard > control + 0.2, "\(heard), with shuffled clips \(control)")

    let compared = try HostProgram.shell("host report \(out) \(out)")
    #expect(compared.code == 0 && compared.output.contains("pearson_macro"))
  }

  /// Each epoch draws what a row asks for: a rating that the first one did not draw counts too.
  @Test func aRatingOfLaterEpochsIsCompared() throws {
    let sample = HostProgram.package.appending(path: "tasks/speech_drama/sample")
    try FileManager.default.copyItem(at: sample, to: scratch.url("rows"))
    let rows = scratch.path("rows/train.jsonl")
    let line =
      "host train --task speech_drama --output-dir \(scratch.path("run")) --set data.train=\(rows)"
      + " --set data.dimensions=draw --set data.validation=null --set training_args.save_steps=1"
    let first = try HostProgram.shell(line + " --max-steps 1")
    try #require(first.code == 0, "\(first.errors)")
    let again = try HostProgram.shell(line + " --max-steps 2 --resume")
    try #require(again.code == 0, "\(again.errors)")

    let text = try String(contentsOfFile: rows, encoding: .utf8)
    let ratings = ["pitch_variation", "rhythmic_naturalness", "stress_and_emphasis"]
    for rating in ratings {
      let changed = text.replacing(
        "\"\(rating)\": [4,", with: "\"\(rating)\": [5,", maxReplacements: 1)
      try #require(changed != text)
      try changed.write(toFile: rows, atomically: true, encoding: .utf8)
      let resumed = try HostProgram.shell(line + " --max-steps 3 --resume")
      #expect(resumed.code == 65, "\(resumed.errors)")
      #expect(resumed.errors.contains("file of data.train: "), "\(resumed.errors)")
    }
  }

  @Test func theProbeShowsAClip() throws {
    let clips = HostProgram.package.appending(path: "tasks/speech_drama/sample/audio").path
    let outcome = try HostProgram.run("audio", "probe", clips + "/role-validation-00.flac")
    #expect(outcome.code == 0 && outcome.output.contains("16000 Hz"), "\(outcome)")
    let missing = try HostProgram.run("audio", "probe", scratch.path("nowhere.wav"))
    #expect(missing.code == 65 && missing.errors.contains("nowhere.wav"), "\(missing)")
  }
}
