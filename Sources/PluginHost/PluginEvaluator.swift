import CPluginABI
import JSON
import Tasks

/// A plugin's evaluator as the host sees one.
final class PluginEvaluator: Evaluator {
  private let subject: String
  private let instance: PluginInstance
  private let evaluating: Guard
  private let function:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<tk_predictions_v1>?, UnsafePointer<tk_text_out_v1>?,
      UnsafeMutablePointer<tk_error>?
    ) -> tk_status

  /// Makes the evaluator `name` for predictions on `split`.
  init(
    _ name: String, of plugin: Plugin, host: HostTable, configuration: String, split: Split
  ) throws(TaskError) {
    let subject = "evaluator '\(name)'"
    let (table, user) = try functions(.evaluator, name, of: plugin, as: tk_evaluator_v1.self)
    guard let create = table.create, let function = table.evaluate else {
      throw TaskError(.internal, "\(plugin.name): \(subject) lacks 'create' or 'evaluate'")
    }
    let made = try makeInstance(
      of: subject, in: plugin, host: host, configuration: configuration, split: split.rawValue,
      flags: table.flags, destroy: table.destroy
    ) { create(user, $0, $1, $2, $3, $4) }
    guard let made else {
      throw TaskError(.internal, "\(plugin.name): \(subject) answers TK_END when it is made")
    }
    self.subject = "\(plugin.name): \(subject)"
    self.function = function
    evaluating = Guard("\(self.subject), evaluate")
    instance = made
  }

  func evaluate(_ predictions: [Prediction]) throws(TaskError) -> Report {
    try Report(text(for: predictions), of: subject, predictions: predictions.count)
  }

  /// The report as the plugin writes it.
  func text(for predictions: [Prediction]) throws(TaskError) -> String {
    let output = TextSink()
    _ = try instance.call(evaluating) { instance throws(TaskError) in
      try checked(subject) { error in
        PredictionColumns(predictions).withTable { columns in
          output.withTable { function(instance, columns, $0, error) }
        }
      }
    }
    return output.text
  }
}

extension Report {
  /// The report that the evaluator `subject` wrote about `predictions` of them.
  init(_ text: String, of subject: String, predictions: Int) throws(TaskError) {
    do {
      self = try Report(json: try JSONValue(parsing: text))
      try check(predictions: predictions)
    } catch let error as TaskError {
      throw TaskError(error.kind, "\(subject): \(error.message)")
    } catch {
      throw TaskError(.internal, "\(subject): the report is not JSON: \(error)")
    }
  }

  /// Refuses what readers of the report would stumble over.
  func check(predictions: Int) throws(TaskError) {
    guard let main = self[primary] else {
      throw TaskError(.internal, "the report's primary metric '\(primary)' is not in its metrics")
    }
    guard !main.lowerIsBetter else {
      throw TaskError(
        .internal,
        "the report's primary metric '\(primary)' is one where less is better; the one that sums up "
          + "must rise")
    }
    guard clusters.isEmpty || clusters.count == predictions else {
      throw TaskError(
        .internal, "the report names \(clusters.count) clusters for \(predictions) predictions")
    }
  }
}

/// Collects a text from a plugin.
final class TextSink {
  private var bytes: [UInt8] = []

  /// What was written; invalid UTF-8 becomes U+FFFD.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Lends a C sink that fills this object.
  func withTable<R>(_ body: (UnsafePointer<tk_text_out_v1>) -> R) -> R {
    var table = tk_text_out_v1()
    table.ctx = Unmanaged.passUnretained(self).toOpaque()
    table.write = { out, chunk in
      guard let context = out?.pointee.ctx, let start = chunk.ptr else { return }
      let sink = Unmanaged<TextSink>.fromOpaque(context).takeUnretainedValue()
      sink.bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: chunk.len))
    }
    return withExtendedLifetime(self) { withUnsafePointer(to: table) { body($0) } }
  }
}
