import Synchronization

/// The bar over the long work of plugins, one piece of work at a time.
final class PluginBar: Sendable {
  private struct Work {
    let label: String, total: Int
    var bar: ProgressBar
  }
  private let work = Mutex<Work?>(nil)

  /// Says that `done` of `total` parts of `label` are done. Another piece of work takes the place
  /// of the last one; the end of one takes its bar away.
  func show(_ label: String, done: Int, total: Int) {
    work.withLock { work in
      if work?.label != label || work?.total != total {
        work?.bar.finish()
        let bar = ProgressBar(label, total: total, unit: "")
        work = Work(label: label, total: total, bar: bar)
      }
      work?.bar.update(done)
      guard done >= total else { return }
      work?.bar.finish()
      work = nil
    }
  }
}
