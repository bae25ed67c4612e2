import ArgumentParser
import Runs
import Tasks
import Tensors

/// The program. Each verb is a command of its own; whatever one throws becomes one sentence on
/// standard error and an exit code.
@main
struct HostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "host",
    abstract: "Fine-tunes Qwen and Llama models; what to learn is a plugin.",
    discussion: """
      Begin with:
        host train --task hri_dialogue      a task's embedded default, about a minute
        host plugins list                   the tasks that can be found
        host data show --task hri_dialogue  a row as the model sees it

      Exit codes: 0 good, 1 the run failed, 64 bad usage, 65 bad data or recipe, 130
      or 143 interrupted by Ctrl-C or SIGTERM.
      """,
    version: HostVersion.current, subcommands: [WorkerCommand.self, ManualCommand.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Training and answering",
        subcommands: [
          TrainCommand.self, EvaluateCommand.self, CompareCommand.self, BenchmarkCommand.self,
          GenerateCommand.self, ChatCommand.self, PlanCommand.self,
        ]),
      CommandGroup(
        name: "Fetching and storing",
        subcommands: [
          DownloadCommand.self, QuantizeCommand.self, MergeCommand.self, ExportCommand.self,
        ]),
      CommandGroup(
        name: "Looking",
        subcommands: [
          ConfigCommand.self, ConfigSchemaCommand.self, DataCommand.self, InspectCommand.self,
          AudioCommand.self, ReportCommand.self,
        ]),
      CommandGroup(name: "Extending", subcommands: [PluginsCommand.self, RewardCommand.self]),
      CommandGroup(name: "Measuring", subcommands: [BenchCommand.self, DoctorCommand.self]),
    ])

  static func main() {
    Console.prepare()
    do {
      let line = CommandWords(CommandLine.arguments.dropFirst())
      try line.checkVerbs(of: HostCommand.self)
      var command = try parseAsRoot(line.words)
      if type(of: command).configuration.commandName != "help", let fault = Parallel.fault {
        throw Diagnosis(
          Diagnosis.usage, "\(fault); unset it to use every core this process may use")
      }
      if !severalMayRun(command) {
        try RankedRun.refuseSeveral(type(of: command).configuration.commandName ?? "this")
      }
      try command.run()
    } catch {
      end(with: error)
    }
  }

  /// Verbs that several processes do together, and those that speak of a process alone.
  private static func severalMayRun(_ command: any ParsableCommand) -> Bool {
    command is TrainCommand || command is BenchRanks || command is DoctorCommand
      || command is WorkerCommand
  }

  /// Ends the program as `error` asks: help and versions are no errors, and bad usage gets a hint.
  private static func end(with error: any Error) -> Never {
    if let code = error as? ExitCode { Console.leave(code.rawValue) }
    if let error = error as? TaskError, error.kind == .cancelled, let code = StopSignal.exitCode {
      Console.note("host: " + error.message)
      Console.leave(code)
    }
    let code = exitCode(for: error)
    if code.isSuccess {
      Console.output.write(fullMessage(for: error) + "\n")
      Console.leave(0)
    }
    let diagnosis =
      code == .validationFailure ? Diagnosis(Diagnosis.usage, usage(error)) : Diagnosis(error)
    Console.note("host: " + diagnosis.description)
    Console.leave(diagnosis.code)
  }

  /// What a slip of the command line is, without the word that the caller puts before it.
  private static func usage(_ error: any Error) -> String {
    let text = fullMessage(for: error), prefix = "Error: "
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
  }
}
