import Adapters
import Generation
import Models
import Tasks
import Tensors

/// The model that an objective compares with: the one that the run starts from, whose numbers never
/// change. Nothing of it is trained.
public final class Reference {
  /// Where its weights are.
  public enum Kind: String, Sendable {
    /// The base without adapters: new adapters change nothing at first.
    case base
    /// A copy of the adapter that the run starts from, on the same seats.
    case snapshot
    /// A second set of weights, mapped from the files, for full fine-tuning.
    case frozen
  }

  /// Where its weights are.
  public let kind: Kind
  private let model: CausalLanguageModel
  private let adapters: AdapterSet?, snapshot: AdapterSet.Snapshot?

  private init(
    _ kind: Kind, _ model: CausalLanguageModel, _ adapters: AdapterSet? = nil,
    _ snapshot: AdapterSet.Snapshot? = nil
  ) {
    self.kind = kind
    self.model = model
    self.adapters = adapters
    self.snapshot = snapshot
  }

  /// The base below `adapters`, which sit on `model`.
  public static func base(of model: CausalLanguageModel, below adapters: AdapterSet) -> Reference {
    Reference(.base, model, adapters)
  }

  /// The adapters on `model` as they are now.
  public static func snapshot(
    of model: CausalLanguageModel, with adapters: AdapterSet
  ) -> Reference {
    Reference(.snapshot, model, adapters, adapters.snapshot())
  }

  /// `model`, which is not the one that is trained.
  public static func frozen(_ model: CausalLanguageModel) -> Reference {
    Reference(.frozen, model)
  }

  /// Whether the model that is trained begins as this one: not where new adapters change the base, as
  /// virtual tokens do.
  var isStart: Bool { kind != .base || adapters?.config.method.beginsAsBase ?? true }

  /// What it is, for messages.
  var description: String {
    switch kind {
    case .base: "the base model without adapters"
    case .snapshot: "the adapter that the run starts from"
    case .frozen: "the model as its files have it"
    }
  }

  /// The log-probability of each scored token, computed now.
  func logProbabilities(_ texts: ScoredTexts) -> [Float] {
    seated {
      ForwardPass(isolatesRows: true).run {
        Recording.off { model.logProbabilities(texts, sharing: true).values }
      }
    }
  }

  /// log p of each text's trained tokens together, computed as the model's own is where answers are
  /// weighed: the two are equal, to the last bit, as long as nothing has been learnt.
  public func logLikelihoods(of texts: [Sample]) throws -> [Double] {
    try seated { try model.logLikelihoods(of: texts) }
  }

  /// Runs `body` with the reference's weights in the model.
  private func seated<Result>(_ body: () throws -> Result) rethrows -> Result {
    switch kind {
    case .frozen: return try body()
    case .base: return try adapters?.withoutAdapters(body) ?? body()
    case .snapshot:
      guard let adapters, let snapshot else { return try body() }
      return try adapters.with(snapshot, body)
    }
  }

  /// Those of `rows`, whose texts are `texts`: as kept with the rows, else computed.
  func logProbabilities(of rows: [TrainingRow], _ texts: ScoredTexts) -> [Float] {
    let kept = rows.compactMap(\.reference)
    guard kept.count == rows.count, kept.reduce(0, { $0 + $1.count }) == texts.targets.count else {
      return logProbabilities(texts)
    }
    return kept.flatMap { $0 }
  }
}
