import ArgumentParser
import JSON
import PluginHost
import Tasks

/// `host plugins`
struct PluginsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins", abstract: "Finds plugins, and says why one does not load.",
    subcommands: [List.self, Check.self, New.self], defaultSubcommand: List.self)

  /// `host plugins list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists the plugins that can be found, and where.",
      discussion: """
        Looks into --plugin-dir, HOST_PLUGIN_PATH, the executable's directory, the installation's
        lib/host/plugins and the user's data directory, in this order.

        Examples:
          host plugins list
          host plugins list --plugin-dir ./build --json
        """)

    @OptionGroup var options: PluginOptions
    @Flag(help: "Print one JSON array.") var json = false

    func run() throws {
      let entries = options.catalog().list()
      if json { return Console.print(JSONValue.array(entries.map(\.json)).text(.pretty)) }
      if entries.isEmpty {
        Console.note("no plugins in:")
        for directory in options.searchPaths.directories {
          Console.note("  \(directory.path) (\(directory.origin))")
        }
        return
      }
      for entry in entries { Console.print(entry.text) }
    }
  }

  /// `host plugins check`
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "Opens a plugin, makes its parts and reads its first rows.",
      discussion: """
        Says why a plugin does not load or what is wrong with a row. Rows are read with the task's
        default recipe, or with the one that --config names.

        Examples:
          host plugins check hri_dialogue
          host plugins check ./build/libmy_task.so --config my_task.yaml
        """)

    @Argument(help: "A plugin file, or the name of a task.") var plugin: String
    @OptionGroup var recipe: RecipeOptions
    @OptionGroup var options: PluginOptions

    func run() throws {
      let isFile = plugin.hasSuffix(".so")
      let name = isFile && !plugin.contains("/") ? "./" + plugin : plugin
      let catalog = options.catalog()
      let task = try catalog.task(named: name)
      Console.print("ok  loads: \(task.plugin.path)")
      Console.print("ok  plugin \(task.plugin.name) \(task.plugin.version)")
      Console.print("ok  task '\(task.description.name)': \(task.description.summary)")
      let hasFolder = HostPaths().task(task.description.name) != nil
      guard recipe.config != nil || !recipe.settings.isEmpty || hasFolder else {
        return Console.print("--  no rows were read: the task has no tasks/ folder; give --config")
      }
      try checkParts(task, catalog)
    }

    private func checkParts(_ task: PluginTask, _ catalog: PluginCatalog) throws {
      let recipe = try recipe.assemble(for: task, in: catalog).recipe
      let configuration = recipe.dataConfiguration
      for split in Split.allCases {
        guard let data = try task.dataset(split: split, configuration: configuration) else {
          Console.print("--  \(split.rawValue): the task has no such split")
          continue
        }
        for row in 0..<min(data.count, 4) {
          _ = try data.example(at: row, epoch: 0, seed: UInt64(recipe.training.seed))
        }
        Console.print("ok  \(split.rawValue): \(Format.grouped(data.count)) rows")
      }
      let evaluator = try task.evaluator(split: .validation, configuration: configuration)
      Console.print(
        evaluator == nil ? "--  no evaluator: runs are judged by their loss" : "ok  evaluator")
    }
  }
}

extension PluginCatalog.Entry {
  /// The entry for a person: a line for the plugin, one for each export.
  var text: String {
    switch result {
    case .failure(let reason):
      return Style.red("unusable") + "  \(path)\n  \(reason)"
    case .success(let plugin):
      var table = TextTable(("", .left), ("", .left), ("", .left))
      for export in plugin.exports {
        table.append("  " + export.kind.name, export.name, export.summary)
      }
      return Style.bold("\(plugin.name) \(plugin.version)") + "  \(path)"
        + (plugin.exports.isEmpty ? "" : "\n" + table.text)
    }
  }

  /// The entry for a program.
  var json: JSONValue {
    switch result {
    case .failure(let reason): return ["path": .string(path), "error": .string("\(reason)")]
    case .success(let plugin):
      let exports = plugin.exports.map { export -> JSONValue in
        [
          "kind": .string(export.kind.name), "name": .string(export.name),
          "summary": .string(export.summary),
        ]
      }
      return [
        "path": .string(path), "name": .string(plugin.name), "version": .string(plugin.version),
        "built_with": .string(plugin.builtWith), "exports": .array(exports),
      ]
    }
  }
}
