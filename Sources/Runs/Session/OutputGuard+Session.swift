import Formats
import JSON

extension AssembledRecipe {
  /// What a verb that follows this recipe reads from.
  public var reads: OutputGuard { OutputGuard(recipe) }
}

extension TaskSession {
  /// What a verb of this session reads from.
  public var reads: OutputGuard { OutputGuard(recipe) }
}

extension OutputGuard {
  /// All that the recipe names: models, adapters, files of rows.
  public init(_ recipe: Recipe) {
    self.init()
    if let model = recipe.model,
      let folder = try? ModelFolder.find(model, revision: recipe.modelRevision)
    {
      add("model_name_or_path", folder, .model)
    }
    if let adapter = recipe.peft.adapterPath { add("peft.adapter_name_or_path", adapter, .model) }
    if let dataset = recipe.dataset { add("dataset", dataset, .data) }
    addPaths(in: recipe.data, "data")
    for (index, reward) in recipe.rewards.enumerated() {
      add("rewards[\(index)].name", reward.name, .data)
      addPaths(in: reward.configuration, "rewards[\(index)].config")
    }
  }

  /// Adds every text that is a path of something that is there.
  private mutating func addPaths(in value: JSONValue, _ key: String) {
    switch value {
    case .string(let path): add(key, path, .data)
    case .array(let values): for value in values { addPaths(in: value, key) }
    case .object(let members):
      for (name, value) in members { addPaths(in: value, "\(key).\(name)") }
    default: break
    }
  }

  /// Adds an adapter's folder; a run's own one takes reports, as it does from the run itself.
  public mutating func addAdapter(_ folder: String) {
    guard !FileSystem.exists(folder + "/" + RunRecords.receipt) else { return }
    add("--adapter", folder, .model)
  }

  /// Adds the single files of an adapter's folder that no other file may take the place of.
  public mutating func addFiles(ofAdapter folder: String) {
    let names = ModelFolder.parts(of: folder) + ModelFolder.companions(of: folder)
    for name in names + RunRecords.records { add("--adapter", folder + "/" + name, .data) }
  }

  /// Refuses the folder `path`, which the recipe's `key` names, where writing it would harm what is
  /// read.
  public func check(_ key: String, _ path: String, _ effect: Effect, of recipe: Recipe)
    throws(FormatError)
  {
    guard let objection = objection(toFolder: path, effect) else { return }
    throw recipe.fault(key, Self.sentence(objection))
  }

  /// The same for a folder that `option` names.
  public func check(folder path: String, _ effect: Effect, option: String) throws {
    guard let objection = objection(toFolder: path, effect) else { return }
    throw Diagnosis(Diagnosis.usage, "\(option): \(path) " + Self.sentence(objection))
  }

  /// The same for a file that `option` names.
  public func check(file path: String?, option: String) throws {
    guard let path, let objection = objection(toFile: path) else { return }
    throw Diagnosis(Diagnosis.usage, "\(option): \(path) " + Self.sentence(objection))
  }

  private static func sentence(_ objection: Objection) -> String {
    "\(objection.reason), which \(objection.key) names; nothing is written into what is read: choose "
      + "another place"
  }
}
