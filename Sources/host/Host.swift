import ArgumentParser
import Tensors

/// The program. Each verb is a command of its own; whatever one throws becomes one sentence on
/// standard error and an exit code.
@main
struct HostCommand: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "host",
    abstract: "Fine-tunes Qwen-family language models; what to learn is a plugin.",
    discussion: """
      Begin with:
        host train \\
            --task hri_dialogue      a task's embedded default, about a minute
        host plugins list                   the tasks that can be found
        host data show --task hri_dialogue  a row as the model sees it

      Exit codes: 0 good, 1 the run failed, 64 bad usage, 65 bad data or recipe.
      """,
    version: version, subcommands: [WorkerCommand.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Training and answering",
        subcommands: [
          TrainCommand.self, EvaluateCommand.self, CompareCommand.self, GenerateCommand.self,
          ChatCommand.self, PlanCommand.self,
        ]),
      CommandGroup(name: "Storing", subcommands: [QuantizeCommand.self]),
      CommandGroup(
        name: "Looking",
        subcommands: [
          DataCommand.self, InspectCommand.self, AudioCommand.self, ReportCommand.self,
        ]),
      CommandGroup(name: "Extending", subcommands: [PluginsCommand.self, RewardCommand.self]),
      CommandGroup(name: "Measuring", subcommands: [BenchCommand.self, DoctorCommand.self]),
    ])

  static func main() {
    Console.prepare()
    do {
      var command = try parseAsRoot()
      if type(of: command).configuration.commandName != "help", let fault = Parallel.fault {
        throw Diagnosis(
          Diagnosis.usage, "\(fault); unset it to use every core this process may use")
      }
      try command.run()
    } catch {
      Diagnosis.exit(with: error)
    }
  }
}
