import Foundation
import JSON
import Testing

/// What a user is told when a reward goes wrong, in the host's process and in one of its own.
@Suite(.enabled(if: BadReward.hasCompiler, "needs a C compiler at /usr/bin/cc"))
struct BadRewardTests {
  let bad: BadReward

  init() throws { bad = try BadReward() }

  /// Wrong answers read alike wherever the reward runs.
  @Test(arguments: [
    ("nan", "bad: reward 'bad': score 0 of 1 is nan (unset or not finite)"),
    ("inf", "score 0 of 1 is inf (unset or not finite)"),
    ("unset", "score 0 of 1 is nan (unset or not finite)"),
    ("short", "component 'x' has 2 values for 1 samples"),
    ("nameless", "a component has no name"),
    ("twice", "component 'x' is given twice"),
    ("outside", "it abstains from sample 1 of 1"),
    ("silent", "bad: reward 'bad': no message given (status -4)"),
    ("end", "it answers a batch with the status 1"),
    ("unterminated", "bad: reward 'bad': xxxxxxxx"),
    ("latin1", "bad: reward 'bad': caf\u{FFFD}"),
    ("escape", "bad: reward 'bad':  [31mred host: all is well"),
  ])
  func wrongAnswer(how: String, sentence: String) throws {
    for place in ["--no-isolate", "--isolate"] {
      let outcome = try bad.score([how], place)
      #expect(outcome.code == (how == "latin1" ? 65 : 1), "\(outcome)")
      #expect(outcome.errors.contains(sentence), "\(place): \(outcome.errors)")
      #expect(outcome.output.isEmpty)
    }
  }

  /// How the process ends, and how the worker's end is told.
  @Test(arguments: [
    ("segv", "the plugin crashed (SIGSEGV)", "died: Segmentation fault"),
    ("bus", "the plugin crashed (SIGBUS)", "died: Bus error"),
    ("abort", "the plugin crashed (SIGABRT)", "died: Aborted"),
    ("exit", "the plugin called exit()", "left with exit code 0"),
    ("deep", "the plugin crashed (SIGSEGV)", "died: Segmentation fault"),
    ("kill", "", "died: Killed"),
    ("quit", "", "left with exit code 3"),
    ("orphan", "", "left with exit code 3"),
    ("huge", "", "did not end by itself and was stopped"),
    ("twofold", "", "did not end by itself and was stopped"),
  ])
  func ending(how: String, inProcess: String, isolated: String) throws {
    if !inProcess.isEmpty {
      let outcome = try bad.score([how], "--no-isolate")
      #expect(outcome.code != 0)
      #expect(outcome.errors.contains("host: bad: reward 'bad', score: " + inProcess))
    }
    let outcome = try bad.score([how], "--isolate")
    let sentence =
      "host: bad: reward 'bad': its worker process \(isolated), while scoring 1 completions"
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
  }

  @Test func exitOnAThreadOfThePlugins() throws {
    let here = try bad.score(["thread"], "--no-isolate")
    #expect(here.code == 70)
    #expect(here.errors.contains("host: a plugin called exit() on a thread of its own"))
    let there = try bad.score(["thread"], "--isolate")
    #expect(there.code == 1)
    #expect(there.errors.contains("its worker process left with exit code 0"))
  }

  @Test func whatAPluginStartsEndsWithItsWorker() throws {
    let outcome = try bad.score(["child"], "--isolate")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("bad is destroyed"))
    #expect(!outcome.errors.contains("outlived"))
  }

  @Test func aHangIsStopped() throws {
    let outcome = try bad.score(["hang"], "--timeout", "0.5")
    #expect(outcome.code == 1)
    #expect(
      outcome.errors.contains(
        "bad: reward 'bad': no answer within 0.5 seconds while scoring 1 completions; its worker "
          + "process was stopped"), "\(outcome.errors)")
  }

  @Test func aLeakEndsAtTheLimit() throws {
    let outcome = try bad.score(["leak"], "--memory-limit", "300MB")
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("its worker process died: Aborted"), "\(outcome.errors)")
    #expect(outcome.errors.contains("MiB, of the 286 MiB that memory_limit allows"))
  }

  /// The system counts the memory of whoever starts a process as that process's own.
  @Test func aLeakIsToldWhoeverStartsTheHost() throws {
    let large = [UInt8](repeating: 1, count: 400 << 20)
    let outcome = try bad.score(["leak"], "--memory-limit", "300MB")
    #expect(outcome.errors.contains("MiB, of the 286 MiB that memory_limit allows"))
    withExtendedLifetime(large) {}
  }

  /// The batch that fails is lost and named; the others are scored, each by a new worker.
  @Test(arguments: ["segv", "exit", "abort", "nan", "silent"])
  func costsOneBatch(how: String) throws {
    let file = bad.scratch.path("rewards.jsonl")
    let outcome = try bad.score(
      ["fine", how, "fine"], "--on-reward-error", "abstain", "--output", file, "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let reward = try #require(try outcome.json()["rewards"]?.array?.first)
    #expect(reward["scored"] == 2 && reward["failed"] == 1)
    let rows = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
      .map { try JSONValue(parsing: String($0)) }
    #expect(rows.count == 3)
    #expect(rows[0]["rewards"]?["bad"]?["score"] == 0.5)
    #expect(rows[1]["completion"]?.string == how && rows[1]["prompt"]?.string == "Do.")
    #expect(rows[1]["rewards"]?["bad"]?["error"]?.string?.hasPrefix("bad: reward 'bad': ") == true)
    #expect(rows[1]["reward"] == .null)
  }

  @Test func aRunThatStopsKeepsTheBatch() throws {
    let file = bad.scratch.path("rewards.jsonl")
    let outcome = try bad.score(["fine", "segv", "fine"], "--output", file)
    #expect(outcome.code == 1)
    let rows = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    #expect(rows.count == 2 && rows[1].contains("died: Segmentation fault"))
  }

  @Test(arguments: [
    ("segv", "create: the plugin crashed (SIGSEGV)", "died: Segmentation fault"),
    ("exit", "create: the plugin called exit()", "left with exit code 0"),
    ("refuse", "bad: reward 'bad': 'how' is not for me", "bad: reward 'bad': 'how' is not for me"),
  ])
  func inCreate(how: String, inProcess: String, isolated: String) throws {
    let config = ["--config", "{\"how\": \"\(how)\"}"]
    let here = try bad.score(["fine"], config + ["--no-isolate"])
    #expect(here.code != 0)
    #expect(here.errors.contains(inProcess), "\(here.errors)")
    let there = try bad.score(["fine"], config)
    #expect(there.code == (how == "refuse" ? 65 : 1))
    #expect(there.errors.contains(isolated), "\(there.errors)")
  }

  @Test func anExceptionThatLeavesThePlugin() throws {
    let library = try bad.build("bad.cpp", to: "libthrower.so", compiler: "c++")
    let here = try bad.score(["fine"], ["--no-isolate"], reward: library)
    #expect(here.errors.contains("thrower: reward 'thrower', score: the plugin crashed (SIGABRT)"))
    let there = try bad.score(["fine"], [], reward: library)
    #expect(there.errors.contains("reward 'thrower': its worker process died: Aborted"))
  }

  @Test func whatItPrintsAndLogsStaysApartFromResults() throws {
    for place in ["--no-isolate", "--isolate"] {
      let outcome = try bad.score(["print"], place, "--json")
      #expect(outcome.code == 0)
      #expect(try outcome.json()["rewards"]?.array?.first?["scored"] == 1)
      #expect(outcome.errors.contains("noise on standard output"))
      #expect(outcome.errors.contains("info: bad is made"))
    }
  }

  @Test func filesThatAreNoPlugins() throws {
    let cut = bad.scratch.path("libcut.so")
    try Data(contentsOf: URL(filePath: bad.library)).prefix(9000).write(to: URL(filePath: cut))
    for place in ["--no-isolate", "--isolate"] {
      let outcome = try bad.score(["fine"], [place], reward: cut)
      #expect(outcome.code == 65)
      #expect(outcome.errors.contains("\(cut): truncated: has 9000 bytes"), "\(outcome.errors)")
      let missing = try bad.score(["fine"], [place], reward: "/nowhere/libx.so")
      #expect(missing.errors.contains("/nowhere/libx.so: cannot be opened: No such file"))
    }
    let unknown = try bad.score(["fine"], [], reward: "nosuch")
    #expect(unknown.code == 65)
    #expect(unknown.errors.contains("there is no reward 'nosuch'"))
    let other = try bad.score(["fine"], [], reward: bad.library + ":good")
    #expect(other.errors.contains("it exports no reward 'good', only 'bad'"), "\(other.errors)")
  }

  @Test func anOutputThatCannotBeWritten() throws {
    for file in ["/nowhere/rewards.jsonl", bad.scratch.folder.path, "/proc/rewards.jsonl"] {
      let outcome = try bad.score(["fine"], "--output", file)
      #expect(outcome.code == 1, "\(file)")
      #expect(outcome.errors.contains(file), "\(outcome.errors)")
    }
  }

  @Test func theDoorIsTimed() throws {
    let report = try HostProgram.run(
      "bench", "plugins", "--reward", bad.library, "--rounds", "20", "--task", "instruct", "--json"
    ).json()
    for name in ["batch in process", "batch in a worker", "row in process", "row in a worker"] {
      #expect(report[name]?["median_microseconds"]?.double ?? 0 > 0, "\(name)")
    }
  }

  @Test func rowsThatAreNoRows() throws {
    for (text, sentence) in [
      ("", "holds no rows"), ("{\"prompt\": \"a\"}", ":1: a row must be an object with a text"),
      ("{}x", ":1: not JSON"), ("{\"completion\": \"a\", \"metadata\": 3}", "must be an object"),
    ] {
      let rows = try bad.scratch.write(text, to: "rows.jsonl")
      let outcome = try HostProgram.run(
        "reward", "try", "--reward", bad.library, "--data", rows)
      #expect(outcome.code == 65)
      #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
    }
  }
}

/// The reward of `Tests/Goldens/plugin_host/bad.c`, built.
struct BadReward {
  static let hasCompiler = FileManager.default.isExecutableFile(atPath: "/usr/bin/cc")
  let scratch: Scratch
  private(set) var library = ""

  init() throws {
    scratch = try Scratch()
    library = try build("bad.c", to: "libbad.so", compiler: "cc")
  }

  /// Builds a plugin of `Tests/Goldens/plugin_host`; its path.
  func build(_ source: String, to name: String, compiler: String) throws -> String {
    let package = HostProgram.package.path, path = scratch.path(name)
    let build = try HostProgram.shell(
      "\(compiler) -D_GNU_SOURCE -shared -fPIC -fvisibility=hidden -Wall -Wextra -Werror "
        + "-Wno-infinite-recursion "
        + "-I'\(package)/Sources/CPluginABI/include' "
        + "'\(package)/Tests/Goldens/plugin_host/\(source)' -o '\(path)'")
    try #require(build.code == 0, "\(build.errors)")
    return path
  }

  /// Lets the reward score `completions`, each a batch of its own.
  func score(_ completions: [String], _ options: String...) throws -> HostProgram.Outcome {
    try score(completions, options)
  }

  func score(_ completions: [String], _ options: [String], reward: String? = nil) throws
    -> HostProgram.Outcome
  {
    let rows = completions.map { "{\"prompt\": \"Do.\", \"completion\": \"\($0)\"}\n" }.joined()
    let file = try scratch.write(rows, to: "rows.jsonl")
    return try HostProgram.run(
      ["reward", "try", "--reward", reward ?? library, "--data", file, "--batch-size", "1"]
        + options, environment: ["SWIFT_BACKTRACE": "enable=no"])
  }
}
