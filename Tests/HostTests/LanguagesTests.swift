import Foundation
import JSON
import Testing

/// The example rewards in all languages, each built by its own tools outside of the package, score
/// one batch in one process. What is missing on a machine is left out, and said.
@Suite struct LanguagesTests {
  /// How the example in a language is built, and what comes of it.
  struct Example: Sendable, CustomTestStringConvertible {
    let name: String, folder: String, tools: [String], command: String, product: String
    var testDescription: String { name }
  }

  static let examples = [
    Example(
      name: "C", folder: "c", tools: ["make", "cc"], command: "make", product: "libbrevity.so"),
    Example(
      name: "C, clang", folder: "c", tools: ["make", "clang"], command: "make CC=clang",
      product: "libbrevity.so"),
    Example(
      name: "C++", folder: "cpp", tools: ["make", "c++"], command: "make",
      product: "libbrevity.so"),
    Example(
      name: "Rust", folder: "rust", tools: ["cargo"],
      command: "CARGO_NET_OFFLINE=true cargo build --release",
      product: "target/release/libbrevity.so"),
    Example(
      name: "Swift", folder: "swift", tools: ["swift"],
      command: "swift build --product brevity", product: ".build/debug/libbrevity.so"),
    Example(
      name: "Swift, its runtime inside", folder: "swift", tools: ["swift"],
      command: "swift build --product brevity -Xswiftc -static-stdlib",
      product: ".build/debug/libbrevity.so"),
  ]

  @Test(.enabled(if: HostProgram.has(["make", "cc"]), "needs make and cc"))
  func oneProcessHoldsThemAll() throws {
    let scratch = try Scratch()
    var libraries: [String] = []
    for (index, example) in Self.examples.enumerated() {
      guard HostProgram.has(example.tools) else {
        print("skipped: \(example.name), which needs \(example.tools.joined(separator: " and "))")
        continue
      }
      libraries.append(try build(example, in: scratch, as: "\(index)"))
    }
    let rows = scratch.path("0/rows.jsonl")
    let words = libraries.flatMap { ["--reward", $0] }
    for place in ["--no-isolate", "--isolate"] {
      let outcome = try HostProgram.run(
        ["reward", "try", "--data", rows, "--config", "{\"target\": 40}", "--json", place] + words)
      try #require(outcome.code == 0, "\(outcome.errors)")
      try agree(outcome.json(), on: libraries.count)
    }
  }

  private func agree(_ report: JSONValue, on count: Int) throws {
    #expect(report["rewards"]?.array?.count == count)
    let scored = try #require(report["rows"]?.array)
    #expect(scored.count > 3)
    for row in scored {
      let said = try #require(row["rewards"]?.object).values
      #expect(said.count == count)
      #expect(said.allSatisfy { $0["score"] == said.first?["score"] }, "\(row.text())")
      let reasons = said.compactMap { $0["abstained"]?.string }
      #expect(reasons.isEmpty || reasons == Array(repeating: "empty completion", count: count))
    }
    #expect(scored.contains { $0["reward"] == .null } && scored.contains { $0["reward"] != .null })
  }

  /// What each kit makes of what an author's code throws, and how a process ends where none can help:
  /// the completion, then what the user reads in this process and in a worker.
  typealias Fault = (completion: String, inProcess: String, isolated: String)

  private func fail(_ faults: [Fault], _ index: Int, _ source: String, at place: String) throws {
    let example = Self.examples[index], scratch = try Scratch()
    let golden = "Tests/Goldens/plugin_host/faulty/" + source
    let library = try build(example, in: scratch, as: "faulty") { folder in
      let text = try String(
        contentsOf: HostProgram.package.appending(path: golden), encoding: .utf8)
      try Data(text.utf8).write(to: folder.appending(path: place))
    }
    for fault in faults {
      let rows = try scratch.write("{\"completion\": \"\(fault.completion)\"}\n", to: "rows.jsonl")
      for (option, sentence) in [("--no-isolate", fault.inProcess), ("--isolate", fault.isolated)] {
        let outcome = try HostProgram.run(
          ["reward", "try", "--reward", library, "--data", rows, option],
          environment: ["SWIFT_BACKTRACE": "enable=no"])
        #expect(outcome.code != 0)
        #expect(
          outcome.errors.contains("host: faulty: reward 'faulty'" + sentence),
          "\(example.name), \(fault.completion): \(outcome.errors)")
      }
    }
  }

  private static let thrown = ": sample 0: réponse 🤖"

  @Test(.enabled(if: HostProgram.has(["swift"]), "needs swift"))
  func whatGoesWrongInSwift() throws {
    let crash = ", score: the plugin crashed (SIGILL)"
    let end = ": its worker process died: Illegal instruction"
    try fail(
      [
        ("throw", Self.thrown, Self.thrown),
        ("count", ": sample 0: the score is inf", ": sample 0: the score is inf"),
        ("fatal", crash, end), ("index", crash, end),
      ], 4, "Brevity.swift", at: "Sources/BrevityPlugin/Brevity.swift")
  }

  @Test(.enabled(if: HostProgram.has(["make", "c++"]), "needs make and c++"))
  func whatGoesWrongInCxx() throws {
    let what = ": sample 0: nobody catches me", unknown = ": sample 0: unknown exception"
    try fail(
      [
        ("throw", Self.thrown, Self.thrown), ("panic", what, what), ("index", unknown, unknown),
        ("abort", ", score: the plugin crashed (SIGABRT)", ": its worker process died: Aborted"),
      ], 2, "brevity.cpp", at: "brevity.cpp")
  }

  @Test(.enabled(if: HostProgram.has(["cargo"]), "needs cargo"))
  func whatGoesWrongInRust() throws {
    let panic = ": sample 0: panicked: nobody catches me"
    let index = ": sample 0: panicked: index out of bounds"
    try fail(
      [
        ("throw", Self.thrown, Self.thrown), ("panic", panic, panic), ("index", index, index),
        ("abort", ", score: the plugin crashed (SIGABRT)", ": its worker process died: Aborted"),
      ], 3, "lib.rs", at: "src/lib.rs")
  }

  private func build(
    _ example: Example, in scratch: Scratch, as folder: String,
    editing edit: (URL) throws -> Void = { _ in }
  ) throws -> String {
    let path = scratch.path(folder)
    let written = try HostProgram.run(
      "plugins", "new", "--kind", "reward", "--language", example.folder, "--directory", path,
      "brevity")
    try #require(written.code == 0, "\(written.errors)")
    try edit(scratch.url(folder))
    let built = try HostProgram.shell("cd '\(path)' && \(example.command)")
    try #require(built.code == 0, "\(example.name): \(built.output)\(built.errors)")
    return path + "/" + example.product
  }
}
