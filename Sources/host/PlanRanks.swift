import ArgumentParser
import JSON
import Runs
import Training

/// Bits of a second between two ranks: `10Gb`, `100Mb`.
struct LineRate: ExpressibleByArgument {
  /// Bits of a second.
  let bits: Double
  private let text: String

  init?(argument: String) {
    let units = [
      ("Gbit/s", 1e9), ("Mbit/s", 1e6), ("Gb/s", 1e9), ("Mb/s", 1e6), ("Gb", 1e9), ("Mb", 1e6),
    ]
    guard let (unit, size) = units.first(where: { argument.hasSuffix($0.0) }),
      let number = Double(argument.dropLast(unit.count)), number > 0, number.isFinite
    else { return nil }
    bits = number * size
    text = argument
  }

  /// As it was written.
  var defaultValueDescription: String { text }
}

/// `--ranks R --network 10Gb` of `host plan`.
struct RanksOptions: ParsableArguments {
  @Option(help: "Plan for so many ranks, stage by stage of distribution.stage.")
  var ranks: Int?
  @Option(help: "What joins the ranks, in bits of a second: 10Gb, 100Mb.")
  var network: LineRate?

  func validate() throws {
    if let ranks, ranks < 1 { throw ValidationError("--ranks is a number from 1 on.") }
    guard ranks != nil || network == nil else {
      throw ValidationError("--network means something beside --ranks only.")
    }
  }
}

extension RanksPlan {
  /// The plan as lines of a table.
  func lines(of budget: MemoryBudget, network: LineRate?) -> [(name: String, text: String)] {
    let own = Double(batches) / Double(ranks)
    let share = own == own.rounded() ? "\(Int(own))" : "\(Int(own)) or \(Int(own) + 1)"
    var rows = [("ranks", "\(ranks), each with \(share) of a step's \(batches) micro-batches")]
    for line in lines {
      var text = "\(Format.bytes(line.memory)) a rank, sends \(Format.bytes(line.sent)) a step"
      if let rate = line.tokensPerSecond, let efficiency = line.efficiency {
        text += ", at best \(Format.short(rate)) tokens/s (\(Format.fixed(100 * efficiency, 0)) %)"
      }
      rows.append(("stage \(line.stage.rawValue)", text + (line.fits ? "" : ", does not fit")))
    }
    let limit = Format.bytes(budget.limit)
    rows.append(
      (
        "fits",
        least.map { "stage \($0.rawValue) is the least that fits \(limit) a rank" }
          ?? "no stage fits \(limit) a rank"
      ))
    return rows
  }

  /// The plan as JSON.
  var json: JSONValue {
    [
      "count": .int(ranks), "micro_batches": .int(batches),
      "least_stage": least.map { .int($0.rawValue) } ?? .null,
      "stages": .array(
        lines.map { line in
          [
            "stage": .int(line.stage.rawValue), "total_bytes": .int(line.memory),
            "sent_bytes": .int(line.sent), "fits": .bool(line.fits),
            "tokens_per_second": line.tokensPerSecond.map(JSONValue.double) ?? .null,
            "efficiency": line.efficiency.map(JSONValue.double) ?? .null,
          ]
        }),
    ]
  }
}
