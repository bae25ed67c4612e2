import PluginHost
import Synchronization
import Tasks
import Testing

/// What ABI 1.3 brought, through the C tables: where rows come from, and how far long work is.
@Suite(.enabled(if: Workshop.hasCompiler, "needs a C compiler at /usr/bin/cc"))
struct SourcesTests {
  /// What a plugin told, in order.
  private final class Heard: Sendable {
    struct Report: Hashable, Sendable { var label: String, done: Int, total: Int }
    private let list = Mutex<[Report]>([])
    var reports: [Report] { list.withLock { $0 } }
    func hear(_ label: String, _ done: Int, _ total: Int) {
      list.withLock { $0.append(Report(label: label, done: done, total: total)) }
    }

    /// The first, the last and what is cut to its range; not a thousand.
    func check() {
      #expect(reports.first == Report(label: "reading", done: 0, total: 1000))
      #expect(
        reports.suffix(2) == [
          Report(label: "reading", done: 1000, total: 1000),
          Report(label: "sort ing", done: 3, total: 3),
        ])
      #expect(reports.count < 900)
    }
  }

  let workshop: Workshop
  private let library: String
  private let heard = Heard()

  init() throws {
    workshop = try Workshop()
    let goldens = #filePath.dropLast("/PluginHostTests/SourcesTests.swift".count)
    library = try workshop.compile(
      goldens + "/Goldens/plugin_host/sources.c", to: workshop.directory + "/libsources.so",
      ["-shared", "-Wall", "-Wextra", "-Werror"])
  }

  private func catalog() -> PluginCatalog {
    let heard = heard
    return PluginCatalog(
      searchPaths: PluginSearchPaths(
        directories: [.init(path: workshop.directory, origin: "here")],
        executableDirectory: workshop.directory + "/bin"),
      progress: { heard.hear($0, $1, $2) })
  }

  @Test func aDatasetSaysWhereItsRowsComeFrom() throws {
    let task = try catalog().task(named: "steady")
    let rows = try #require(try task.dataset(split: .train, configuration: [:]))
    #expect(rows.sources == ["/data/a.csv", "b"])
    #expect(!rows.variesByEpoch)
    heard.check()
  }

  @Test func anEmptyPathIsAFault() throws {
    let task = try catalog().task(named: "broken")
    let error = #expect(throws: TaskError.self) {
      try task.dataset(split: .train, configuration: [:])
    }
    #expect(
      error?.message
        == "sources: dataset 'broken', split 'train', sources: 'sources' must be a list of paths")
  }

  @Test func aPluginOfAnOlderVersionNamesNone() throws {
    try workshop.buildEcho()
    let task = try catalog().task(named: "echo")
    let rows = try #require(try task.dataset(split: .train, configuration: [:]))
    #expect(rows.sources.isEmpty && rows.variesByEpoch)
  }

  @Test(arguments: [false, true])
  func aRewardTellsHowFarItIs(isIsolated: Bool) throws {
    var request = RewardRequest(name: library + ":one", isIsolated: isIsolated)
    request.workerProgram = Workshop.host
    let opened = try catalog().reward(request)
    #expect(try opened.reward.score([Completion(prompt: "", text: "")]) == [.score(1)])
    heard.check()
  }
}
