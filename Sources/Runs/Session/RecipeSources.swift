import Formats
import PluginHost
import Tasks

/// What lies over a task's default recipe: a file, flags of their own, and single keys.
public struct RecipeSources {
  /// The recipe's file.
  public var config: String?
  /// Layers over the file.
  public var flags: [RecipeLayer]
  /// Keys of the recipe, as in `training_args.warmup_ratio=0.1`, over all else.
  public var settings: [String]

  /// Names the sources.
  public init(config: String? = nil, flags: [RecipeLayer] = [], settings: [String] = []) {
    self.config = config
    self.flags = flags
    self.settings = settings
  }

  /// The recipe for `task`: its defaults, its task.yaml, the file, the flags, the keys, the last one
  /// on top. `${task}` and `${models}` become folders.
  public func assemble(for task: PluginTask, in catalog: PluginCatalog) throws -> AssembledRecipe {
    let recipe = try recipe(for: task.description)
    let replaced = try recipe.dataset.map { try task.reading(catalog.dataset(named: $0)) }
    let isolation = recipe.plugins
    let located = (replaced ?? task)
      .isolating(
        isolation.isIsolated,
        limits: WorkerLimits(
          timeout: .seconds(isolation.timeout), memory: isolation.memoryLimit.bytes)
      )
      .locating { recipe.origin(of: "data." + $0)?.description }
    return AssembledRecipe(
      recipe: recipe, task: located, catalog: catalog,
      folder: HostPaths().task(task.description.name))
  }

  /// Whether a recipe names another model than its task's own recipe, which names a folder.
  private func isOther(_ model: String?, than own: String?) -> Bool {
    func folder(_ name: String) -> String {
      let name = name.replacing("${models}", with: HostPaths().models ?? "")
      return (try? ModelFolder.find(name)) ?? name
    }
    guard let model, let own else { return false }
    return !FileSystem.isSame(folder(model), folder(own))
  }

  /// The same for a task that is not open.
  public func recipe(for task: TaskDescription) throws -> Recipe {
    let name = task.name, folder = HostPaths().task(name)
    var own: [RecipeLayer] = []
    if let config { own.append(try .file(config)) }
    own += flags
    own += try settings.map { try RecipeLayer.setting($0) }
    var layers = [RecipeLayer.defaults(task.defaults, ofTask: name)]
    if let folder {
      var embedded = try RecipeLayer.file(folder + "/task.yaml")
      let others = try Recipe(layers: own, isWhole: false)
      // The embedded sample must not mix with a user's own files: rows of the one would be judged
      // on rows of the other.
      if others.namesDataFiles { embedded = embedded.without("data") }
      // How long and how fast a small model learns says nothing of another one.
      if try isOther(others.model, than: Recipe(layers: [embedded], isWhole: false).model) {
        embedded = embedded.without("training_args")
      }
      // Who names an objective names all of it: keys of another one have no effect on it.
      if others.origin(of: "objective.type") != nil { embedded = embedded.without("objective") }
      // Who names another method names all of it, too.
      if others.origin(of: "peft.method") != nil, ![.lora, .full].contains(others.peft.method) {
        embedded = embedded.without("peft")
      }
      layers.append(embedded)
    }
    layers += own
    var recipe = try Recipe(layers: layers)
    recipe.task = name
    let places = RecipePlaces(task: folder, models: HostPaths().models, name: name)
    try places.expand(&recipe)
    return recipe
  }
}
