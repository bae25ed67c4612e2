import ArgumentParser
import JSON
import PluginHost

/// `host plugins`
struct PluginsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins", abstract: "Finds plugins, and says why one does not load.",
    subcommands: [List.self, PluginsCheck.self, New.self], defaultSubcommand: List.self)

  /// `host plugins list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists the plugins that can be found, and where.",
      discussion: """
        Looks into --plugin-dir, HOST_PLUGIN_PATH, the executable's directory, the
        installation's lib/host/plugins and the user's data directory, in this order.

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
      var own = TextTable(("", .left), ("", .left), ("", .left))
      for reward in hostRewards { own.append("  reward", reward.name, reward.summary) }
      Console.print(Style.bold("of the program itself") + "\n" + own.text)
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
