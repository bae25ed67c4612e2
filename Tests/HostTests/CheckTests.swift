import Foundation
import JSON
import Testing

/// `plugins check` and `plugins list` on plugins that are in order, and on one for each fault.
@Suite(.enabled(if: Compiler.isThere, "needs a C compiler at /usr/bin/cc"))
struct CheckTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Builds a plugin of Tests/Goldens/plugin_host/check; its path.
  @discardableResult
  private func build(_ name: String) throws -> String {
    let package = HostProgram.package.path, library = scratch.path("lib\(name).so")
    let outcome = try HostProgram.shell(
      "cc -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -O1 -fPIC -fvisibility=hidden -shared "
        + "-I'\(package)/Sources/CPluginABI/include' "
        + "'\(package)/Tests/Goldens/plugin_host/check/\(name).c' -o '\(library)'")
    try #require(outcome.code == 0, "\(outcome.errors)")
    return library
  }

  /// Runs `plugins check`; blanks between columns count once.
  private func check(_ arguments: String...) throws -> HostProgram.Outcome {
    let outcome = try HostProgram.run(["plugins", "check"] + arguments)
    let text = outcome.output.replacing(/[ ]+/, with: " ")
    return .init(code: outcome.code, output: text, errors: outcome.errors)
  }

  private static let freed = "it used borrowed memory after the call had returned: "

  @Test(arguments: [
    ("writes_input", "in score, 1 sample: it wrote to borrowed memory: the completions; copy"),
    ("keeps_pointer", "in score, 3 samples: \(freed)the completions; copy"),
    ("keeps_config", "\(freed)the configuration"),
    ("late_sink", "\(freed)the sink"),
    ("overruns_scores", "in score, 1 sample: it wrote past the end of the scores"),
    ("underruns_scores", "!! scores it wrote before the beginning of the scores"),
    ("no_terminator", "it read past the end of the completions; a tk_str has len bytes and no NUL"),
    ("random_scores", "!! repeats scores differ between two calls on the same batch"),
    ("unsafe_threads", "!! overlap scores differ when calls on one instance overlap"),
    ("crashes_on_empty", "crashed (Segmentation fault) in score, an empty completion"),
    ("endless_error", "!! create the text of its error does not end in a NUL"),
    (
      "long_error",
      "in create, with [] and 1 bytes for the error's text: it wrote past the end of the error's text"
    ),
    ("mute_error", "it fails with the status -4 and does not say why"),
    ("unset_score", "score 0 of 1 is nan (unset or not finite)"),
    ("exits", "left with exit code 3 in score, 1 sample: a plugin must not call exit()"),
    ("aborts", "!! loads it crashed while loading (Aborted)"),
    ("rows", "!! train row 0 differs when read a second time"),
    (
      "mixed_kinds",
      "!! train row 2 is a single text, but row 0 is a preference pair; a run learns rows of one kind"
    ),
    ("epochs", "!! train row 0 is another one in epoch 1, though the dataset says"),
  ])
  func aFaultIsNamed(name: String, sentence: String) throws {
    let outcome = try check(try build(name))
    #expect(outcome.code == 65)
    #expect(outcome.output.contains(sentence), "\(outcome.output)")
    #expect(outcome.output.contains("\nfails: "))
  }

  @Test func aHangIsNamed() throws {
    let outcome = try check(try build("hangs"), "--timeout", "0.5")
    #expect(outcome.code == 65)
    #expect(outcome.output.contains("no answer within 0.5 seconds in score, 3 samples: it hangs"))
  }

  @Test(arguments: [
    ("leaks", "-- memory grows by "),
    ("needs_batch", "-- splits scores depend on the batch"),
  ])
  func whatIsNoFaultIsNoted(name: String, sentence: String) throws {
    let outcome = try check(try build(name))
    #expect(outcome.code == 0)
    #expect(outcome.output.contains(sentence), "\(outcome.output)")
    #expect(outcome.output.contains("\nok: "))
  }

  /// Rows of one kind are in order, and their evaluator gets two numbers for each, or four.
  @Test func pairsAreCalledByTheirName() throws {
    let output = try check(try build("mixed_kinds")).output
    #expect(output.contains("ok validation 2 preference pairs; the same in any order"), "\(output)")
    #expect(output.contains("ok report references as answers: margin 1.0 (2 rows)"), "\(output)")
  }

  @Test func theVerdictAsJSON() throws {
    let path = try build("random_scores")
    let json = try check(path, "--json").json()
    #expect(json["verdict"] == "fails" && json["name"] == "faulty" && json["path"] == .string(path))
    let faults = (json["findings"]?.array ?? []).filter { $0["mark"] == "fails" }
    #expect(faults.count == 1 && faults.first?["side"] == "repeats")
    #expect(faults.first?["subject"] == "reward 'faulty'")
  }

  @Test func aCrashWhileLoadingDoesNotTakeTheListDown() throws {
    let path = try build("aborts")
    try build("random_scores")
    let list = try HostProgram.run("plugins", "list", "--plugin-dir", scratch.folder.path)
    #expect(list.code == 0)
    #expect(list.output.contains("unusable  \(path)\n  it crashed while loading (Aborted)"))
    #expect(list.output.contains("faulty 1  " + scratch.path("librandom_scores.so")))
    #expect(list.output.contains("hri_dialogue"))
  }

  /// Copies an example with the SDK to where it expects it, and builds it; the folder.
  private func example(_ name: String, _ targets: String) throws -> String {
    let folder = scratch.path("Examples/\(name)"), plugins = HostProgram.package.path + "/Plugins"
    let outcome = try HostProgram.shell(
      "mkdir -p '\(folder)' && cp -rL '\(plugins)/SDK' '\(scratch.folder.path)/SDK' && "
        + "cp -r '\(plugins)/Examples/\(name)/.' '\(folder)' && make -C '\(folder)' \(targets)")
    try #require(outcome.code == 0, "\(outcome.errors)")
    return folder
  }

  @Test(arguments: ["c/reward", "cpp/reward"])
  func theExamplesAreInOrder(name: String) throws {
    let path = try example(name, "all") + "/libbrevity.so"
    let target = #"{"target": 40}"#
    let good = try check(path, "--config", target)
    #expect(good.code == 0, "\(good.output)")
    #expect(good.output.contains("ok overlap four threads on one instance score as one does"))
    #expect(good.output.contains("ok memory does not grow"), "\(good.output)")
    #expect(good.output.contains("\nok: "))
    let bare = try check(path)
    #expect(bare.code == 0)
    #expect(
      bare.output.contains(
        "-- create not called: it needs a configuration ('target' is required); give --config"),
      "\(bare.output)")
    #expect(bare.output.contains("\nnot checked in full: "))
    let wrong = try check(path, "--config", #"{"target": 0}"#)
    #expect(wrong.code == 65)
    #expect(wrong.output.contains("!! create create is refused: 'target' must be "))
    let given = try check(
      path, "--config", target, "--data",
      HostProgram.package.path + "/Plugins/Examples/c/reward/rows.jsonl")
    #expect(given.output.contains("64 given samples, 16 of 68 abstained"), "\(given.output)")
  }

  @Test func aTaskIsReadWithItsOwnRecipe() throws {
    let path = try example("c/task", "all") + "/libbrevity.so"
    let good = try check(path)
    #expect(good.code == 0)
    #expect(good.output.contains("ok report references as answers: exact 1.0 (2 rows)"))
    let words = #"{"words": ["a", "b", "c", "d", "e"]}"#
    let other = try check(path, "--config", words)
    #expect(other.output.contains("ok train 4 rows"), "\(other.output)")
    let wrong = try check(path, "--config", #"{"words": 7}"#)
    #expect(wrong.code == 65 && wrong.output.contains("!! train "))
  }

  @Test(.enabled(if: Compiler.hasSanitizer, "needs cc with AddressSanitizer"))
  func aFolderIsBuiltAndCheckedWithSanitizersToo() throws {
    let folder = try example("c/reward", "clean"), target = #"{"target": 40}"#
    let good = try check(folder, "--config", target)
    #expect(good.code == 0, "\(good.output)\(good.errors)")
    #expect(good.output.contains("/libbrevity.so\n") && good.output.contains("-sanitize.so\n"))
    let list = try HostProgram.run("plugins", "list", "--plugin-dir", folder)
    #expect(list.code == 0 && list.output.contains("brevity 1.0.0  \(folder)/libbrevity.so"))
    #expect(list.output.contains("  it was built with AddressSanitizer; only `plugins check`"))
    let source = URL(filePath: folder + "/brevity.c")
    let text = try String(contentsOf: source, encoding: .utf8)
    try text.replacingOccurrences(
      of: "malloc(batch->count * sizeof *lengths)", with: "malloc(batch->count * 3)"
    ).write(to: source, atomically: true, encoding: .utf8)
    let bad = try check(folder, "--config", target)
    #expect(bad.code == 65)
    let sentence = "!! scores AddressSanitizer: heap-buffer-overflow (score \(folder)/brevity.c:"
    #expect(bad.output.contains(sentence), "\(bad.output)")
    #expect(bad.output.contains(") in score, 1 sample\n"))
  }
}

/// What the system's C compiler can do.
private enum Compiler {
  static let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/cc")

  static let hasSanitizer: Bool = {
    let line = "test -f \"$(cc -print-file-name=libasan.so)\""
    return isThere && (try? HostProgram.shell(line).code) == 0
  }()
}
