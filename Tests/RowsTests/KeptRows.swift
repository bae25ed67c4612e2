import Formats
import Foundation
import JSON
import Models
import Synchronization
import Tasks
import Text

@testable import Rows

/// A folder with a file of lines, a cache, and the rows that are made of the lines.
final class KeptRows: Sendable {
  /// The lines of a file as rows: what is asked, what is answered. A line with a `|` has places of
  /// choices in its answer; "clip" is one.
  struct Lines: Dataset {
    let lines: [String]
    let sources: [String]
    var variesByEpoch = false
    /// Hears of every row that is read.
    var willRead: @Sendable (Int) -> Void = { _ in }

    var count: Int { lines.count }

    func example(at index: Int, epoch: Int, seed: UInt64) throws(TaskError) -> Example {
      willRead(index)
      let line = lines[index]
      if line == "broken" { throw TaskError(.data, "line \(index) is broken") }
      if line == "clip" {
        return Example(
          turns: [
            Turn(role: "user", parts: [.media(kind: "audio", tensor: "clip"), .text("hear")]),
            Turn(role: "assistant", text: "a clip"),
          ],
          tensors: [
            "clip": MediaTensor(shape: [4, 102], values: Array(repeating: 0.5, count: 408))
          ]
        )
      }
      let epoch = variesByEpoch ? " of epoch \(epoch)" : ""
      var answer = [Part.text("here are \(line)\(epoch)")]
      if line.contains("|") {
        answer += [
          .choice(Choice(options: ["1", "2", "3"], weights: [0.25, 0.5, 0.25])), .text(" or "),
          .choice(Choice(options: ["4", "5"], weights: [0, 1])),
        ]
      }
      return Example(turns: [
        Turn(role: "user", text: "bring \(line)"), Turn(role: "assistant", parts: answer),
        Turn(role: "user", text: "more"), Turn(role: "assistant", parts: answer),
      ])
    }
  }

  let folder = FileManager.default.temporaryDirectory.appending(path: "rows-\(UUID().uuidString)")
  let notes = Mutex<[String]>([])
  let openings = Mutex(0)
  var path: String { folder.path + "/lines.txt" }
  var cacheFolder: String { folder.path + "/cache" }

  init(_ lines: [String] = (0..<30).map { "\($0) bolts" } + ["one | two"]) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try write(lines)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ lines: [String]) throws {
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: path))
    // A file that was changed within the tick of its clock in which a dataset is opened would count
    // as changed while it was read.
    usleep(20_000)
  }

  /// The files of the cache.
  var files: [URL] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: cacheFolder)) ?? []
    return names.sorted().map { folder.appending(path: "cache/\($0)") }
  }

  /// What is different about an opening.
  struct Change {
    var key: JSONValue = ["task": "test"]
    var name = "lines.txt", maximumLength = 128, policy = TrainingRecipe.Overlength.error,
      seed: UInt64 = 7
    var enableThinking: Bool?
    var template: String?
    var now: CivilTime?
    var usesCache = true, limit = 1 << 20, namesSources = true, variesByEpoch = false
    var hears = false
    var isCancelled: @Sendable () -> Bool = { false }
    /// A moment before what is read was read, where another dataset has read it.
    var beginning: Int?
    var willRead: @Sendable (Int) -> Void = { _ in }
  }

  /// The tokenizers of the small models, of text alone and of sound.
  static let tokenizers = [false, true].map { try? Tokenizer(folder: folder(hears: $0)) }

  private static func folder(hears: Bool) -> String {
    URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "tasks/models/nano-\(hears ? "qwen2-audio" : "qwen3")").path
  }

  private func encoder(_ change: Change) throws -> ConversationEncoder {
    guard let tokenizer = Self.tokenizers[change.hears ? 1 : 0] else {
      throw TaskError(.internal, "no tokenizer")
    }
    if let template = change.template {
      var template = try ChatTemplate(source: template)
      if let now = change.now { template.now = now }
      return ConversationEncoder(
        tokenizer: tokenizer, template: template,
        enableThinking: change.enableThinking)
    }
    let audio = AudioTokens(
      id: tokenizer.id(of: "<|AUDIO|>") ?? -1, text: "<|AUDIO|>", melBins: 4, mostFrames: 3000,
      count: AudioClip.tokens)
    return try ConversationEncoder(
      folder: Self.folder(hears: change.hears), tokenizer: tokenizer,
      enableThinking: change.enableThinking, audio: change.hears ? audio : nil, now: change.now)
  }

  /// Opens the rows, with or without the cache.
  func open(_ change: Change = Change()) throws -> EncodedDataset {
    let opened = try EncodedDataset(
      name: change.name, encoder: encoder(change), maximumLength: change.maximumLength,
      policy: change.policy, seed: change.seed,
      cache: change.usesCache
        ? RowCache(
          key: change.key, folder: cacheFolder, limit: change.limit,
          beginning: change.beginning ?? RowCache.now) : nil,
      hear: { event in
        if case .note(let text) = event { notes.withLock { $0.append(text) } }
      }, isCancelled: change.isCancelled,
      open: { [self] () throws(TaskError) in
        openings.withLock { $0 += 1 }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
          throw TaskError(.data, "\(path) cannot be read")
        }
        return Lines(
          lines: text.split(separator: "\n").map(String.init),
          sources: change.namesSources ? [path] : [], variesByEpoch: change.variesByEpoch,
          willRead: change.willRead)
      })
    guard let opened else { throw TaskError(.internal, "no rows") }
    return opened
  }
}

extension EncodedDataset {
  /// All samples of some epochs.
  func samples(epochs: ClosedRange<Int> = 0...1) throws -> [Sample] {
    try epochs.flatMap { epoch in try (0..<count).map { try sample($0, epoch: epoch) } }
  }

  var isFromCache: Bool { if case .cache = origin { true } else { false } }
  var isKept: Bool { if case .kept = origin { true } else { false } }
}
