import Foundation
import Testing

/// The documents' code is code that is compiled: a fence under the comment `<!-- FILE: REGION -->`
/// holds that region of FILE, one under `<!-- FILE -->` the whole file. The commands under
/// `<!-- run -->` are run.
@Suite struct DocumentationTests {
  static let hasC = HostProgram.has(["make", "cc"])

  @Test(arguments: ["Plugins/WriteAReward.md", "Plugins/WriteATask.md", "README.md"])
  func codeIsARegionOfACompiledFile(path: String) throws {
    let fences = try Fence.all(in: text(of: path))
    if path != "README.md" { try #require(fences.contains { $0.source != nil }) }
    for fence in fences where !fence.isRun {
      let place = "\(path):\(fence.line)"
      guard let source = fence.source else {
        let needsSource = path != "README.md" && !Fence.isFree(fence.language)
        #expect(!needsSource, "\(place): code without the comment that names its file")
        continue
      }
      let file = try #require(try? text(of: source.file), "\(place): there is no \(source.file)")
      let expected = try #require(
        source.region.map { region($0, of: file) } ?? file.trimmingCharacters(in: .newlines),
        "\(place): \(source.file) has no whole region '\(source.region ?? "")'")
      #expect(fence.code == expected, "\(place) and \(source.file) differ")
    }
  }

  @Test(arguments: ["Plugins/WriteAReward.md", "Plugins/WriteATask.md"])
  func linksLeadSomewhere(path: String) throws {
    let folder = HostProgram.package.appending(path: path).deletingLastPathComponent()
    let document = try text(of: path)
    let anchors = document.matches(of: /(?m)^#+ (.+)$/).map { anchor(of: String($0.1)) }
    let links = document.matches(of: /\]\(([^):]+)\)/).map { String($0.1) }
    try #require(!links.isEmpty)
    for link in links {
      if link.hasPrefix("#") {
        #expect(anchors.contains(String(link.dropFirst())), "\(path): \(link)")
      } else {
        let target = folder.appending(path: link).standardizedFileURL.path
        #expect(FileManager.default.fileExists(atPath: target), "\(path): \(link)")
        // Nothing but Plugins is installed.
        #expect(!link.hasPrefix(".."), "\(path): \(link)")
      }
    }
  }

  /// The name by which Markdown's readers link to a heading.
  private func anchor(of heading: String) -> String {
    let kept = heading.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
    return kept.replacing(" ", with: "-")
  }

  @Test(
    .enabled(if: hasC, "needs make and cc"), arguments: ["README.md", "Plugins/WriteAReward.md"])
  func theCommandsAboutRewardsRun(path: String) throws { try runCommands(of: path) }

  @Test(.enabled(if: HostProgram.has(["swift"]), "needs swift"))
  func theCommandsOfWriteATaskRun() throws { try runCommands(of: "Plugins/WriteATask.md") }

  @Test(.enabled(if: hasC, "needs make and cc"))
  func theRecipeOfRewardsIsRead() throws {
    let scratch = try Scratch()
    let recipe = HostProgram.package.appending(path: "Plugins/Examples/rewards.yaml").path
    let outcome = try HostProgram.shell(
      "cd \(scratch.folder.path) && host plugins new --kind reward --language c brevity"
        + " && cd brevity && make && host plan --task hri_dialogue --config '\(recipe)'")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("on_reward_error: stop"))
  }

  /// Runs a document's commands in their order, in one shell and an empty folder.
  private func runCommands(of path: String) throws {
    let fences = try Fence.all(in: text(of: path)).filter(\.isRun)
    try #require(!fences.isEmpty)
    let scratch = try Scratch()
    let commands = fences.map(\.code).joined(separator: "\n")
    let outcome = try HostProgram.shell("cd \(scratch.folder.path)\nset -e\n\(commands)")
    #expect(outcome.code == 0, "\(path): \(outcome.output)\(outcome.errors)")
  }

  @Test func regionsLoseTheirIndentationAndEndAtTheirOwnEnd() {
    let file = """
      // snippet: outer
        if (x) {
          y();

        }
      // end snippet
      /* snippet: outer two */
      never
      """
    #expect(region("outer", of: file) == "if (x) {\n  y();\n\n}")
    #expect(region("outer two", of: file) == nil)
    #expect(region("nosuch", of: file) == nil)
  }

  @Test func fencesKnowTheirCommentAndTheirLine() throws {
    let fences = try Fence.all(
      in:
        "text\n<!-- a/b.c: score -->\n```c\nint x;\n```\n\n```sh\nmake\n```\n<!-- d -->\n\n```c\n```"
    )
    #expect(fences.map(\.line) == [3, 7, 12])
    #expect(fences.map(\.language) == ["c", "sh", "c"])
    #expect(fences[0].source?.file == "a/b.c" && fences[0].source?.region == "score")
    #expect(fences[0].code == "int x;" && fences[1].source == nil && fences[2].source == nil)
    #expect(throws: Fence.Unclosed.self) { try Fence.all(in: "```c\nint x;") }
  }

  private func text(of path: String) throws -> String {
    try String(contentsOf: HostProgram.package.appending(path: path), encoding: .utf8)
  }
}

/// A block of code in a Markdown document.
private struct Fence {
  struct Unclosed: Error {}

  let line: Int
  let language: String
  let source: (file: String, region: String?)?
  let code: String

  /// Whether it holds commands that the test runs.
  var isRun: Bool { source?.file == "run" && language == "sh" }

  /// Commands and what they print are not compiled.
  static func isFree(_ language: String) -> Bool { ["sh", "text"].contains(language) }

  static func all(in document: String) throws -> [Fence] {
    let lines = document.components(separatedBy: "\n")
    var fences: [Fence] = [], at = 0
    while at < lines.count {
      defer { at += 1 }
      guard lines[at].hasPrefix("```") else { continue }
      let start = at
      at += 1
      while at < lines.count, lines[at] != "```" { at += 1 }
      guard at < lines.count else { throw Unclosed() }
      fences.append(
        Fence(
          line: start + 1, language: String(lines[start].dropFirst(3)),
          source: start > 0 ? source(in: lines[start - 1]) : nil,
          code: lines[(start + 1)..<at].joined(separator: "\n")))
    }
    return fences
  }

  private static func source(in comment: String) -> (file: String, region: String?)? {
    guard let match = comment.wholeMatch(of: /<!-- ([^ :]+)(: (.+))? -->/) else { return nil }
    return (String(match.1), match.3.map(String.init))
  }
}

/// The lines between `snippet: NAME` and `end snippet`, without the indentation that all share; nil
/// where the file has no such region, or it does not end.
private func region(_ name: String, of file: String) -> String? {
  var lines: [String]?
  for line in file.components(separatedBy: "\n") {
    if lines != nil, line.contains("end snippet") { return lines.map(unindented) }
    lines?.append(line)
    let comment = CharacterSet(charactersIn: "/*#<!->; ")
    let marker = line.trimmingCharacters(in: comment)
    if lines == nil, marker == "snippet: " + name { lines = [] }
  }
  return nil
}

private func unindented(_ lines: [String]) -> String {
  let indentation = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
  return lines.map { String($0.dropFirst(indentation)) }.joined(separator: "\n")
}
