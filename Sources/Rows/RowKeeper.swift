import JSON
import Tasks
import Tensors

/// Writes the rows of a first pass into the cache, unless there is a reason not to.
struct RowKeeper {
  /// Why the rows are not kept; nil as long as they are.
  private(set) var reason: String?
  /// The same, where the user should hear of it: it is not in the nature of the rows.
  private(set) var fault: String?
  private var writer: RowFileWriter?
  private var path = ""
  private let sources: [String], variesByEpoch: Bool
  private let cache: RowCache?

  init(_ dataset: any Dataset, _ encoding: RowEncoding, _ cache: RowCache?) {
    (sources, variesByEpoch) = (dataset.sources, dataset.variesByEpoch)
    self.cache = cache
    guard let cache else { return }
    guard !sources.isEmpty else {
      reason = "the dataset does not say which files its rows come from"
      return
    }
    let found = sources.map(SourceDigests.source)
    if let index = found.firstIndex(of: .null) {
      giveUp("\(sources[index]) cannot be read")
      return
    }
    do throws(RowFile.Fault) {
      (path, writer) = try cache.writer(
        cache.request(encoding), sources: found, vocabulary: encoding.encoder.tokenizer.count)
    } catch { giveUp("\(cache.folder): \(error.reason)") }
  }

  private mutating func giveUp(_ fault: String) {
    (reason, self.fault, writer) = (fault, fault, nil)
  }

  /// Appends rows.
  mutating func append(_ block: EncodedBlock) {
    guard let writer else { return }
    guard block.clips.isEmpty else {
      // Their features would take a thousand times the room of their tokens; the plugin keeps them.
      (reason, self.writer) = ("the rows hold clips", nil)
      return
    }
    do throws(RowFile.Fault) { try writer.append(block) } catch { giveUp(error.reason) }
  }

  /// Completes the file and opens it; nil when the rows are not kept. Sources that have changed since
  /// the beginning may hold other rows than the dataset read.
  mutating func finish(_ statistics: EncodedDataset.Statistics) -> RowFile? {
    guard let writer, let cache else { return nil }
    if let changed = sources.first(where: { !SourceDigests.isOlder($0, than: cache.beginning) }) {
      giveUp("\(changed) has changed while they were read")
      return nil
    }
    do throws(RowFile.Fault) {
      try writer.finish(statistics, variesByEpoch: variesByEpoch)
      self.writer = nil
      let file: MappedFile
      do { file = try MappedFile(path: path) } catch { throw RowFile.Fault(reason: error.reason) }
      let head = try RowFile.Head(file)
      cache.prune(keeping: path)
      return try RowFile(file, key: head.key(of: file), head: head)
    } catch {
      giveUp(error.reason)
      return nil
    }
  }
}
