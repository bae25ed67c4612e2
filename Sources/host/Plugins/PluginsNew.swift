import ArgumentParser
import Runs

/// What a new plugin offers.
enum PluginKind: String, ExpressibleByArgument, CaseIterable {
  case reward, task, dataset
}

/// What a new plugin is written in.
enum PluginLanguage: String, ExpressibleByArgument, CaseIterable {
  case swift, c, cpp, rust, python

  /// The files and folders of the SDK that a plugin in this language is built with.
  var partsOfSDK: [String] {
    switch self {
    case .c, .cpp: ["include"]
    case .rust: ["rust"]
    case .swift: ["swift"]
    case .python: []
    }
  }

  /// Whether a file is written in this language.
  func isSource(_ path: String) -> Bool {
    let endings: [String] =
      switch self {
      case .c, .cpp: [".c", ".h", ".cpp", ".hpp"]
      case .rust: [".rs"]
      case .swift: [".swift"]
      case .python: [".py"]
      }
    return endings.contains { path.hasSuffix($0) }
  }

  /// The commands that build and test a plugin's folder.
  var commands: [String] {
    switch self {
    case .c, .cpp: ["make", "make test"]
    case .rust: ["cargo build --release", "cargo test"]
    case .swift: ["swift build -c release", "swift test"]
    case .python: ["python3 -m unittest"]
    }
  }

  /// What names the built reward `name` on the command line, with a configuration that it takes; for
  /// another kind its file alone matters.
  func use(of name: String) -> (reward: String, configuration: String) {
    let configuration = "{\"target\": 40}"
    return switch self {
    case .c, .cpp: ("./lib\(name).so", configuration)
    case .rust: ("./target/release/lib\(name).so", configuration)
    case .swift: ("./.build/release/lib\(name).so", configuration)
    case .python:
      ("command", "{\"run\": [\"python3\", \"serve.py\", \"\(name).py:\(name)\"]}")
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
        underscores. A folder that is there is never touched. In Python there are
        rewards alone: functions as TRL takes them, run by the reward 'command'.

        Examples:
          host plugins new --kind reward --language c politeness
          host plugins new --kind task --language swift word_count \\
            --directory plugins/word_count
        """)

    @Option(help: "reward, task or dataset.") var kind: PluginKind
    @Option(help: "swift, c, cpp, rust or python.") var language: PluginLanguage
    @Argument(help: "The plugin's name, in snake_case.") var name: String
    @Option(help: ArgumentHelp("The folder to write; ./NAME by default.", valueName: "folder"))
    var directory: String?

    func validate() throws {
      guard language == .python, kind != .reward else { return }
      throw ValidationError(
        "In Python there are rewards alone; take --kind reward, or another language.")
    }

    func run() throws {
      let name = try PluginName(name)
      let directory = try trimmed(directory ?? name.snake)
      let files = try PluginTemplate(kind, language, in: HostPaths()).write(name, to: directory)
      Console.print("wrote \(directory)")
      let own = files.filter { !$0.hasPrefix("sdk/") }
      for file in own { Console.print("  " + file) }
      if own.count < files.count {
        Console.print("  sdk/ (\(files.count - own.count) files, to be left as they are)")
      }
      let (reward, configuration) = language.use(of: name.snake)
      Console.print("next:\n  cd \(Self.quoted(directory))")
      for command in language.commands { Console.print("  " + command) }
      Console.print(
        files.contains(Self.rows)
          ? "  host reward try --reward \(reward) --data \(Self.rows) --config '\(configuration)'"
          : "  host plugins check \(reward)")
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
