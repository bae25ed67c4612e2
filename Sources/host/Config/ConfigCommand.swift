import ArgumentParser
import Formats
import Names
import Runs

/// `host config`, which `host help config` is, too.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Explains the keys of a recipe.",
    discussion: """
      Without a key all of them; with one, or a section, what it takes, its default,
      what it means and what other programs call it. A name of TRL, LLaMA-Factory
      or axolotl is understood, too. Keys below data: belong to the task; see the
      README in its folder.

      Examples:
        host config
        host config training_args.learning_rate
        host config peft
        host help config cutoff_len
      """)

  @Argument(help: ArgumentHelp("A key, a section or a part of a name.", valueName: "key"))
  var key: String?

  func run() throws {
    let all = Recipe.documentation
    guard let key else { return ConfigPage(all).list() }
    let below = all.filter { $0.path == key || $0.path.hasPrefix(key + ".") }
    if below.count == 1 || below.first?.path == key { return ConfigPage(below).describe() }
    if !below.isEmpty { return ConfigPage(below).list() }
    let named = all.filter { $0.path.hasSuffix("." + key) || $0.otherNames.contains(key) }
    if !named.isEmpty { return ConfigPage(named).describe() }
    if let advice = Recipe.advice(onForeignKey: key) {
      return Console.print("'\(key)' is no key here: \(advice)")
    }
    let parts = all.filter { $0.path.contains(key) }
    if !parts.isEmpty { return ConfigPage(parts).list() }
    let names = all.flatMap {
      [$0.path, $0.path.split(separator: ".").last.map(String.init) ?? ""]
    }
    throw Diagnosis(
      Diagnosis.usage,
      "there is no key '\(key)'"
        + (nearestName(to: key, among: names).map { "; did you mean '\($0)'?" } ?? "")
        + "; host config lists all of them")
  }
}

/// `host config-schema`
struct ConfigSchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config-schema", abstract: "Prints the recipe's JSON Schema, for editors.",
    discussion: """
      Editors with a YAML language server check and complete recipes by it, after a
      first line as
      # yaml-language-server: $schema=recipe.schema.json

      Examples:
        host config-schema > recipe.schema.json
      """)

  func run() { Console.print(Recipe.schema.text(.pretty)) }
}

/// Keys of a recipe, for people.
private struct ConfigPage {
  private let keys: [RecipeKeyDocumentation]

  init(_ keys: [RecipeKeyDocumentation]) { self.keys = keys }

  /// A key, its default and its meaning each.
  func list() {
    var section = ""
    for key in keys {
      let parts = key.path.split(separator: ".", maxSplits: 1).map(String.init)
      if parts.count > 1, parts[0] != section {
        section = parts[0]
        Console.print((section == keys.first?.path ? "" : "\n") + Style.bold(section))
      }
      let name = parts.count > 1 ? "  " + parts[1] : parts[0]
      let head = "\(name): \(Self.standing(key))"
      Console.print(Console.wrapped("\(head)  \(Style.dim(key.text))", indent: 6))
    }
    Console.print("\nhost config KEY says more of one.")
  }

  /// All that is known of each key.
  func describe() {
    for (index, key) in keys.enumerated() {
      if index > 0 { Console.print("") }
      Console.print(Style.bold(key.path))
      Console.print(Console.wrapped("  " + key.text, indent: 2))
      Console.print(Console.wrapped("  takes    \(key.expectation)", indent: 11))
      Console.print("  default  \(Self.standing(key))")
      if !key.otherNames.isEmpty {
        Console.print(
          Console.wrapped("  others   \(key.otherNames.joined(separator: ", "))", indent: 11))
      }
      Console.print("  set it   --set \(key.path)=…, or in the recipe")
    }
  }

  private static func standing(_ key: RecipeKeyDocumentation) -> String {
    key.defaultValue.text(.spaced)
  }
}
