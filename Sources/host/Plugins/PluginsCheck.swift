import ArgumentParser
import Formats
import JSON
import PluginHost
import Runs

/// `host plugins check`
struct PluginsCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Calls a plugin in all the ways that the host may, and judges.",
    discussion: """
      Loads the plugin in a process of its own and calls each export with sample
      rows: on several threads, with memory that can only be read and only during
      the call, with wrong configurations. A crash or a hang is named by the call.
      The lines begin with
        ok  in order
        --  a note, or not checked, and why
        !!  fails, and how to mend it

      PLUGIN is a file; FILE.so:NAME for one export of it; the folder of a plugin
      with a Makefile, which is built, with sanitizers too; or the name of a task or
      reward. --config is a configuration when it begins with {, else a recipe: a
      task's rows are read with its recipe.

      Examples:
        host plugins check ./libbrevity.so --config '{"target": 40}'
        host plugins check ./libbrevity.so --config '{"target": 40}' \\
          --data rows.jsonl
        host plugins check hri_dialogue
        host plugins check ./build/libmy_task.so --config my_task.yaml

      Exit codes: 0 nothing failed, 65 the plugin fails.
      """)

  @Argument(help: "A plugin file, its folder, or the name of a task or reward.")
  var plugin: String
  @OptionGroup var recipe: RecipeOptions
  @Option(
    help: ArgumentHelp("Rows of prompt and completion for rewards to score.", valueName: "file"))
  var data: String?
  @Option(help: ArgumentHelp("The time for one call.", valueName: "seconds")) var timeout = 60.0
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var options: PluginOptions

  func validate() throws {
    guard timeout > 0, timeout <= 1e9 else {
      throw ValidationError("--timeout must be greater than 0, at most 1e9.")
    }
    guard let config = recipe.config, config.hasPrefix("{") else { return }
    guard (try? JSONValue(parsing: config))?.object != nil else {
      throw ValidationError("--config \(config): not a JSON object.")
    }
  }

  func run() throws {
    let catalog = options.catalog()
    let rows = try data.map { try completions(inFile: $0) } ?? []
    var reports: [CheckReport] = []
    for place in try places(in: catalog) {
      var trial = CheckTrial(
        place: place, catalog: catalog, recipe: recipe, completions: rows,
        timeout: .seconds(timeout))
      reports.append(try trial.run())
    }
    if json {
      let all = reports.map(\.json)
      Console.print((all.count == 1 ? all[0] : JSONValue.array(all)).text(.pretty))
    } else {
      Console.print(reports.map(\.text).joined(separator: "\n\n"))
    }
    if reports.contains(where: { $0.check.verdict == .fails }) { throw ExitCode(Diagnosis.data) }
  }

  /// The files to check, and the export of each that is meant.
  private func places(in catalog: PluginCatalog) throws -> [CheckPlace] {
    if FileSystem.isFolder(plugin) { return try PluginFolder(plugin).build() }
    if let place = PluginCatalog.file(in: plugin) {
      return [CheckPlace(path: place.path, export: place.export)]
    }
    return [CheckPlace(path: try catalog.file(named: plugin))]
  }
}

/// A file to check.
struct CheckPlace {
  /// The file, as the user wrote it.
  let path: String
  /// The only export that is meant; nil for all.
  var export: String?
  /// What could not be had, for the verdict.
  var skipped: String?
}
