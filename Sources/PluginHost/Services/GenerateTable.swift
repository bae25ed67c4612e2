import CHostSupport
import CPluginABI
import Tasks

/// The generate service as a C table. Never freed: a plugin may keep it.
final class GenerateTable: @unchecked Sendable {
  // Unchecked: written once; the model is asked on the thread of a call of the host alone.
  let pointer: UnsafeMutablePointer<tk_generate_v1>

  private final class Context {
    let model: any ModelService
    init(_ model: any ModelService) { self.model = model }
  }

  init(_ model: any ModelService) {
    var table = tk_generate_v1()
    table.ctx = Unmanaged.passRetained(Context(model)).toOpaque()
    table.complete = { table, how, prompts, count, out, error in
      GenerateTable.answer(table, error) { model throws(TaskError) in
        guard let how = how?.pointee, let out, let answer = out.pointee.answer else {
          throw TaskError(.internal, "complete was called without 'how' or 'out'")
        }
        let prompts = try [String](column: prompts, count: count, name: "prompts")
        for (index, text) in try model.complete(prompts, ModelRequest(how)).enumerated() {
          text.withStr { answer(out, index, $0) }
        }
      }
    }
    table.log_likelihoods = {
      table, weights, kind, prompts, completions, count, sums, tokens, error in
      GenerateTable.answer(table, error) { model throws(TaskError) in
        guard let sums else {
          throw TaskError(.internal, "log_likelihoods was called without 'sums'")
        }
        let found = try model.logLikelihoods(
          prompts: [String](column: prompts, count: count, name: "prompts"),
          completions: [String](column: completions, count: count, name: "completions"),
          ModelRequest(weights: weights, promptKind: kind))
        for (index, likelihood) in found.enumerated() {
          sums[index] = likelihood.sum
          tokens?[index] = Int64(likelihood.tokens)
        }
      }
    }
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: table)
  }

  /// Runs `body` on the calling thread, if that is within a call of the host.
  private static func answer(
    _ table: UnsafePointer<tk_generate_v1>?, _ buffer: UnsafeMutablePointer<tk_error>?,
    _ body: (any ModelService) throws(TaskError) -> Void
  ) -> tk_status {
    guard let context = table?.pointee.ctx else { return tk_status(TK_E_INTERNAL) }
    return answerWithinCall(buffer) { () throws(TaskError) in
      try body(Unmanaged<Context>.fromOpaque(context).takeUnretainedValue().model)
    }
  }
}

/// Runs `body` where the calling thread is within a call of the host; the status that a plugin gets.
func answerWithinCall(
  _ buffer: UnsafeMutablePointer<tk_error>?, _ body: () throws(TaskError) -> Void
) -> tk_status {
  do throws(TaskError) {
    guard hs_guard_is_entered() != 0 else {
      throw TaskError(
        .unsupported, "the model may only be asked on the thread of a call of the host")
    }
    try body()
    return tk_status(TK_OK)
  } catch {
    buffer?.pointee.write(error.message)
    return error.kind.status
  }
}

extension ModelRequest {
  /// What `complete` was asked.
  init(_ how: tk_generation_v1) throws(TaskError) {
    try self.init(weights: how.model, promptKind: how.prompt_kind)
    guard how.max_new_tokens > 0 else {
      throw TaskError(.internal, "max_new_tokens is \(how.max_new_tokens); it must be 1 or more")
    }
    guard how.temperature.isFinite, how.temperature >= 0, how.top_k >= 0, 0...1 ~= how.top_p else {
      throw TaskError(
        .internal,
        "temperature \(how.temperature), top_k \(how.top_k), top_p \(how.top_p): the first two "
          + "must be 0 or more, the last from 0 to 1")
    }
    maximumNewTokens = Int(how.max_new_tokens)
    temperature = Double(how.temperature)
    topK = Int(how.top_k)
    topP = how.top_p == 0 ? 1 : Double(how.top_p)
    seed = how.seed
  }

  /// A request that names weights and prompts alone.
  init(weights: Int32, promptKind: Int32) throws(TaskError) {
    self.init()
    guard let weights = Weights(rawValue: weights), let kind = PromptKind(rawValue: promptKind)
    else {
      throw TaskError(
        .unsupported, "this host knows no model \(weights) or no prompts of kind \(promptKind)")
    }
    self.weights = weights
    self.promptKind = kind
  }
}

extension [String] {
  /// Copies a column of texts.
  init(
    column: UnsafePointer<tk_str>?, count: Int, name: String
  ) throws(TaskError) {
    guard column != nil || count == 0 else { throw TaskError(.internal, "'\(name)' is NULL") }
    self = UnsafeBufferPointer(start: column, count: count).map { String($0) }
  }
}

extension TaskError.Kind {
  /// The status that says it.
  var status: tk_status {
    switch self {
    case .configuration: tk_status(TK_E_CONFIG)
    case .data: tk_status(TK_E_DATA)
    case .unsupported: tk_status(TK_E_UNSUPPORTED)
    case .internal: tk_status(TK_E_INTERNAL)
    case .cancelled: tk_status(TK_E_CANCELLED)
    }
  }
}

extension tk_error {
  /// Copies `message` into the caller's buffer, cut between characters where it does not fit.
  func write(_ message: String) {
    guard let text, capacity > 0 else { return }
    var bytes = Array(message.utf8.prefix(capacity - 1))
    while String(validating: bytes, as: UTF8.self) == nil, !bytes.isEmpty { bytes.removeLast() }
    for (index, byte) in bytes.enumerated() { text[index] = CChar(bitPattern: byte) }
    text[bytes.count] = 0
  }
}
