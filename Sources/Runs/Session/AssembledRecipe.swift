import Formats
import JSON
import PluginHost

/// A task, and the recipe that all its sources together make.
public struct AssembledRecipe {
  /// The recipe.
  public let recipe: Recipe
  /// The task, which reads the rows that the recipe names.
  public let task: PluginTask
  /// Where the task was found, and where the recipe's rewards are looked for.
  public let catalog: PluginCatalog
  /// The task's folder below tasks/; nil when it has none.
  public let folder: String?
}

/// What `${task}` and `${models}` stand for in a recipe.
struct RecipePlaces {
  let task: String?, models: String?
  /// The task's name, for errors.
  let name: String

  /// Puts the folders in wherever a recipe may name a path.
  func expand(_ recipe: inout Recipe) throws(FormatError) {
    recipe.model = try text(recipe.model, "model_name_or_path", recipe)
    recipe.outputDirectory = try text(recipe.outputDirectory, "output_dir", recipe)
    recipe.peft.adapterPath = try text(
      recipe.peft.adapterPath, "peft.adapter_name_or_path", recipe)
    recipe.data = try value(recipe.data, "data", recipe)
    recipe.dataset = try text(recipe.dataset, "dataset", recipe)
    for (index, reward) in recipe.rewards.enumerated() {
      let key = "rewards[\(index)]"
      recipe.rewards[index].name = try text(reward.name, key + ".name", recipe) ?? reward.name
      recipe.rewards[index].configuration = try value(
        reward.configuration, key + ".config", recipe)
    }
  }

  private func value(_ value: JSONValue, _ key: String, _ recipe: Recipe) throws(FormatError)
    -> JSONValue
  {
    switch value {
    case .string(let string): return try text(string, key, recipe).map(JSONValue.string) ?? value
    case .array(let elements):
      var expanded: [JSONValue] = []
      for element in elements { expanded.append(try self.value(element, key, recipe)) }
      return .array(expanded)
    case .object(var members):
      for (name, member) in members {
        members[name] = try self.value(member, "\(key).\(name)", recipe)
      }
      return .object(members)
    default: return value
    }
  }

  private func text(_ text: String?, _ key: String, _ recipe: Recipe) throws(FormatError) -> String?
  {
    guard var text else { return nil }
    for (variable, folder) in [("${task}", task), ("${models}", models)]
    where text.contains(variable) {
      guard let folder else {
        throw recipe.fault(
          key,
          "says \(variable), but there is no such folder for '\(name)' (\(HostPaths().summary)); "
            + "set HOST_HOME, or write the path out")
      }
      text = text.replacing(variable, with: folder)
    }
    return text
  }
}
