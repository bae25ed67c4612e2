public import Benchmarks
import Formats
import FoundationEssentials
import JSON
import Tasks

/// A model with what it reached in a benchmark.
public struct BenchmarkedModel {
  /// Which model, what it reached, and what the results' file says of it.
  public let subject: BenchmarkRun.Subject, outcomes: [TaskOutcome], facts: ResultsFile.Facts
  /// Where its files lie.
  public let folder: String

  /// What tables tell of each task.
  var summaries: [TaskScores] { outcomes.map(\.summary) }

  /// The results' file.
  public var results: JSONValue { ResultsFile(outcomes, facts).json }

  /// Writes results, samples and the report.
  func write() throws {
    let time = Self.time(facts.date)
    for outcome in outcomes {
      try DurableFile.write(
        outcome.sampleLines, to: "\(folder)/samples_\(outcome.task.name)_\(time).jsonl")
    }
    let report = BenchmarkColumn(self).report
    try DurableFile.write(report.json.text(.pretty) + "\n", to: folder + "/report.json")
    try DurableFile.write(results.text(.pretty) + "\n", to: "\(folder)/results_\(time).json")
  }

  /// `2026-11-30T23-04-13.254439`
  private static func time(_ seconds: Double) -> String {
    let whole = seconds.rounded(.down), days = Int(whole) / 86_400, rest = Int(whole) % 86_400
    func padded(_ value: Int, _ width: Int = 2) -> String {
      String(repeating: "0", count: max(0, width - String(value).count)) + String(value)
    }
    // Days to a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
    let shifted = days + 719_468, era = shifted / 146_097, ofEra = shifted % 146_097
    let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * year + year / 4 - year / 100), month = (5 * ofYear + 2) / 153
    let day = ofYear - (153 * month + 2) / 5 + 1, number = month < 10 ? month + 3 : month - 9
    let date = "\(year + era * 400 + (number <= 2 ? 1 : 0))-\(padded(number))-\(padded(day))"
    let clock = [rest / 3600, rest / 60 % 60, rest % 60].map { padded($0) }.joined(separator: "-")
    return "\(date)T\(clock).\(padded(Int((seconds - whole) * 1e6), 6))"
  }
}
