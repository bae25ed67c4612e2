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
    var table = TextTable(("step", .right), ("epoch", .right), ("values", .left))
    for row in state.logHistory.suffix(20) {
      let values = (row.object ?? [:]).filter { $0.key != "step" && $0.key != "epoch" }
      table.append(
        row["step"]?.text() ?? "", row["epoch"]?.double.map { Format.fixed($0, 2) } ?? "",
        values.map { "\($0.key) \($0.value.double.map(Format.short) ?? $0.value.text())" }
          .joined(separator: "  "))
    }
    Console.print("\n" + table.text)
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
