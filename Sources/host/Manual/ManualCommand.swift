import ArgumentParser
import Formats
import JSON
import Runs

/// `host manual`: what `make install` calls; it is no word for users, who have `host help`.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Writes a manual page for each verb, in roff.",
    shouldDisplay: false)

  @Argument(help: ArgumentHelp("The folder to write into; it must exist.", valueName: "folder"))
  var folder: String

  func run() throws {
    let dump = HostCommand._dumpHelp()
    guard let root = try JSONValue(parsing: Array(dump.utf8))["command"] else {
      throw Diagnosis(Diagnosis.failed, "the commands' description has no 'command'")
    }
    try write(root, below: [])
  }

  private func write(_ command: JSONValue, below words: [String]) throws {
    let page = ManualPage(command, below: words)
    try _ = try DurableFile.write(page.text, to: folder + "/" + page.name + ".1")
    for verb in page.verbs { try write(verb, below: page.words) }
  }
}
