import Foundation
import JSON
import Testing

/// `host plugins new`: what it writes, what it refuses, and that the result builds and passes its
/// own test with one command.
@Suite struct NewPluginTests {
  static let kinds = ["reward", "task", "dataset"]
  static let languages = ["swift", "c", "cpp", "rust"]

  @Test(arguments: kinds, languages)
  func theFolderIsWholeAndBearsTheName(kind: String, language: String) throws {
    let scratch = try Scratch(), folder = scratch.url("made")
    let outcome = try new(kind, language, "word_play", in: folder)
    try #require(outcome.code == 0, "\(outcome.errors)")
    let files = try HostProgram.shell("cd '\(folder.path)' && find . -type f -printf '%P\\n'")
      .output.split(separator: "\n").map(String.init)
    #expect(outcome.output.hasPrefix("wrote \(folder.path)\n"))
    #expect(outcome.output.contains("/libword_play.so"))

    let own = files.filter { !$0.hasPrefix("sdk/") }
    let builders = ["Makefile", "Cargo.toml", "Package.swift"]
    #expect(own.contains { builders.contains($0) } && own.contains("README.md"))
    for file in own { #expect(outcome.output.contains("\n  \(file)\n"), "\(file)") }
    #expect(outcome.output.contains("\n  sdk/ (\(files.count - own.count) files"))
    #expect(files.count > own.count)
    for file in own {
      let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      for old in ["brevity", "Brevity", "BREVITY", "../SDK"] {
        #expect(!text.contains(old) && !file.contains(old), "\(file): \(old)")
      }
    }
    let left = try HostProgram.shell(
      "find '\(folder.path)' -type l -o -name '*.so' -o -name .build -o -name target")
    #expect(left.output.isEmpty, "links or what building leaves: \(left.output)")
    #expect(scratch.names == ["made"])
  }

  @Test func aRewardInPythonIsAFunctionAndWhatServesIt() throws {
    let scratch = try Scratch(), folder = scratch.url("made")
    let outcome = try new("reward", "python", "word_play", in: folder)
    try #require(outcome.code == 0, "\(outcome.errors)")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    let names = ["README.md", "rows.jsonl", "serve.py", "test_word_play.py", "word_play.py"]
    #expect(files.filter { $0 != ".gitignore" } == names)
    #expect(!outcome.output.contains("sdk/"))
    for file in files {
      let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      #expect(!text.lowercased().contains("brevity"), "\(file)")
    }
    #expect(outcome.output.contains(#""run": ["python3", "serve.py", "word_play.py:word_play"]"#))
    let task = try new("task", "python", "word_play", in: scratch.url("task"))
    #expect(task.code == 64 && task.errors.contains("In Python there are rewards alone"))
    #expect(try new("reward", "python", "json", in: scratch.url("json")).code == 64)
  }

  @Test(.enabled(if: HostProgram.has(["python3"]), "needs python3"))
  func aRewardInPythonPassesItsTestAndScores() throws {
    let scratch = try Scratch(), folder = scratch.url("my plugin")
    let written = try new("reward", "python", "word_play", in: folder)
    let test = try HostProgram.shell("cd '\(folder.path)' && python3 -m unittest")
    #expect(test.code == 0, "\(test.errors)")
    let command = try #require(
      written.output.split(separator: "\n").last { $0.hasPrefix("  host reward try") })
    let scored = try HostProgram.shell("cd '\(folder.path)' && \(command) --json")
    #expect(scored.code == 0, "\(scored.errors)")
    #expect(try scored.json()["rewards"]?[0]?["scored"] == 3, "\(scored.output)")
  }

  @Test(arguments: [
    ("MyReward", "'my_reward' would do"), ("word-play", "'word_play' would do"),
    ("2fast", "'fast' would do"), ("ünal", "'nal' would do"), ("a b", "'a_b' would do"),
    ("HTTPScore", "'httpscore' would do"), ("../x", "'x' would do"),
    ("wörter", "'w_rter' would do"),
    ("___", "a small letter"), ("", "a small letter"), ("float", "'my_float' would do"),
    ("match", "'my_match' would do"), ("score", "'my_score' would do"),
    ("string", "'my_string' would do"),
  ])
  func aBadNameIsRefusedWithABetterOne(name: String, hint: String) throws {
    let scratch = try Scratch()
    let outcome = try new("reward", "c", name, in: scratch.url("made"))
    #expect(outcome.code == 64)
    #expect(outcome.errors.hasPrefix("host: '\(name)' is no name for a plugin"))
    #expect(outcome.errors.contains(hint), "\(outcome.errors)")
    #expect(scratch.names.isEmpty)
  }

  @Test func aFolderThatIsThereStaysAsItIs() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(
      at: scratch.url("made"), withIntermediateDirectories: true)
    try scratch.write("mine", to: "made/brevity.c")
    let outcome = try new("reward", "c", "brevity", in: scratch.url("made"))
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains("made is there already; nothing was written"))
    #expect(try String(contentsOf: scratch.url("made/brevity.c"), encoding: .utf8) == "mine")
    #expect(scratch.names == ["made"])
    try scratch.write("mine", to: "file")
    #expect(try new("reward", "c", "brevity", in: scratch.url("file")).code == 64)
  }

  @Test func withoutTemplatesTheErrorSaysWhereTheyShouldBe() throws {
    let scratch = try Scratch()
    let outcome = try HostProgram.run(
      "plugins", "new", "--kind", "task", "--language", "rust", "x1", "--directory",
      scratch.path("made"), environment: ["HOST_HOME": scratch.folder.path])
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("\(scratch.folder.path)/Plugins"))
    #expect(scratch.names.isEmpty)
  }

  @Test(arguments: ["--kind nonsense --language c", "--kind task --language cobol", "--kind task"])
  func aBadKindOrLanguageIsBadUsage(options: String) throws {
    let outcome = try HostProgram.shell("cd /tmp && host plugins new \(options) word_play")
    #expect(outcome.code == 64)
  }

  @Test(
    .enabled(if: HostProgram.has(["make", "cc", "c++"]), "needs make, cc and c++"),
    arguments: kinds, ["c", "cpp"])
  func whatIsWrittenBuildsAndPassesItsTest(kind: String, language: String) throws {
    try buildAndTest(kind, language, ["make", "make test"], ".")
  }

  @Test(.enabled(if: HostProgram.has(["cargo"]), "needs cargo"), arguments: kinds)
  func aRustPluginBuildsAndPassesItsTest(kind: String) throws {
    let offline = "CARGO_NET_OFFLINE=true cargo"
    try buildAndTest(
      kind, "rust", ["\(offline) build --release", "\(offline) test"], "target/release")
  }

  /// One kind stands for all: each takes seconds.
  @Test(.enabled(if: HostProgram.has(["swift"]), "needs swift"))
  func aSwiftPluginBuildsAndPassesItsTest() throws {
    try buildAndTest("task", "swift", ["swift test"], ".build/debug")
  }

  private func buildAndTest(
    _ kind: String, _ language: String, _ commands: [String], _ products: String
  ) throws {
    let scratch = try Scratch(), folder = scratch.url("my plugin")
    let written = try new(kind, language, "word_play", in: folder)
    try #require(written.code == 0, "\(written.errors)")
    for command in commands {
      let outcome = try HostProgram.shell("cd '\(folder.path)' && \(command)")
      try #require(outcome.code == 0, "\(command): \(outcome.output)\(outcome.errors)")
    }
    let check = try HostProgram.run(
      "plugins", "list", "--json", "--plugin-dir", folder.appending(path: products).path)
    let plugin = try #require(
      try check.json().array?.first { $0["name"]?.string == "word_play" }, "\(check.output)")
    let exports = plugin["exports"]?.array ?? []
    #expect(exports.contains { $0["kind"]?.string == kind })
    #expect(exports.allSatisfy { $0["name"]?.string?.hasPrefix("word_play") == true })
  }

  private func new(_ kind: String, _ language: String, _ name: String, in folder: URL) throws
    -> HostProgram.Outcome
  {
    try HostProgram.run(
      "plugins", "new", "--kind", kind, "--language", language, "--directory", folder.path, "--",
      name)
  }
}
