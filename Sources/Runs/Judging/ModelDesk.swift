import Adapters
import FoundationEssentials
import Generation
import JSON
import Models
import PluginHost
import Synchronization
import Tasks
import Text
import Training

/// Answers what plugins ask of the run's model.
public final class ModelDesk: ModelService, @unchecked Sendable {
  // Unchecked: it is opened before anybody asks, and one at a time uses the model.
  private struct OpenModel {
    let model: CausalLanguageModel, adapters: AdapterSet?, hasBase: Bool
  }
  private let tokenizer: Tokenizer
  private let encoder: ConversationEncoder?
  private let stopTokens: Set<Int32>
  private let isCancelled: @Sendable () -> Bool
  private var open: OpenModel?
  private let use = Mutex(())
  /// Sequences that are computed together.
  private static let batchSize = 16

  /// A desk that is still closed: plugins see that there will be a model. Without an encoder there
  /// is no chat template for messages.
  public init(
    _ tokenizer: Tokenizer, encoder: ConversationEncoder?, stopTokens: Set<Int32>,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.tokenizer = tokenizer
    self.encoder = encoder
    self.stopTokens = stopTokens
    self.isCancelled = isCancelled
  }

  /// Opens the desk. `adapters` is what the current model has over the base; without any the two
  /// are one, unless the base's own weights are being trained (`hasBase` false).
  public func open(_ model: CausalLanguageModel, adapters: AdapterSet?, hasBase: Bool = true) {
    open = OpenModel(model: model, adapters: adapters, hasBase: hasBase)
  }

  /// Continues prompts.
  public func complete(_ prompts: [String], _ request: ModelRequest) throws(TaskError) -> [String] {
    try answer(request) { model in
      let sampler = try Sampler(
        temperature: request.temperature, topK: request.topK > 0 ? request.topK : nil,
        topP: request.topP, seed: request.seed)
      let generator = try Generator(
        model: model, vocabulary: tokenizer.count, stopTokens: stopTokens,
        maximumNewTokens: request.maximumNewTokens, sampler: sampler)
      return try batches(prompts.count).flatMap { range in
        try checkCancellation()
        let batch = try range.map { Prompt(ids: try ids(prompts[$0], request)) }
        return try generator(batch).sequences.map {
          tokenizer.decode($0.ids, skipSpecialTokens: true)
        }
      }
    }
  }

  /// How likely completions are.
  public func logLikelihoods(
    prompts: [String], completions: [String], _ request: ModelRequest
  ) throws(TaskError) -> [(sum: Double, tokens: Int)] {
    try answer(request) { model in
      try batches(prompts.count).flatMap { range in
        try checkCancellation()
        let ending = try range.map {
          tokenizer.encode(completions[$0], after: try text(prompts[$0], request))
        }
        let questions = try zip(range, ending).map { index, ending in
          // An empty text has the probability 1.
          ChoiceQuestion(
            prompt: try ids(prompts[index], request), choices: ending.isEmpty ? [] : [ending])
        }
        return zip(try model.scoreChoices(questions), ending).map { sums, ending in
          (sum: sums.first ?? 0, tokens: ending.count)
        }
      }
    }
  }

  /// Uses the model without plugins that ask it on other threads: they wait.
  func hold<Result>(_ body: () throws -> Result) throws -> Result {
    var outcome: Swift.Result<Result, any Error>?
    use.withLock { _ in outcome = Swift.Result { try body() } }
    guard let outcome else { preconditionFailure("model desk: nothing was done") }
    return try outcome.get()
  }

  private func checkCancellation() throws(TaskError) {
    if isCancelled() { throw TaskError(.cancelled, "the user asked to stop") }
  }

  private func batches(_ count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: Self.batchSize).map { $0..<min($0 + Self.batchSize, count) }
  }

  private func ids(_ prompt: String, _ request: ModelRequest) throws -> [Int32] {
    let text = try text(prompt, request)
    return request.promptKind == .messages ? tokenizer.encode(text) : tokenizer.encodeAlone(text)
  }

  /// A prompt as the model reads it.
  private func text(_ prompt: String, _ request: ModelRequest) throws -> String {
    guard request.promptKind == .messages else { return prompt }
    guard let encoder else {
      throw TaskError(.unsupported, "the model has no chat template for messages; ask with text")
    }
    guard let messages = try? JSONValue(parsing: prompt).array else {
      throw TaskError(.data, "a prompt of messages must be a JSON array of {role, content}")
    }
    return try encoder.render(
      messages: messages, label: "a plugin's prompt", addGenerationPrompt: true
    ).text
  }

  /// Runs `body` with the weights that the request names.
  private func answer<Result>(
    _ request: ModelRequest, _ body: (CausalLanguageModel) throws -> Result
  ) throws(TaskError) -> Result {
    guard let open else {
      throw TaskError(.unsupported, "the model is not open yet; ask it when there is work to do")
    }
    guard open.model.gathered?.isTogether ?? true else {
      throw TaskError(
        .unsupported,
        "weights are spread over ranks (distribution.stage: 3), so that the model answers only while all "
          + "ranks sample or evaluate; set distribution.stage: 2")
    }
    guard request.weights == .current || open.hasBase else {
      throw TaskError(
        .unsupported, "every weight is being trained, so that there is no base model to ask")
    }
    do {
      return try hold {
        guard request.weights == .base, let adapters = open.adapters else {
          return try body(open.model)
        }
        return try adapters.withoutAdapters { try body(open.model) }
      }
    } catch let error as TaskError {
      throw error
    } catch {
      throw TaskError(.data, "\(error)")
    }
  }
}
