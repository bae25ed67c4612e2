import FoundationEssentials
import JSON
import Tasks
import Testing

@testable import PluginHost

/// Rewards that are a program of lines, with the shell for one.
@Suite struct CommandTests {
  /// A folder for what a script writes.
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  private func reward(_ script: String, timeout: Duration = .seconds(20)) throws -> any Reward {
    try workshop.catalog().reward(
      RewardRequest(
        name: "command",
        configuration: ["run": ["/bin/sh", "-c", .string(script), .string(workshop.directory)]],
        limits: WorkerLimits(timeout: timeout))
    ).reward
  }

  private func failure(
    _ script: String, _ completions: [Completion] = [.init(prompt: "p", text: "a")],
    timeout: Duration = .seconds(20)
  ) throws -> String {
    let reward = try reward(script, timeout: timeout)
    return #expect(throws: TaskError.self) { try reward.score(completions) }?.message ?? ""
  }

  @Test func aProgramIsStartedOnceAndScoresBatchAfterBatch() throws {
    let reward = try reward(
      #"n=0; while read -r l; do n=$((n+1)); printf '{"scores": [%d, null], "#
        + #""components": {"n": [1.5, null]}}\n' $n; done"#)
    let batch = ["a", "b"].map { Completion(prompt: "p", text: $0) }
    for number in 1...3 {
      let part = RewardComponent(name: "n", value: 1.5)
      #expect(
        try reward.score(batch) == [
          .score(Double(number), components: [part]),
          .abstain(reason: "the program gives no score"),
        ])
    }
    #expect(try reward.score([]).isEmpty)
  }

  @Test func theProgramIsToldAllThatIsKnown() throws {
    let reward = try reward(#"read -r l; printf %s "$l" > $0/line; echo '{"scores": [1, 2]}'"#)
    _ = try reward.score([
      Completion(
        prompt: "é\n", text: "a", metadata: ["answer": "42", "list": [1, nil]], group: 3,
        tokens: 7, isTruncated: true, reference: "b"),
      Completion(prompt: "p", text: "", metadata: ["more": true]),
    ])
    let line = try String(
      contentsOf: URL(filePath: workshop.directory + "/line"), encoding: .utf8)
    #expect(
      try JSONValue(parsing: line) == [
        "prompts": ["é\n", "p"], "completions": ["a", ""], "groups": [3, 0], "tokens": [7, nil],
        "truncated": [true, false], "references": ["b", nil], "answer": ["42", nil],
        "list": [[1, nil], nil], "more": [nil, true],
      ])
  }

  @Test func aProgramThatDiesCostsOneBatch() throws {
    let reward = try reward(
      "read -r l; if [ -e $0/second ]; then echo '{\"scores\": [1]}'; else "
        + "touch $0/second; echo alas >&2; echo >&2; exit 3; fi")
    let batch = [Completion(prompt: "p", text: "a")]
    let error = #expect(throws: TaskError.self) { try reward.score(batch) }
    #expect(
      error?.message
        == "reward 'command': its program left with exit code 3, while scoring 1 completions; the "
        + "last that it wrote to standard error: alas")
    #expect(try reward.score(batch) == [.score(1)])
  }

  @Test func aProgramThatHangsIsStopped() throws {
    let hang = try failure("read -r l; sleep 30", timeout: .milliseconds(300))
    #expect(hang.hasPrefix("reward 'command': no answer within 0.3 seconds while scoring 1 "))
    #expect(hang.hasSuffix("; its program was stopped"))
    let slow = try failure(
      "read -r l; while :; do printf ' '; sleep 0.05; done", timeout: .milliseconds(300))
    #expect(slow.contains("no answer within"))
  }

  @Test(arguments: [
    ("hello", "it answers 'hello', which is not JSON (column 1:"),
    (#"{"scores": [NaN]}"#, "NaN and infinity are no scores: write null to abstain"),
    (#"{"scores": [1e60]}"#, "score 0 of 1 is inf (unset or not finite)"),
    ("[1]", "which is not an object"), ("{}", "it answers without 'scores'"),
    (#"{"score": [1]}"#, "it answers with the unknown key 'score'; did it mean 'scores'?"),
    (#"{"scores": [1, 2]}"#, "it gives 2 scores for 1 samples"),
    (#"{"scores": [true]}"#, "scores: element 0 must be a number or null, found a boolean"),
    (#"{"scores": 1}"#, "its scores must be a list, found a number"),
    (#"{"scores": [1], "components": {"n": []}}"#, "it gives 0 component 'n' for 1 samples"),
    (#"{"error": "no such word"}"#, "reward 'command': no such word"),
    (#"{"error": "x", "scores": [1]}"#, "its 'error' must be a text that stands alone"),
    ("{\"scores\": [1]}\n{\"scores\": [1]}", "not JSON"), ("", "not JSON"),
  ])
  func nonsenseIsNamed(line: String, sentence: String) throws {
    try workshop.write(line + "\n", to: workshop.directory + "/answer")
    let message = try failure("while read -r l; do cat $0/answer; done")
    #expect(message.hasPrefix("reward 'command': ") && message.contains(sentence), "\(message)")
  }

  @Test func anErrorLeavesTheProgramRunning() throws {
    let reward = try reward(
      #"read -r l; echo '{"error": "not yet"}'; read -r l; echo '{"scores": [4]}'"#)
    let batch = [Completion(prompt: "p", text: "a")]
    #expect(throws: TaskError.self) { try reward.score(batch) }
    #expect(try reward.score(batch) == [.score(4)])
  }

  @Test(
    arguments: [
      ([:], "'run' must be a list of texts"), (["run": []], "'run' must be a list of texts"),
      (["run": ["sh", 1]], "'run' must be a list of texts"),
      (["run": "sh"], "'run' must be a list of texts"),
      (["ron": ["sh"]], "unknown key 'ron'; did you mean 'run'?"),
      (["run": ["sh"], "name": ""], "'name' must be a text"),
      (["run": ["/no/such/program"]], "'/no/such/program' cannot be started: No such file"),
    ] as [(JSONValue, String)])
  func aBadConfigurationIsRefused(configuration: JSONValue, sentence: String) {
    let error = #expect(throws: TaskError.self) {
      try workshop.catalog().reward(
        RewardRequest(name: "command", configuration: configuration))
    }
    #expect(error?.kind == .configuration && error?.message.contains(sentence) == true)
  }

  @Test func whatCannotBeToldApartIsRefused() throws {
    let row = Completion(prompt: "p", text: "a", metadata: ["tokens": 1])
    #expect(try failure("cat", [row]).contains("the rows have a column 'tokens'"))
    var request = RewardRequest(name: "command", configuration: ["run": ["sh"]], isIsolated: false)
    let error = #expect(throws: TaskError.self) { try workshop.catalog().reward(request) }
    #expect(error?.message.contains("leave 'isolate' out") == true)
    request.name = "comand"
    let slip = #expect(throws: TaskError.self) { try workshop.catalog().reward(request) }
    #expect(slip?.message.contains("did you mean 'command'?") == true)
  }

  @Test func theFileThatDecidesIsNamed() throws {
    let file = workshop.directory + "/mine.py"
    try workshop.write("", to: file)
    func found(_ words: [String]) throws -> String {
      try CommandJob(["run": .array(words.map(JSONValue.string))]).file
    }
    #expect(try found(["python3", "-u", file + ":f", "--fast"]) == file)
    #expect(try found(["python3", "-c", "pass"]) == "python3")
  }
}
