/// The files of rows that a recipe names for its splits, or the share of the training rows that is
/// held out where no validation file is named.
public struct SplitFiles: Sendable {
  private let files: [Split: [String]], folders: [Split: [String]]
  private let fraction: Double, seed: UInt64

  /// `validationFraction` excludes `validation`; `seed` decides which rows are held out.
  public init(
    train: Paths?, validation: Paths?, test: Paths?, validationFraction: Double? = nil,
    seed: UInt64? = nil
  ) throws {
    fraction = validationFraction ?? 0
    guard (0..<1).contains(fraction) else {
      throw PluginError(
        .configuration, "'data.validation_fraction' is \(fraction); it must lie in 0..<1")
    }
    if fraction > 0, validation != nil {
      throw PluginError(
        .configuration, "'data' has both 'validation' and 'validation_fraction'; keep one of them")
    }
    files = try [.train: train, .validation: validation, .test: test].compactMapValues {
      try $0?.files()
    }
    folders = [.train: train, .validation: validation, .test: test].compactMapValues {
      $0?.folders()
    }
    self.seed = seed ?? 0
  }

  /// The files that decide the rows of `split`; nil where the recipe has no such split.
  public func paths(_ split: Split) throws -> [String]? {
    if let own = files[split] { return own }
    guard split == .train || (split == .validation && fraction > 0) else { return nil }
    guard let train = files[.train] else {
      throw PluginError(.configuration, "'data.train' is required: a file of rows, or a list")
    }
    return train
  }

  /// What the rows of `split` depend on: its files, and the folders in which they were found.
  public func sources(_ split: Split) throws -> [String] {
    let isOwn = files[split] != nil
    return try (paths(split) ?? []) + (folders[isOwn ? split : .train] ?? [])
  }

  /// The places of the rows of `paths` that belong to `split`, in order. Rows of the same group
  /// stay together: a group's number is its place among the groups. Held out are the groups with
  /// the smallest keys; a key is a pure function of (seed, group).
  public func part(_ split: Split, groups: [Int]) throws -> [Int] {
    guard fraction > 0, files[split] == nil || split == .train else { return Array(groups.indices) }
    let all = (groups.max() ?? -1) + 1
    let count = max(1, Int((fraction * Double(all)).rounded()))
    let keys = (0..<all).map { group in
      var generator = RowGenerator(index: group, epoch: 0, seed: seed)
      return (generator.next(), group)
    }
    let held = Set(keys.sorted { $0 < $1 }.prefix(count).map(\.1))
    let part = groups.indices.filter { held.contains(groups[$0]) == (split == .validation) }
    guard !part.isEmpty else {
      throw PluginError(
        .configuration, "'data.validation_fraction' leaves no row for the \(split.rawValue) split")
    }
    return part
  }
}
