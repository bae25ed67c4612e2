import CHostSupport
import CPluginABI
import Tasks

/// The score service as a C table. Never freed: a plugin may keep it.
final class ScoreTable: @unchecked Sendable {
  // Unchecked: written once; models are asked on the thread of a call of the host alone.
  let pointer: UnsafeMutablePointer<tk_score_v1>

  private final class Context {
    let service: any ScoreService
    init(_ service: any ScoreService) { self.service = service }
  }

  init(_ service: any ScoreService) {
    var table = tk_score_v1()
    table.ctx = Unmanaged.passRetained(Context(service)).toOpaque()
    table.open = { table, model, adapter, number, error in
      ScoreTable.answer(table, error) { service throws(TaskError) in
        guard let number else { throw TaskError(.internal, "open was called without 'number'") }
        let adapter = String(adapter)
        number.pointee = Int64(
          try service.open(model: String(model), adapter: adapter.isEmpty ? nil : adapter))
      }
    }
    table.scores = { table, number, kind, prompts, completions, count, scores, error in
      ScoreTable.answer(table, error) { service throws(TaskError) in
        guard let scores else { throw TaskError(.internal, "scores was called without 'scores'") }
        guard let kind = ModelRequest.PromptKind(rawValue: kind) else {
          throw TaskError(.unsupported, "this host knows no prompts of kind \(kind)")
        }
        let found = try service.scores(
          of: [String](column: completions, count: count, name: "completions"),
          to: [String](column: prompts, count: count, name: "prompts"), kind,
          by: Int(clamping: number))
        for (index, score) in found.enumerated() { scores[index] = score }
      }
    }
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: table)
  }

  /// Runs `body` on the calling thread, if that is within a call of the host.
  private static func answer(
    _ table: UnsafePointer<tk_score_v1>?, _ buffer: UnsafeMutablePointer<tk_error>?,
    _ body: (any ScoreService) throws(TaskError) -> Void
  ) -> tk_status {
    guard let context = table?.pointee.ctx else { return tk_status(TK_E_INTERNAL) }
    return answerWithinCall(buffer) { () throws(TaskError) in
      try body(Unmanaged<Context>.fromOpaque(context).takeUnretainedValue().service)
    }
  }
}
