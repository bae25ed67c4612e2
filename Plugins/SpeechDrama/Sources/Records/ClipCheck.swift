import TaskKit

/// Looks at every clip of a split before the first is needed.
struct ClipCheck: Sendable {
  /// Why each unusable clip is so, by the name that records give it.
  private(set) var faults: [(clip: ClipPath, message: String)] = []

  init(_ records: [Record], reader: some ClipReader, host: HostServices) throws {
    var seen: Set<ClipPath> = []
    for record in records where seen.insert(record.clip).inserted {
      if host.isCancelled { throw PluginError(.cancelled, "cancelled") }
      guard let path = record.clip.found else {
        let places = record.clip.tried.joined(separator: ", ")
        faults.append((record.clip, "\(record.place): no clip; looked for \(places)"))
        continue
      }
      guard let fault = reader.fault(at: path) else { continue }
      let message = "\(record.place): \(fault.message)"
      if fault.isWarning {
        host.log(.warning, message)
      } else {
        faults.append((record.clip, message))
      }
    }
  }

  /// The records whose clips can be used. With `.error` one that cannot is an error, with `.skip`
  /// each is logged and they are counted.
  func usable(
    _ records: [Record], _ policy: DramaOptions.BadAudio, _ split: Split, host: HostServices
  ) throws -> [Record] {
    guard !faults.isEmpty else { return records }
    if policy == .error {
      let shown = faults.prefix(8).map(\.message).joined(separator: "; ")
      let more = faults.count > 8 ? "; and \(faults.count - 8) more" : ""
      throw PluginError(
        .data,
        "\(faults.count) unusable clip\(faults.count == 1 ? "" : "s") in the \(split.rawValue) "
          + "split ('data.on_bad_audio: skip' leaves them out): \(shown)\(more)")
    }
    for fault in faults { host.log(.warning, "left out: \(fault.message)") }
    let bad = Set(faults.map(\.clip))
    let kept = records.filter { !bad.contains($0.clip) }
    host.log(
      .warning,
      "\(split.rawValue): unusable clips: \(faults.count), records left out with them: "
        + "\(records.count - kept.count)")
    return kept
  }
}

/// The control of a judge: every clip is heard in another one's place.
enum Derangement {
  /// A clip for each clip, never the same, as one random cycle.
  ///
  /// Sattolo 1986, "An algorithm to generate a random cyclic permutation".
  static func of(_ clips: [String], seed: UInt64) throws -> [String: String] {
    guard clips.count > 1 else {
      throw PluginError(.data, "'data.shuffle_audio' needs at least two clips, here is one")
    }
    var random = RowGenerator(index: clips.count, epoch: 0, seed: seed)
    var order = clips
    for last in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(last, Int.random(in: 0..<last, using: &random))
    }
    return Dictionary(uniqueKeysWithValues: zip(clips, order))
  }
}
