import ArgumentParser
import Runs

/// What a new plugin offers.
enum PluginKind: String, ExpressibleByArgument, CaseIterable {
  case reward, task, dataset
}

/// What a new plugin is written in.
enum PluginLanguage: String, ExpressibleByArgument, CaseIterable {
  case swift, c, cpp, rust

  /// The files and folders of the SDK that a plugin in this language is built with.
  var partsOfSDK: [String] {
    switch self {
    case .c, .cpp: ["include"]
    case .rust: ["rust"]
    case .swift: ["swift"]
    }
  }

  /// Whether a file is written in this language.
  func isSource(_ path: String) -> Bool {
    let endings: [String] =
      switch self {
      case .c, .cpp: [".c", ".h", ".cpp", ".hpp"]
      case .rust: [".rs"]
      case .swift: [".swift"]
      }
    return endings.contains { path.hasSuffix($0) }
  }

  /// The commands that build and test a plugin's folder.
  var commands: [String] {
    switch self {
    case .c, .cpp: ["make", "make test"]
    case .rust: ["cargo build --release", "cargo test"]
    case .swift: ["swift build -c release", "swift test"]
    }
  }

  /// The folder, in that of the plugin, in which the library lies once it is built.
  var products: String {
    switch self {
    case .c, .cpp: "."
    case .rust: "./target/release"
    case .swift: "./.build/release"
    }
  }
}

extension PluginsCommand {
  /// `host plugins new`
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new", abstract: "Writes the folder of a new plugin: source, test and build.",
      discussion: """
        The folder is complete: it holds what it needs of the SDK, builds with one
        command and has a test. What it contains is the plugin 'brevity' under the
        name given here, to be changed. NAME takes small letters, digits and
        underscores. A folder that is there is never touched.

        Examples:
          host plugins new --kind reward --language c politeness
          host plugins new --kind task --language swift word_count \\
              --directory plugins/word_count
        """)

    @Option(help: "reward, task or dataset.") var kind: PluginKind
    @Option(help: "swift, c, cpp or rust.") var language: PluginLanguage
    @Argument(help: "The plugin's name, in snake_case.") var name: String
    @Option(help: ArgumentHelp("The folder to write; ./NAME by default.", valueName: "folder"))
    var directory: String?

    func run() throws {
      let name = try PluginName(name)
      let directory = try trimmed(directory ?? name.snake)
      let files = try PluginTemplate(kind, language, in: HostPaths()).write(name, to: directory)
      Console.print("wrote \(directory)")
      let own = files.filter { !$0.hasPrefix("sdk/") }
      for file in own { Console.print("  " + file) }
      Console.print("  sdk/ (\(files.count - own.count) files, to be left as they are)")
      let library = "\(language.products)/lib\(name.snake).so"
      Console.print("next:\n  cd \(Self.quoted(directory))")
      for command in language.commands { Console.print("  " + command) }
      Console.print(
        files.contains(Self.rows)
          ? "  host reward try --reward \(library) --data \(Self.rows) --config '{\"target\": 40}'"
          : "  host plugins check \(library)")
    }

    /// The file of a reward's template that holds completions to try it on.
    private static let rows = "rows.jsonl"

    private func trimmed(_ path: String) throws -> String {
      var path = path
      while path.count > 1, path.hasSuffix("/") { path.removeLast() }
      guard !path.isEmpty else { throw Diagnosis(Diagnosis.usage, "--directory is empty") }
      return path
    }

    /// `path` as one word of a shell's line.
    private static func quoted(_ path: String) -> String {
      let isPlain = path.allSatisfy {
        $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+".contains($0))
      }
      return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
    }
  }
}
