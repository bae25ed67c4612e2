import CPluginABI
import Tasks

/// A plugin's dataset as the host sees one.
final class PluginDataset: Dataset {
  let count: Int
  let sources: [String]
  let variesByEpoch: Bool
  let notes: [String], places: [String]
  private let subject: String
  private let instance: PluginInstance
  private let reading: Guard
  private let read:
    @convention(c) (
      UnsafeMutableRawPointer?, Int64, Int64, UInt64, UnsafePointer<tk_example_out_v1>?,
      UnsafeMutablePointer<tk_error>?
    ) -> tk_status

  /// Opens `split` of the dataset `name`; nil when the task has no such split.
  init?(
    _ name: String, of plugin: Plugin, host: HostTable, configuration: String, split: Split
  ) throws(TaskError) {
    let subject = "dataset '\(name)', split '\(split.rawValue)'"
    let (table, user) = try functions(.dataset, name, of: plugin, as: tk_dataset_v1.self)
    guard let create = table.create, let counted = table.count, let read = table.read else {
      throw TaskError(
        .internal, "\(plugin.name): dataset '\(name)' lacks 'create', 'count' or 'read'")
    }
    let made = try makeInstance(
      of: subject, in: plugin, host: host, configuration: configuration, split: split.rawValue,
      flags: table.flags, destroy: table.destroy
    ) { create(user, $0, $1, $2, $3, $4) }
    guard let made else { return nil }
    let count = made.call(Guard("\(plugin.name): \(subject), count")) { counted($0) }
    guard count >= 0 else {
      throw TaskError(
        kind(of: tk_status(truncatingIfNeeded: count)),
        "\(plugin.name): \(subject): it cannot count its rows (status \(count))")
    }
    let asked = "\(plugin.name): \(subject), sources"
    let rows = try made.call(Guard(asked)) { instance throws(TaskError) in
      try plugin.sources(of: instance, dataset: name, subject: asked)
    }
    guard rows.places.isEmpty || rows.places.count == count else {
      throw TaskError(
        .internal, "\(asked): 'places' has \(rows.places.count) entries for \(count) rows")
    }
    (sources, variesByEpoch) = (rows.paths, rows.varyByEpoch)
    (notes, places) = (rows.notes, rows.places)
    self.subject = "\(plugin.name): \(subject)"
    self.count = Int(count)
    self.read = read
    reading = Guard("\(self.subject), read")
    instance = made
  }

  func example(at index: Int, epoch: Int, seed: UInt64) throws(TaskError) -> Example {
    precondition((0..<count).contains(index), "\(subject): row \(index) of \(count)")
    let sink = ExampleSink()
    do throws(TaskError) {
      let status = try instance.call(reading) { instance throws(TaskError) in
        try checked("\(subject), row \(index)") { error in
          sink.withTable { read(instance, Int64(index), Int64(epoch), seed, $0, error) }
        }
      }
      guard status == TK_OK else {
        throw TaskError(
          .internal, "\(subject), row \(index): it ends there, but counts \(count) rows")
      }
    } catch {
      // The sink's own complaint says more than a status that the plugin passed on.
      guard let fault = sink.fault else { throw placed(error) }
      throw TaskError(.internal, "\(subject), row \(index): \(fault)")
    }
    do throws(ExampleSink.Fault) {
      return try sink.example()
    } catch {
      throw TaskError(.internal, "\(subject), row \(index): \(error.reason)")
    }
  }

  /// An error about one of the files that the rows come from says so itself: what the host calls the
  /// row would only stand in the way.
  private func placed(_ error: TaskError) -> TaskError {
    guard error.kind == .data, let reason = error.reason,
      sources.contains(where: { reason.hasPrefix($0 + ":") || reason.hasPrefix($0 + ",") })
    else { return error }
    return TaskError(.data, reason, reason: reason)
  }
}
