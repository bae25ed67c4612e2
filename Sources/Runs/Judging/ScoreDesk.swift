import Adapters
import Formats
import Generation
import Models
import Synchronization
import Tasks
import Text

/// Opens reward models for rewards, each of them once, and has them score answers.
public final class ScoreDesk: ScoreService, @unchecked Sendable {
  // Unchecked: one at a time uses the models.
  private struct OpenModel {
    let folder: String, adapter: String?
    let model: CausalLanguageModel, reader: AnswerReader
  }
  private var models: [OpenModel] = []
  private let use = Mutex(())
  /// The chat template that prompts of this run are written with; nil where nobody knows.
  private let template: String?
  private let tell: RunObserver
  private let isCancelled: @Sendable () -> Bool
  /// Texts that are computed together.
  private static let batchSize = 16

  /// A desk at which nothing is open. It says what it opens.
  public init(
    template: String?, tell: RunObserver, isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.template = template
    self.tell = tell
    self.isCancelled = isCancelled
  }

  /// Bytes of the weights of all models that are open.
  public var bytes: Int {
    use.withLock { _ in models.reduce(0) { $0 + $1.model.storedBytes } }
  }

  /// Opens the reward model in a folder, or that of an adapter on the folder's language model.
  public func open(model name: String, adapter: String?) throws(TaskError) -> Int {
    try alone(.configuration) {
      let folder = try ModelFolder.find(name)
      let place = models.firstIndex { $0.folder == folder && $0.adapter == adapter }
      if let place { return place }
      models.append(try opened(folder, adapter))
      return models.count - 1
    }
  }

  /// Does `body` while nobody else uses the models; faults are of this kind unless they say another.
  private func alone<Result>(
    _ kind: TaskError.Kind, _ body: () throws -> Result
  ) throws(TaskError) -> Result {
    var outcome: Swift.Result<Result, any Error>?
    use.withLock { _ in outcome = Swift.Result { try body() } }
    guard let outcome else { preconditionFailure("score desk: nothing was done") }
    do { return try outcome.get() } catch let error as TaskError {
      throw error
    } catch { throw TaskError(kind, Diagnosis(error).description) }
  }

  private func opened(_ folder: String, _ adapter: String?) throws -> OpenModel {
    try openEngine()
    let own = try ModelConfig(folder: folder)
    let tokenizer = try Tokenizer(folder: folder, rows: own.vocabularySize)
    let makesOne = try adapter.map { try AdapterConfig(folder: $0).task == .score } ?? false
    guard own.head == .score || makesOne else {
      let fault = adapter.map { "and the adapter \($0) does not make a reward model of it" }
      throw FormatError(
        .unsupported, folder,
        "is a language model, \(fault ?? "no reward model"); train one with objective.type: "
          + "reward_model, and name its folder or its adapter")
    }
    guard let config = own.scoring(with: tokenizer) else {
      throw FormatError(.unsupported, folder, TaskSession.noClassifier(own))
    }
    let model = try CausalLanguageModel(
      folder: folder, config: config, headSeed: own.head == .score ? nil : 0)
    if let adapter {
      _ = try AdapterSet.load(folder: adapter, on: model, of: folder, tell: tell)
    }
    let reader = try AnswerReader(folder: folder, tokenizer)
    let beside = adapter.map { " with the adapter \($0)" } ?? ""
    tell.note("reward    \(folder)\(beside), \(Format.bytes(model.storedBytes)) of weights")
    if let template, let theirs = reader.template, theirs != template {
      tell.note(
        "warning: \(folder) has another chat template than the model that answers; it scores the prompts "
          + "as they are")
    }
    return OpenModel(folder: folder, adapter: adapter, model: model, reader: reader)
  }

  /// What the model scores each answer.
  public func scores(
    of completions: [String], to prompts: [String], _ kind: ModelRequest.PromptKind,
    by number: Int
  ) throws(TaskError) -> [Double] {
    try alone(.data) {
      guard models.indices.contains(number) else {
        throw TaskError(
          .internal, "there is no reward model of the number \(number); open it first")
      }
      let open = models[number]
      return try stride(from: 0, to: prompts.count, by: Self.batchSize).flatMap { first in
        if isCancelled() { throw TaskError(.cancelled, "the user asked to stop") }
        let range = first..<min(first + Self.batchSize, prompts.count)
        return try open.model.scores(
          of: range.map { index in
            let label = "answer \(index)"
            let ids = try open.reader.ids(prompts[index], kind, completions[index], label: label)
            return Sample(
              ids: ids, isTrained: ids.map { _ in false }, source: label, role: .prompt)
          })
      }
    }
  }
}

extension ModelConfig {
  /// This model with the head of a score; texts of a batch are made equally long as TRL does, with the
  /// tokenizer's padding token, or its end of text where it has none.
  func scoring(with tokenizer: Tokenizer) -> ModelConfig? {
    scoring(padToken: tokenizer.padID.map(Int.init) ?? padToken ?? tokenizer.eosID.map(Int.init))
  }
}

extension CausalLanguageModel {
  /// Bytes of the weights that a pass over a text reads, the embedding's among them.
  var storedBytes: Int {
    let own = linears.reduce(0) { $0 + $1.weight.storedBytes }
    return own + (config.tiesWordEmbeddings ? 0 : modules.embedding.weight.storedBytes)
  }
}
