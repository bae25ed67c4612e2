import CPluginABI

/// A reward model that was trained before, to score answers with. Call it only on the thread on which
/// the host called the plugin, and before that call returns; ask everything at once.
/// ```swift
/// let model = try host.rewardModel(in: config.model, adapter: config.adapter)
/// let scores = try model.scores(of: batch.map { (.text($0.prompt), $0.text) })
/// ```
public struct RewardModel: Sendable {
  private let judge: @Sendable ([(prompt: Prompt, completion: String)]) throws -> [Double]

  /// Stands in for one of the host's in a test.
  public init(
    scores: @escaping @Sendable ([(prompt: Prompt, completion: String)]) throws -> [Double]
  ) { judge = scores }

  /// What the model scores each completion as the answer to its prompt, in order; what the chat template
  /// writes behind an answer is added. Throws for a text that the model cannot take (`.data`), and on
  /// cancellation.
  public func scores(of answers: [(prompt: Prompt, completion: String)]) throws -> [Double] {
    try judge(answers)
  }
}

extension RewardModel {
  /// Opens the model in the folder `model`, with the adapter in the folder `adapter` if there is one,
  /// behind the host's table.
  init(_ service: HostTable<tk_score_v1>, _ model: String, _ adapter: String?) throws {
    var number: Int64 = 0
    try checked { error in
      withStrs([model, adapter ?? ""]) {
        service.pointer.pointee.open?(service.pointer, $0[0], $0[1], &number, error)
      }
    }
    let opened = number
    self.init { answers in
      try forEachKind(of: answers.map(\.prompt)) { kind, texts, indices in
        var scores = [Double](repeating: .nan, count: texts.count)
        try checked { error in
          withStrs(texts) { prompts in
            withStrs(indices.map { answers[$0].completion }) {
              service.pointer.pointee.scores?(
                service.pointer, opened, kind, prompts.baseAddress, $0.baseAddress, $0.count,
                &scores, error)
            }
          }
        }
        return scores
      }
    }
  }
}
