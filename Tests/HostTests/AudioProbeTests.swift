import Foundation
import JSON
import Testing

/// `host audio probe` on the clips that come with speech_drama.
@Suite struct AudioProbeTests {
  private let scratch: Scratch
  private let folder = HostProgram.package.appending(path: "tasks/speech_drama/sample/audio").path
  private var clip: String { folder + "/role-train-08.flac" }

  init() throws { scratch = try Scratch() }

  @Test func aClipIsDescribed() throws {
    let outcome = try HostProgram.run("audio", "probe", clip, "--json")
    try #require(outcome.code == 0, "\(outcome.errors)")
    let report = try #require(try outcome.json()[0])
    #expect(report["path"]?.string == clip && report["fault"]?.isNull == true)
    #expect(report["rate"] == 16000 && report["channels"] == 1)
    let frames = try #require(report["frames"]?.int)
    #expect(report["seconds"]?.double == Double(frames) / 16000)
    // A frame of log-mel each 10 ms, a token for four of them: the encoder halves twice.
    let mels = (frames + 159) / 160, heard = (mels - 1) / 2 + 1
    #expect(report["mel_frames"]?.int == mels && report["tokens"]?.int == (heard - 2) / 2 + 1)
    let peak = report["peak_dbfs"]?.double ?? 1, level = report["rms_dbfs"]?.double ?? 1
    #expect(level < peak && peak <= 0)
  }

  @Test func thePictureIsOfTheLogMel() throws {
    let png = scratch.path("clip.png")
    let outcome = try HostProgram.run("audio", "probe", clip, "--png", png)
    try #require(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("16000 Hz, channels 1, 2.56 s"))
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: png)))
    #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10]))
    func number(at place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    // IHDR: width and height.
    #expect(number(at: 16) >= 256 && number(at: 20) >= 80)
  }

  @Test func severalFilesAreProbedThoughOneIsBad() throws {
    let text = try scratch.write("no sound", to: "letter.wav")
    let outcome = try HostProgram.run(
      "audio", "probe", text, clip, folder + "/arche-train-00.flac", "--json")
    #expect(outcome.code == 65)
    let reports = try outcome.json()
    #expect(reports[0]?["error"]?.string?.contains("letter.wav") == true)
    #expect(reports[1]?["path"]?.string == clip && reports[1]?["seconds"]?.double ?? 0 > 2)
    #expect(reports[2]?["seconds"]?.double ?? 0 > 2)
  }

  @Test func badUsageIsNamed() throws {
    let two = try HostProgram.run("audio", "probe", clip, clip, "--png", scratch.path("x.png"))
    #expect(two.code == 64 && two.errors.contains("--png takes the picture of one file"))
    #expect(try HostProgram.run("audio", "probe").code == 64)
    let plugin = try HostProgram.run("audio", "probe", clip, "--plugin", "hri_dialogue")
    #expect(plugin.code != 0 && plugin.errors.contains("hri_dialogue"))
    #expect(!scratch.holds("x.png"))
  }
}
