import Formats
import JSON
import PluginHost
import Runs
import Tasks

/// Checks one plugin file: says how each export is to be configured, and lets it be called.
struct CheckTrial {
  private let place: CheckPlace, catalog: PluginCatalog, recipe: RecipeOptions
  private let completions: [Completion]
  private var check: PluginCheck

  init(
    place: CheckPlace, catalog: PluginCatalog, recipe: RecipeOptions, completions: [Completion],
    timeout: Duration
  ) {
    self.place = place
    self.catalog = catalog
    self.recipe = recipe
    self.completions = completions
    let path = place.path.contains("/") ? place.path : "./" + place.path
    check = PluginCheck(
      path: path, timeout: timeout, searchPaths: catalog.searchPaths, log: catalog.log)
  }

  /// Checks all that is meant.
  mutating func run() throws -> CheckReport {
    let plugin = try check.load()
    if let skipped = place.skipped { check.add(.note, "", "sanitizer", skipped) }
    guard let plugin else { return CheckReport(path: place.path, plugin: nil, check: check) }
    let exports = plugin.exports.filter { place.export == nil || $0.name == place.export }
    guard !exports.isEmpty || plugin.exports.isEmpty else {
      let names = plugin.exports.map { "'\($0.name)'" }.joined(separator: ", ")
      throw Diagnosis(
        Diagnosis.data, "\(place.path): it exports no '\(place.export ?? "")', only \(names)")
    }
    var settings: [Plugin.Export: PluginCheck.Setting] = [:]
    // Tasks come first, since they say what the others are configured with.
    for export in plugin.exports where export.kind == .task { try check.check(export) }
    for task in check.tasks { try configure(task, of: plugin, &settings) }
    for export in exports where export.kind != .task {
      try check.check(export, try settings[export] ?? own(export))
    }
    return CheckReport(path: place.path, plugin: plugin, check: check)
  }

  /// The setting of an export that no task speaks for.
  private func own(_ export: Plugin.Export?) throws -> PluginCheck.Setting {
    var setting = PluginCheck.Setting()
    if export?.kind == .reward { setting.completions = completions }
    guard let config = recipe.config else { return setting }
    if config.hasPrefix("{") {
      setting.configuration = config
      setting.isConfigured = true
    } else if let export, export.kind == .reward {
      let rewards = try Recipe(layers: [.file(config)], isWhole: false).rewards
      let named = rewards.first { $0.name == export.name || $0.name.hasSuffix(":" + export.name) }
      setting.configuration = named?.configuration.text() ?? "{}"
      setting.isConfigured = named != nil
    }
    return setting
  }

  /// What a task's recipe says to its dataset and its evaluator. The task is never opened here.
  private mutating func configure(
    _ task: TaskDescription, of plugin: PluginSummary,
    _ settings: inout [Plugin.Export: PluginCheck.Setting]
  ) throws {
    var setting = try own(nil)
    if !setting.isConfigured {
      do {
        setting.configuration = try recipe.sources().recipe(for: task).dataConfiguration.text()
      } catch {
        guard recipe.config == nil, recipe.settings.isEmpty else { throw error }
        let reason = "its default recipe is wrong: \(Diagnosis(error).description)"
        return check.add(.fails, "task '\(task.name)'", "recipe", reason)
      }
      setting.isConfigured =
        recipe.config != nil || !recipe.settings.isEmpty || HostPaths().task(task.name) != nil
    }
    setting.dataset = task.dataset
    for other in plugin.exports {
      let isPart =
        other.kind == .dataset && other.name == task.dataset
        || other.kind == .evaluator && other.name == task.evaluator
      if isPart, settings[other] == nil { settings[other] = setting }
    }
  }
}

/// What a check found, for a person or a program.
struct CheckReport {
  let path: String
  let plugin: PluginSummary?
  let check: PluginCheck

  /// Lines in columns, a heading for each export, the verdict at the end.
  var text: String {
    var lines: [String] = [], subject = ""
    let width = check.findings.map(\.side.count).max() ?? 0
    lines.append(Style.bold(path))
    for finding in check.findings {
      if finding.subject != subject {
        subject = finding.subject
        lines.append(heading(subject))
      }
      let blanks = String(repeating: " ", count: width - finding.side.count)
      lines.append("\(Self.sign(finding.mark))  \(finding.side)\(blanks)  \(finding.text)")
    }
    return (lines + [verdict]).joined(separator: "\n")
  }

  private func heading(_ subject: String) -> String {
    let export = plugin?.exports.first { "\($0.kind.name) '\($0.name)'" == subject }
    let summary = export?.summary ?? ""
    return Style.bold(subject) + (summary.isEmpty ? "" : ": " + summary)
  }

  private var verdict: String {
    func count(_ marks: CheckFinding.Mark...) -> Int {
      check.findings.count { marks.contains($0.mark) }
    }
    let numbers =
      "\(count(.ok)) in order, \(count(.note, .uncalled)) noted or not checked, "
      + "\(count(.fails)) failed"
    return switch check.verdict {
    case .ok: Style.green("ok") + ": " + numbers
    case .unchecked: Style.yellow("not checked in full") + ": " + numbers
    case .fails: Style.red("fails") + ": " + numbers
    }
  }

  private static func sign(_ mark: CheckFinding.Mark) -> String {
    switch mark {
    case .ok: Style.green("ok")
    case .note, .uncalled: Style.yellow("--")
    case .fails: Style.red("!!")
    }
  }

  /// `{"path", "name", "version", "built_with", "verdict", "findings": [{"mark", …}]}`
  var json: JSONValue {
    let findings = check.findings.map { finding -> JSONValue in
      [
        "mark": .string("\(finding.mark)"), "subject": .string(finding.subject),
        "side": .string(finding.side), "text": .string(finding.text),
      ]
    }
    return [
      "path": .string(path), "name": plugin.map { .string($0.name) } ?? nil,
      "version": plugin.map { .string($0.version) } ?? nil,
      "built_with": plugin.map { .string($0.builtWith) } ?? nil,
      "verdict": .string("\(check.verdict)"), "findings": .array(findings),
    ]
  }
}
