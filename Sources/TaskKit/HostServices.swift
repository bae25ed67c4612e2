import CPluginABI

/// What the host offers to a plugin. Usable on any thread, for as long as the process lives.
public struct HostServices: Sendable {
  private let write: @Sendable (Level, String) -> Void
  private let isStopped: @Sendable () -> Bool
  private let findTokenizer: @Sendable () -> Tokenizer?
  private let findModel: @Sendable () -> LanguageModel?
  private let openRewardModel: @Sendable (_ model: String, _ adapter: String?) throws -> RewardModel
  private let show: @Sendable (_ label: String, _ done: Int, _ total: Int) -> Void

  /// How much a line of the log matters.
  public enum Level: Int32, Sendable { case debug, info, warning, error }

  /// Stands in for the host in a test.
  public init(
    tokenizer: Tokenizer? = nil, model: LanguageModel? = nil,
    rewardModel: (@Sendable (_ model: String, _ adapter: String?) throws -> RewardModel)? = nil,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    progress: @escaping @Sendable (_ label: String, _ done: Int, _ total: Int) -> Void = {
      _, _, _ in
    },
    log: @escaping @Sendable (Level, String) -> Void = { _, _ in }
  ) {
    write = log
    show = progress
    isStopped = isCancelled
    findTokenizer = { tokenizer }
    findModel = { model }
    openRewardModel = rewardModel ?? { _, _ in throw Self.noRewardModels }
  }

  init(_ table: UnsafePointer<tk_host_v1>?) {
    let host = table.map(HostTable.init)
    write = { level, message in
      guard let table = host?.pointer else { return }
      message.withStr { table.pointee.log?(table, level.rawValue, $0) }
    }
    isStopped = {
      guard let table = host?.pointer else { return false }
      return table.pointee.cancelled?(table) ?? 0 != 0
    }
    findTokenizer = { host?.service(TK_SERVICE_TOKENIZER).map { Tokenizer(HostTable($0)) } }
    findModel = { host?.service(TK_SERVICE_GENERATE).map { LanguageModel(HostTable($0)) } }
    openRewardModel = { model, adapter in
      guard let service: UnsafePointer<tk_score_v1> = host?.service(TK_SERVICE_SCORE) else {
        throw Self.noRewardModels
      }
      return try RewardModel(HostTable(service), model, adapter)
    }
    let progress: HostTable<tk_progress_v1>? = host?.service(TK_SERVICE_PROGRESS)
      .map(HostTable.init)
    show = { label, done, total in
      guard let table = progress?.pointer else { return }
      label.withStr { table.pointee.show?(table, $0, Int64(done), Int64(total)) }
    }
  }

  /// No host at all, for tests: nothing is logged, nothing cancelled, no model there.
  public static let none = HostServices()

  /// Writes a line to the host's log. Standard output belongs to the host: do not print.
  public func log(_ level: Level, _ message: String) { write(level, message) }

  /// Says that `done` of `total` parts of the work `label` ("reading ratings") are done; the host
  /// shows a bar. Call it as often as you like. Nothing happens with a host older than ABI 1.3.
  public func progress(_ label: String, done: Int, of total: Int) { show(label, done, total) }

  /// Whether the user asked to stop. Long work polls it and throws `PluginError(.cancelled, …)`.
  public var isCancelled: Bool { isStopped() }

  /// The tokenizer of the run's model; nil where the host has no model's folder open.
  public var tokenizer: Tokenizer? { findTokenizer() }

  /// The run's model, to let it judge; nil where the host has none open, or is older than ABI 1.1.
  public var model: LanguageModel? { findModel() }

  /// The reward model in the folder `model`: a sequence classifier with one label, or a language model
  /// of which the adapter in the folder `adapter` makes one. One that is open already is not opened a
  /// second time. Only on the thread on which the host called the plugin. Throws where there is no such
  /// model (`.configuration`), and with a host older than ABI 1.6 (`.unsupported`).
  public func rewardModel(in model: String, adapter: String? = nil) throws -> RewardModel {
    try openRewardModel(model, adapter)
  }

  private static let noRewardModels = PluginError(
    .unsupported, "this host opens no reward models (it may be older than ABI 1.6)")
}

/// A table of the host's functions.
struct HostTable<Table>: @unchecked Sendable {
  // Unchecked: the host's tables are constant and live as long as the process.
  let pointer: UnsafePointer<Table>

  init(_ pointer: UnsafePointer<Table>) { self.pointer = pointer }
}

extension HostTable<tk_host_v1> {
  fileprivate func service<Service>(_ id: String) -> UnsafePointer<Service>? {
    pointer.pointee.service?(pointer, id)?.assumingMemoryBound(to: Service.self)
  }
}
