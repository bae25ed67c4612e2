import ArgumentParser
import Text

/// `--template-date`
struct TemplateDateOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The day that a chat template writes which writes the date, as 2026-11-30; else today.",
      valueName: "day"))
  var templateDate: CivilTime?
}

extension CivilTime: ExpressibleByArgument {
  /// A day as 2026-11-30, or with the time of day behind it.
  public init?(argument: String) { self.init(argument) }
}
