import ArgumentParser
import Formats
import JSON
import Runs
import Tracking
import Training

/// `host inspect run`
struct InspectRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Shows how far a run came, its curve and its checkpoints.",
    discussion: """
      Checkpoints are compared with their manifests, so that a damaged one is seen.

      Examples:
        host inspect run output/hri_dialogue
        host inspect run output/hri_dialogue --json
      """)

  @Argument(help: "The run's output folder.") var folder: String
  @Flag(help: "Print one JSON object: the receipt, the state and the checkpoints.") var json = false

  func run() throws {
    let path = folder + "/trainer_state.json"
    guard let state = TrainerState(path: path) else {
      throw FormatError(.missing, path, "there is no readable state of a run in this folder")
    }
    let receiptPath = folder + "/run.json"
    let receipt = FileSystem.exists(receiptPath) ? try JSONValue(readingFile: receiptPath) : .null
    let checkpoints = checkpoints()
    if json {
      let list = checkpoints.map { name, fault -> JSONValue in
        ["name": .string(name), "fault": fault.map(JSONValue.string) ?? nil]
      }
      let report: JSONValue = [
        "run": receipt, "state": state.json, "checkpoints": .array(list),
      ]
      return Console.print(report.text(.pretty))
    }
    print(state, receipt, checkpoints)
  }

  private func print(
    _ state: TrainerState, _ receipt: JSONValue, _ checkpoints: [(name: String, fault: String?)]
  ) {
    var head = TextTable(("", .left), ("", .left))
    for key in ["task", "model_name_or_path"] {
      if let value = receipt["recipe"]?[key]?.string { head.append(key, value) }
    }
    head.append("steps", "\(state.globalStep) of \(state.maxSteps)")
    head.append("epoch", Format.fixed(state.epoch, 2))
    head.append("tokens", Format.grouped(state.tokensSeen))
    if let best = state.bestMetric, let step = state.bestGlobalStep {
      head.append("best", "\(Format.short(best)) at step \(step)")
    }
    for (step, change) in RunChanges.history(of: receipt) {
      head.append("from step \(step)", change.description)
    }
    for (name, fault) in checkpoints { head.append(name, fault ?? "whole") }
    Console.print(head.text)
    let curves = Self.curves(state.logHistory)
    guard !curves.isEmpty else { return }
    Console.print("")
    var table = TextTable(("", .left), ("", .left), ("", .right), ("", .right))
    for curve in curves {
      table.append(
        curve.name, Sparkline(curve.values, width: 30).text, Format.short(curve.values[0]),
        "→ " + Format.short(curve.values[curve.values.count - 1]))
    }
    Console.print(table.text)
    Console.print("\n\(state.logHistory.count) rows in metrics.jsonl; --json prints all")
  }

  /// Each quantity's values in the order of steps, in the order in which they first appear: what training
  /// says first.
  private static func curves(_ history: [JSONValue]) -> [(name: String, values: [Double])] {
    var curves: [(name: String, values: [Double])] = []
    for row in history {
      for (key, value) in row.object ?? [:] where key != "step" && key != "epoch" {
        guard let value = value.double, value.isFinite else { continue }
        if let place = curves.firstIndex(where: { $0.name == key }) {
          curves[place].values.append(value)
        } else {
          curves.append((key, [value]))
        }
      }
    }
    return curves.filter { !$0.name.hasPrefix("eval_") }
      + curves.filter { $0.name.hasPrefix("eval_") }
  }

  private func checkpoints() -> [(name: String, fault: String?)] {
    let steps = FileSystem.names(in: folder).compactMap { name in
      name.hasPrefix("checkpoint-") ? Int(name.dropFirst("checkpoint-".count)) : nil
    }
    return steps.sorted().map { step in
      let name = "checkpoint-\(step)"
      do {
        try DurableFolder.verify(folder + "/" + name)
        return (name, nil)
      } catch { return (name, "\(error)") }
    }
  }
}
