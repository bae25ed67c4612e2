import ArgumentParser
import JSON
import Ranks
import Runs

/// `host bench ranks`
struct BenchRanks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ranks", abstract: "Times how bytes go between the ranks it was started with.",
    discussion: """
      Every rank sends each other one as many bytes, all at once; the time is until
      all have come. Without a launcher two ranks are started on this machine.

      Examples:
        host bench ranks
        mpirun -n 4 --hostfile hosts --bind-to none host bench ranks
      """)

  @Option(help: ArgumentHelp("Timed rounds of each size.", valueName: "rounds")) var rounds = 7
  @Option(help: ArgumentHelp("The most bytes to each rank.", valueName: "bytes"))
  var largest = 64 << 20
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var plugins: PluginOptions

  func validate() throws {
    guard rounds > 0, largest > 0 else {
      throw ValidationError("--rounds and --largest must be greater than 0.")
    }
  }

  func run() throws {
    let catalog = plugins.catalog()
    if try !RankedRun.isStarted() {
      Console.leave(try Relaunch(LocalLaunch(2, catalog)).run())
    }
    try RankedRun.run(catalog) { group in
      guard !group.isAlone else { throw Diagnosis(Diagnosis.usage, "one rank has nobody to time") }
      var table = TextTable(("bytes", .right), ("milliseconds", .right), ("MB/s", .right))
      var rows: [JSONValue] = []
      for size in [8, 1 << 10, 64 << 10, 1 << 20, 16 << 20, 64 << 20] where size <= largest {
        let time = try time(of: size, in: group)
        let rate = Double(size * (group.count - 1)) / time / 1e6
        table.append(
          Format.grouped(size), Format.fixed(1000 * time, 3), Format.fixed(rate, 1))
        rows.append(
          ["bytes": .int(size), "seconds": .double(time), "mb_per_second": .double(rate)])
      }
      guard group.isFirst else { return }
      let names = Set(group.hosts).sorted().joined(separator: ", ")
      if json {
        let report: JSONValue = [
          "ranks": .int(group.count), "transport": group.transport.map(JSONValue.string) ?? .null,
          "hosts": .array(group.hosts.map(JSONValue.string)), "sizes": .array(rows),
        ]
        return Console.print(report.text(.pretty))
      }
      Console.print("\(group.count) ranks on \(names), by \(group.transport ?? "nothing")")
      Console.print(table.text)
    }
  }

  /// The median time in which all have sent each other so many bytes.
  private func time(of size: Int, in group: Group) throws -> Double {
    func memory() -> UnsafeMutableRawBufferPointer {
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
      bytes.initializeMemory(as: UInt8.self, repeating: UInt8(group.rank))
      return bytes
    }
    let none = UnsafeMutableRawBufferPointer(start: nil, count: 0), own = memory()
    let places = (0..<group.count).map { $0 == group.rank ? none : memory() }
    defer { (places + [own]).forEach { $0.deallocate() } }
    let sending = (0..<group.count).map { UnsafeRawBufferPointer($0 == group.rank ? none : own) }
    var times: [Double] = []
    for _ in 0...rounds {
      try group.barrier("a round")
      let clock = ContinuousClock(), start = clock.now
      try group.start("bytes of a round", sending: sending, receiving: places).wait()
      times.append((clock.now - start) / .seconds(1))
    }
    for (rank, place) in places.enumerated() where rank != group.rank {
      guard place.first == UInt8(rank), place.last == UInt8(rank) else {
        throw Diagnosis(Diagnosis.failed, "\(group.name(of: rank)) sent other bytes")
      }
    }
    return times.dropFirst().sorted()[rounds / 2]
  }
}
