import FoundationEssentials
import JSON
import PluginHost
import Synchronization
import Tasks
import Testing

/// Rewards through the catalog, in this process and in a worker.
@Suite(.enabled(if: Workshop.hasCompiler, "needs a C compiler at /usr/bin/cc"))
struct RewardTests {
  let workshop: Workshop
  static let goldens =
    String(#filePath.dropLast("/PluginHostTests/RewardTests.swift".count))
    + "/Goldens/plugin_host/"

  init() throws { workshop = try Workshop() }

  private func library(_ source: String, _ options: [String] = []) throws -> String {
    let name = source.split(separator: "/").last!.dropLast(2)
    return try workshop.compile(
      Self.goldens + source, to: "\(workshop.directory)/lib\(name).so",
      ["-shared", "-D_GNU_SOURCE"] + options)
  }

  private func request(
    _ name: String, _ configuration: JSONValue = [:], isIsolated: Bool
  ) -> RewardRequest {
    var request = RewardRequest(
      name: name, configuration: configuration, isIsolated: isIsolated,
      limits: WorkerLimits(timeout: .seconds(20)))
    request.workerProgram = Workshop.host
    return request
  }

  private let completions = [
    Completion(prompt: "é", text: "fine", metadata: ["id": 1], group: 3),
    Completion(prompt: "", text: "abstain"), Completion(prompt: "p", text: "fine"),
  ]

  @Test(arguments: [false, true])
  func scoresAndAbstentions(isIsolated: Bool) throws {
    let opened = try workshop.catalog().reward(
      request(library("bad.c"), isIsolated: isIsolated))
    #expect(opened.name == "bad" && opened.isIsolated == isIsolated)
    let outcomes = try opened.reward.score(completions)
    #expect(outcomes == [.score(0.5), .abstain(reason: "cannot say"), .score(0.5)])
    #expect(try opened.reward.score([]).isEmpty)
    let error = #expect(throws: TaskError.self) {
      try opened.reward.score([Completion(prompt: "p", text: "nan")])
    }
    #expect(error?.message.hasPrefix("bad: reward 'bad': score 0 of 1 is nan") == true)
    #expect(try opened.reward.score(completions) == outcomes)
  }

  /// Tokens, what was cut off and references arrive as they are known, empty ones too.
  @Test(arguments: [false, true])
  func factsReachTheReward(isIsolated: Bool) throws {
    let opened = try workshop.catalog().reward(
      request(library("facts.c"), isIsolated: isIsolated))
    let outcomes = try opened.reward.score([
      Completion(prompt: "p", text: "a", tokens: 3, isTruncated: true, reference: "ab"),
      Completion(prompt: "p", text: "b", tokens: 0, reference: ""),
      Completion(prompt: "p", text: "c", tokens: 7),
      Completion(prompt: "p", text: "d", reference: "é"),
    ])
    #expect(
      outcomes == [
        .score(
          3, components: [.init(name: "bytes", value: 2), .init(name: "truncated", value: 1)]),
        .score(
          0, components: [.init(name: "bytes", value: 0), .init(name: "truncated", value: 0)]),
        .score(7, components: [.init(name: "truncated", value: 0)]),
        .abstain(
          reason: "tokens unknown",
          components: [.init(name: "bytes", value: 2), .init(name: "truncated", value: 0)]),
      ])
  }

  /// A reward that asks the host's services, in this process and through the worker's socket.
  @Test(arguments: [false, true])
  func services(isIsolated: Bool) throws {
    let catalog = workshop.catalog()
    catalog.services.offer(Oracle())
    let opened = try catalog.reward(request(library("judge.c"), isIsolated: isIsolated))
    let outcomes = try opened.reward.score([
      Completion(prompt: "Is it so?", text: "Да"), Completion(prompt: "", text: "fail"),
    ])
    // The oracle says how long a prompt is; the likelihood of a completion is minus its length.
    #expect(
      outcomes == [
        .score(
          9, components: [.init(name: "likelihood", value: -2), .init(name: "tokens", value: 2)]),
        .abstain(reason: "the oracle is silent"),
      ])
  }

  @Test(arguments: [false, true])
  func withoutAModelTheServiceIsNotOffered(isIsolated: Bool) throws {
    let error = #expect(throws: TaskError.self) {
      try workshop.catalog().reward(request(library("judge.c"), isIsolated: isIsolated))
    }
    #expect(error?.kind == .unsupported)
    #expect(error?.message == "judge: reward 'judge': needs a model to ask")
  }

  /// A plugin built against the header of ABI 1.0, scored by this host.
  @Test(arguments: [false, true])
  func aRewardOfThePreviousMinorVersion(isIsolated: Bool) throws {
    let library = try library("abi-1.0/reward_1_0.c", ["-I" + Self.goldens + "abi-1.0"])
    let opened = try workshop.catalog().reward(request(library, isIsolated: isIsolated))
    let outcomes = try opened.reward.score([Completion(prompt: "p", text: "four")])
    #expect(outcomes.first?.score?.isFinite == true)
  }

  @Test func aRewardIsFoundByNameAndRunsApartUnlessItIsBundled() throws {
    _ = try library("bad.c")
    var asked = RewardRequest(name: "bad")
    asked.workerProgram = Workshop.host
    let catalog = workshop.catalog()
    #expect(try catalog.reward(asked).isIsolated)
    let bundled = PluginCatalog(
      searchPaths: PluginSearchPaths(
        directories: [.init(path: workshop.directory, origin: "here")],
        executableDirectory: workshop.directory))
    #expect(try !bundled.reward(asked).isIsolated)
    asked.name = "badd"
    let error = #expect(throws: TaskError.self) { try catalog.reward(asked) }
    #expect(error?.message.contains("there is no reward 'badd'; did you mean 'bad'?") == true)
  }

  @Test func logLinesOfAWorkerReachTheHost() throws {
    let lines = Lines()
    let catalog = workshop.catalog { level, text in lines.add("\(level): \(text)") }
    _ = try catalog.reward(request(library("bad.c"), isIsolated: true))
    #expect(lines.all == ["info: bad is made"])
  }
}

/// A model of arithmetic.
private struct Oracle: ModelService {
  func complete(_ prompts: [String], _ request: ModelRequest) throws(TaskError) -> [String] {
    guard !prompts.contains("") else { throw TaskError(.data, "the oracle is silent") }
    return prompts.map { "\($0.count)" }
  }

  func logLikelihoods(
    prompts: [String], completions: [String], _ request: ModelRequest
  ) throws(TaskError) -> [(sum: Double, tokens: Int)] {
    completions.map { (sum: -Double($0.count), tokens: $0.count) }
  }
}

private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
}
