import ArgumentParser
import Formats
import FoundationEssentials
import JSON
import Runs

/// `host bench data`
struct BenchData: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Times how fast files of rows are read.",
    discussion: """
      Parquet, JSON lines or a JSON array: each file is read whole, from its first
      byte to rows as tasks and benchmarks get them, by one thread; the median of
      several runs after one that does not count. Megabytes are those of the file.

      Example:
        host bench data train-00000-of-00001.parquet test.jsonl
      """)

  @Argument(help: "Files of rows.") var files: [String]
  @Option(help: ArgumentHelp("Timed runs of each file.", valueName: "runs")) var runs = 5
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs must be greater than 0.") }
  }

  func run() throws {
    let all = try files.map(timed)
    if json {
      let report = all.reduce(JSONValue.emptyObject) { $0.setting($1.path, $1.json) }
      return Console.print(report.text(.pretty))
    }
    var table = TextTable(
      ("file", .left), ("size", .right), ("rows", .right), ("MB/s", .right), ("rows/s", .right))
    for file in all {
      let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
      table.append(
        String(name.suffix(36)), Format.bytes(file.bytes), Format.grouped(file.rows),
        Format.fixed(file.megabytesPerSecond, 0),
        Format.short(Double(file.rows) / file.seconds.median))
    }
    Console.print(table.text)
  }

  /// A file that was read.
  private struct File {
    let path: String, bytes: Int, rows: Int, seconds: Rates

    var megabytesPerSecond: Double { Double(bytes) / 1e6 / seconds.median }

    var json: JSONValue {
      [
        "bytes": .int(bytes), "rows": .int(rows),
        "megabytes_per_second": .double(megabytesPerSecond),
        "seconds": .array(seconds.all.map(JSONValue.double)),
      ]
    }
  }

  private func timed(_ path: String) throws -> File {
    let rows = try DataRows.read(path).count
    let seconds = try (0..<runs).map { _ in
      let start = ContinuousClock.now
      _ = try DataRows.read(path)
      return (ContinuousClock.now - start) / .seconds(1)
    }
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    return File(path: path, bytes: size, rows: rows, seconds: Rates(seconds))
  }
}
