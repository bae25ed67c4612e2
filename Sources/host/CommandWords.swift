import ArgumentParser
import Names
import Runs

/// The words of a command line, looked at before they are parsed: what the parser would say of a slip in
/// them helps nobody.
struct CommandWords {
  private(set) var words: [String]

  /// The command line without the program's name. A negative number after an option belongs to it.
  init(_ arguments: some Sequence<String>) {
    words = []
    for word in arguments {
      let isNumber = word.first == "-" && word.dropFirst().first?.isNumber == true
      if isNumber, let last = words.last, last.hasPrefix("--"), last != "--", !last.contains("=") {
        words[words.count - 1] = "\(last)=\(word)"
      } else {
        words.append(word)
      }
    }
    if words.prefix(2) == ["help", "config"] { words.removeFirst() }
  }

  /// Refuses a verb that there is not, with the nearest one.
  func checkVerbs(of root: any ParsableCommand.Type) throws {
    var command = root, path = ["host"]
    for word in words {
      if path == ["host"], word == "help" { continue }
      let children = command.configuration.allChildren
      guard !children.isEmpty, !word.hasPrefix("-") else { return }
      let names = children.compactMap { $0.configuration.commandName }
      guard let place = names.firstIndex(of: word) else {
        let near = nearestName(to: word, among: names).map { "; did you mean '\($0)'?" } ?? ""
        throw Diagnosis(
          Diagnosis.usage,
          "\(path.joined(separator: " ")) has no verb '\(word)'\(near)\n"
            + "There are \(names.joined(separator: ", ")).")
      }
      command = children[place]
      path.append(word)
    }
  }
}

extension CommandConfiguration {
  /// The commands below, in groups or not, as far as they are shown.
  fileprivate var allChildren: [any ParsableCommand.Type] {
    subcommands + groupedSubcommands.flatMap { $0.subcommands }
  }
}
