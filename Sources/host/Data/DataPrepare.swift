import ArgumentParser
import Formats
import Runs

/// `host data prepare`
struct DataPrepare: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prepare", abstract: "Writes a task's rows as files that other tools read.",
    discussion: """
      train.json and validation.json are arrays of Alpaca rows (instruction, input,
      output, system, history), each with the row's metadata beside; test.jsonl has
      the same rows, one a line. dataset_info.json registers them, meta.json says
      what they were made of, manifest.json how large each file is and its SHA-256.
      Splits that the task does not have are left out. Earlier exchanges of a
      conversation become its history; rows with sound, tools or other turns are
      refused. Preference pairs are written as {"prompt", "chosen", "rejected"},
      answers with labels as {"prompt", "completion", "label"}, as `host data export`
      and trl know them, without dataset_info.json. Where rows vary from epoch to epoch, they are the first one's.
      Training needs none of these files.

      The folder appears whole or not at all, however the program ends.

      Examples:
        host data prepare --task hri_dialogue --output-dir data/hri
        host data prepare --config mine.yaml --output-dir data/mine --overwrite
      """)

  @OptionGroup var task: TaskOptions
  @Option(help: ArgumentHelp("The folder to make.", valueName: "folder")) var outputDir: String
  @Flag(help: "Replace a folder that an earlier call made.") var overwrite = false

  func run() throws {
    try refuseOthersFolder()
    _ = StopSignal.install()
    let assembled = try task.assemble(isCancelled: { StopSignal.isRaised })
    try assembled.reads.check(folder: outputDir, .replacesAll, option: "--output-dir")
    let rows = try PreparedRows(assembled, tell: .console)
    do {
      try DurableFolder.write(to: outputDir) { (folder) throws(FormatError) in
        try rows.write(into: folder)
      }
    } catch {
      guard let code = StopSignal.exitCode else { throw error }
      Console.note("host: \(error)")
      throw ExitCode(code)
    }
    for split in rows.splits {
      Console.note("\(split.name.rawValue): \(Format.grouped(split.data.count)) rows")
    }
    Console.note("written   \(outputDir)")
  }

  /// An existing folder is replaced only when asked for, and only where it holds such files.
  private func refuseOthersFolder() throws {
    guard FileSystem.exists(outputDir) else { return }
    guard overwrite else {
      throw Diagnosis(
        Diagnosis.usage, "\(outputDir) is there already; --overwrite replaces it")
    }
    guard FileSystem.isFolder(outputDir) else {
      throw Diagnosis(Diagnosis.usage, "\(outputDir) is a file; name a folder")
    }
    let strangers = Set(FileSystem.names(in: outputDir)).subtracting(
      PreparedRows.files(in: outputDir))
    guard let stranger = strangers.min() else { return }
    throw Diagnosis(
      Diagnosis.usage,
      "\(outputDir) holds '\(stranger)', which is none of `host data prepare`'s files; name another "
        + "folder")
  }
}
