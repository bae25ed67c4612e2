import ArgumentParser
import Formats
import FoundationEssentials
import JSON
import PluginHost
import Runs
import Tasks

/// `host audio probe`
struct AudioProbeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe",
    abstract: "Shows rate, channels, level, tokens and the log-mel of audio files.",
    discussion: """
      Ends with 65 when a file cannot be used.

      Examples:
        host audio probe clip.wav
        host audio probe clip.wav --png clip.png
        host audio probe *.flac --json
      """)

  @Argument(help: ArgumentHelp("Audio files.", valueName: "file")) var files: [String]
  @Option(
    help: ArgumentHelp("Write the log-mel of the one file as a picture.", valueName: "out.png"))
  var png: String?
  @Option(help: ArgumentHelp("The plugin that reads them.", valueName: "name"))
  var plugin = "speech_drama"
  @Flag(help: "Print one JSON array; no log-mel.") var json = false
  @OptionGroup var options: PluginOptions

  func run() throws {
    guard png == nil || files.count == 1 else {
      throw Diagnosis(Diagnosis.usage, "--png takes the picture of one file, not of \(files.count)")
    }
    var reads = OutputGuard()
    for file in files { reads.add("the command", file, .data) }
    try reads.check(file: png, option: "--png")
    _ = try png.map(DurableFile.place)
    let catalog = options.catalog()
    var reports: [JSONValue] = [], isUnusable = false, probed: ProbedAudio?
    for file in files {
      do throws(TaskError) {
        let audio = try catalog.probeAudio(file, with: plugin)
        reports.append(JSONValue.object(["path": .string(file)]).merging(audio.properties))
        isUnusable = isUnusable || audio.isUnusable
        if !json { show(file, audio) }
        probed = audio
      } catch {
        guard error.kind == .data else { throw error }
        isUnusable = true
        reports.append(["path": .string(file), "error": .string(error.message)])
        if !json { Console.note(error.message) }
      }
    }
    try probed.map(write)
    if json { Console.print(JSONValue.array(reports).text(.pretty)) }
    if isUnusable { throw ExitCode(Diagnosis.data) }
  }

  private func show(_ file: String, _ audio: ProbedAudio) {
    Console.print(Style.bold(file))
    Console.print(audio.summary)
    if let fault = audio.properties["fault"]?["message"]?.string {
      Console.print(Style.yellow(fault))
    }
    if let mel = audio.logMel { Console.print(MelPicture(mel).text(on: Console.output)) }
  }

  private func write(_ audio: ProbedAudio) throws(FormatError) {
    guard let png, let mel = audio.logMel else { return }
    try DurableFile.write(to: png) { (sink) throws(FormatError) in
      try sink.write(MelPicture(mel).png)
    }
  }
}

extension JSONValue {
  /// This object's members, then those of `other`.
  fileprivate func merging(_ other: JSONValue) -> JSONValue {
    (other.object ?? [:]).reduce(self) { $0.setting($1.key, $1.value) }
  }
}

extension ProbedAudio {
  /// Whether the plugin would refuse the clip.
  fileprivate var isUnusable: Bool {
    properties["fault"]?["is_warning"]?.bool == false
  }

  /// Two lines for a person.
  fileprivate var summary: String {
    func number(_ key: String, _ digits: Int) -> String {
      properties[key]?.double.map { Format.fixed($0, digits) } ?? "-inf"
    }
    func count(_ key: String) -> String { "\(properties[key]?.int ?? 0)" }
    let share = Format.fixed(100 * (properties["clipped_share"]?.double ?? 0), 2)
    return """
        \(properties["format"]?.string ?? "?"), \(count("rate")) Hz, channels \(count("channels")), \
      \(number("seconds", 2)) s
        peak \(number("peak_dbfs", 1)) dBFS, level \(number("rms_dbfs", 1)) dBFS, clipped \
      \(share) %, \(count("mel_frames")) frames, \(count("tokens")) tokens
      """
  }
}
