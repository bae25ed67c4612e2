// What the host's `create` does, open to tests: an object made from the recipe's own JSON.

extension BatchReward {
  /// Makes the reward as the host does, from its `config` in the recipe: `defaults` fill in what is
  /// left out, a key that is missing, unknown or of a wrong type is an error.
  public init(configuration: JSON, host: HostServices = .none) throws {
    let config = try Configuration.decode(
      Config.self, from: configuration, defaults: Self.defaults, unknownKeys: .refused)
    try self.init(config: config, host: host)
  }
}

extension Dataset {
  /// Opens the rows as the host does, from the recipe's `data` section. nil: no such split.
  public init?(configuration: JSON, split: Split, host: HostServices = .none) throws {
    let config = try Configuration.decode(
      Config.self, from: configuration, defaults: Self.defaults,
      unknownKeys: .refusedExceptHostKeys)
    try self.init(config: config, split: split, host: host)
  }
}

extension Evaluator {
  /// Makes the evaluator as the host does, from the recipe's `data` section.
  public init(configuration: JSON, split: Split, host: HostServices = .none) throws {
    let config = try Configuration.decode(
      Config.self, from: configuration, defaults: Self.defaults, unknownKeys: .ignored)
    try self.init(config: config, split: split, host: host)
  }
}
