import TaskKit

/// Finds the records of a split.
enum DramaSplit {
  /// The records of `split`; nil where the recipe names none.
  static func records(_ split: Split, _ config: DramaConfig, kind: Kind?) throws -> [Record]? {
    let fraction = config.validation_fraction ?? 0
    guard (0..<1).contains(fraction) else {
      throw PluginError(
        .configuration, "'data.validation_fraction' is \(fraction); it must lie in 0..<1")
    }
    if fraction > 0, config.validation != nil {
      throw PluginError(
        .configuration, "'data' has both 'validation' and 'validation_fraction'; keep one of them")
    }
    switch (split, config.validation, config.test) {
    case (.validation, let own?, _), (.test, _, let own?):
      return try RecordFile.read(own.paths, kind: kind)
    case (.validation, nil, _) where fraction == 0, (.test, _, nil): return nil
    default: break
    }
    guard let train = config.train else {
      throw PluginError(.configuration, "'data.train' is required: a file of records, or a list")
    }
    let records = try RecordFile.read(train.paths, kind: kind)
    let part = part(records, split, fraction, seed: config.seed ?? 0)
    guard !part.isEmpty else {
      throw PluginError(
        .configuration, "'data.validation_fraction' leaves no clip for the \(split.rawValue) split")
    }
    return part
  }

  /// The clips with the smallest keys are held out; a key is a pure function of the seed and the
  /// clip's name, so neither the order of files nor their place matters. All records of one clip
  /// stay together.
  static func part(
    _ records: [Record], _ split: Split, _ fraction: Double, seed: UInt64
  ) -> [Record] {
    let clips = Set(records.map(\.clip.given))
    let count = fraction == 0 ? 0 : max(1, Int((fraction * Double(clips.count)).rounded()))
    let held = Set(
      clips.map { (key($0, seed: seed), $0) }.sorted { $0 < $1 }.prefix(count).map(\.1))
    return records.filter { held.contains($0.clip.given) == (split == .validation) }
  }

  /// FNV-1a of the name, mixed with the seed.
  private static func key(_ name: String, seed: UInt64) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var generator = RowGenerator(index: Int(truncatingIfNeeded: hash), epoch: 0, seed: seed)
    return generator.next()
  }
}
