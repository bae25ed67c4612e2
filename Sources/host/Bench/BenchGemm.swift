import ArgumentParser
import Formats
import FoundationEssentials
import JSON
import Tensors

/// `host bench gemm`
struct BenchGemm: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gemm", abstract: "Times the products of a projection, forward and backward.",
    discussion: """
      Forward is y [m, n] = x [m, k] · W [n, k]ᵀ, backward dx = dy · W. The default shapes are those
      of Qwen3-0.6B at 512 tokens.

      Examples:
        host bench gemm
        host bench gemm --shape 512x1024x1024 --shape 1x3072x1024 --dtype f32
        HOST_THREADS=1 host bench gemm --json
      """)

  /// How the weight is stored.
  enum Storage: String, ExpressibleByArgument, CaseIterable { case f32, bf16 }

  @Option(
    help: ArgumentHelp("A product's m, n, k; may be given several times.", valueName: "MxNxK"))
  var shape: [String] = []
  @Option(help: "How the weight is stored.") var dtype = Storage.bf16
  @Option(help: ArgumentHelp("Runs of each product; the median counts.", valueName: "runs"))
  var repeats = 7
  @Flag(help: "Print one JSON object.") var json = false

  private struct Row {
    let m: Int, n: Int, k: Int
    let forward: Double, backward: Double
  }

  func validate() throws {
    guard repeats > 0 else { throw ValidationError("--repeats must be greater than 0.") }
    _ = try shape.map(Self.sizes)
  }

  func run() throws {
    try openEngine()
    let defaults = [(512, 2048, 1024), (512, 1024, 2048), (512, 3072, 1024), (512, 1024, 3072)]
    let shapes = shape.isEmpty ? defaults : try shape.map(Self.sizes)
    let ceiling = Engine.ceiling()
    let rows = try shapes.map { m, n, k in
      let rate = Engine.productRate(
        m: m, n: n, k: k, weight: try weight(n, k), repeats: repeats)
      return Row(m: m, n: n, k: k, forward: rate.forward, backward: rate.backward)
    }
    json ? printJSON(rows, ceiling) : print(rows, ceiling)
  }

  /// An f32 matrix in memory, or a bf16 one in a mapped file, as models have it.
  private func weight(_ rows: Int, _ columns: Int) throws -> Weight {
    let matrix = Tensor(rows: rows, columns: columns, repeating: 0.01)
    guard dtype == .bf16 else { return .tensor(matrix) }
    let folder = FileManager.default.temporaryDirectory.path
    let path = folder + "/host-bench-\(ProcessInfo.processInfo.processIdentifier).bf16"
    let bytes = matrix.bf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    _ = try DurableFile.write(to: path) { sink throws(FormatError) in try sink.write(bytes) }
    // The mapping outlives the file's name.
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try MappedFile(path: path)
    return .dense(
      DenseWeight(file: file, offset: 0, rows: rows, columns: columns, type: .bf16))
  }

  private static func sizes(_ text: String) throws -> (Int, Int, Int) {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 3, let m = parts[0], let n = parts[1], let k = parts[2],
      min(m, n, k) > 0
    else { throw ValidationError("--shape '\(text)': write three sizes, like 512x3072x1024.") }
    return (m, n, k)
  }

  private func print(_ rows: [Row], _ ceiling: Double) {
    var table = TextTable(
      ("m", .right), ("n", .right), ("k", .right), ("forward", .right), ("share", .right),
      ("backward", .right), ("share", .right))
    for row in rows {
      table.append(
        "\(row.m)", "\(row.n)", "\(row.k)", Format.fixed(row.forward, 1),
        Format.percent(row.forward / ceiling), Format.fixed(row.backward, 1),
        Format.percent(row.backward / ceiling))
    }
    Console.print(table.text)
    Console.print(
      "GFLOP/s of \(dtype.rawValue) weights on \(Parallel.threads) threads; FMA ceiling "
        + Format.fixed(ceiling, 1))
  }

  private func printJSON(_ rows: [Row], _ ceiling: Double) {
    let report: JSONValue = [
      "dtype": .string(dtype.rawValue), "threads": .int(Parallel.threads),
      "ceiling_gflops": .double(ceiling),
      "products": .array(
        rows.map {
          [
            "m": .int($0.m), "n": .int($0.n), "k": .int($0.k),
            "forward_gflops": .double($0.forward), "backward_gflops": .double($0.backward),
          ]
        }),
    ]
    Console.print(report.text(.pretty))
  }
}
