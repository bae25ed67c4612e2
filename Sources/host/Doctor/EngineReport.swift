import JSON
import Runs
import Tensors

/// What the engine is, what it reaches, and what is wrong with it.
struct EngineReport {
  /// Why the engine cannot be used; nil when all is well.
  let failure = Engine.open()
  /// Why OpenBLAS, with which products are compared here, cannot be opened; nil when it can.
  let blasFault = Engine.openBLAS()
  let instructionSet = Engine.instructionSet
  let core = Engine.blasCore, configuration = Engine.blasConfiguration
  let threads = Parallel.threads
  /// GFLOP/s of multiply-adds in registers, GB/s of reading memory.
  let ceiling = Engine.ceiling(), bandwidth = Engine.bandwidth()
  /// GFLOP/s of a 512 × 1024 × 1024 product by each engine; empty where the engine cannot be used.
  let rates: [GemmEngine: Double]

  init() {
    guard failure == nil else {
      rates = [:]
      return
    }
    let timing = ProductTiming(
      rows: 512, weight: .tensor(Tensor(rows: 1024, columns: 1024, repeating: 0.5)))
    var all: [GemmEngine: [Double]] = [:]
    let engines = blasFault == nil ? GemmEngine.allCases : [.packed]
    for _ in 0..<5 {
      for engine in engines {
        all[engine, default: []].append(timing.rate(.forward, by: engine))
      }
    }
    rates = all.mapValues { Rates($0).median }
  }

  private var rate: Double? { rates[.chosen] }
  private static let size = "512 × 1024 × 1024"

  /// Names and values, in the order in which they are shown.
  var lines: [(String, String)] {
    var lines = [("kernels", instructionSet)]
    let isOpen = !core.isEmpty
    lines.append(("OpenBLAS", isOpen ? "\(core) kernels" : "not there, and not needed"))
    if isOpen { lines.append(("", configuration)) }
    lines.append(("FMA ceiling", Format.fixed(ceiling, 0) + " GFLOP/s"))
    lines.append(("reading memory", Format.fixed(bandwidth, 1) + " GB/s"))
    lines.append(("products", "by \(GemmEngine.chosen.rawValue), \(GemmEngine.reason)"))
    for (engine, rate) in rates.sorted(by: { $0.value > $1.value }) {
      lines.append(
        (
          "",
          "\(engine.rawValue) \(Format.fixed(rate, 0)) GFLOP/s, \(Format.percent(rate / ceiling)) "
            + "of the ceiling, for \(Self.size)"
        ))
    }
    return lines
  }

  /// The fields of the report.
  var fields: [(String, JSONValue)] {
    [
      ("kernels", .string(instructionSet)),
      (
        "blas",
        core.isEmpty
          ? .null : ["core": .string(core), "configuration": .string(configuration)]
      ),
      ("threads", .int(threads)), ("ceiling_gflops", .double(ceiling)),
      ("bandwidth_gb_per_second", .double(bandwidth)),
      (
        "products",
        [
          "engine": .string(GemmEngine.chosen.rawValue), "reason": .string(GemmEngine.reason),
          "packed_gflops": rates[.packed].map(JSONValue.double) ?? .null,
          "openblas_gflops": rates[.openBLAS].map(JSONValue.double) ?? .null,
        ]
      ),
    ]
  }

  var warnings: [String] {
    if let failure { return [failure] }
    guard let rate, let (best, most) = rates.max(by: { $0.value < $1.value }) else { return [] }
    var found: [String] = []
    if most > 1.25 * rate {
      found.append(
        "\(best.rawValue) multiplies \(Format.fixed(most / rate, 1)) times as fast here; "
          + "HOST_GEMM=\(best.rawValue) uses it")
    }
    if rate < 0.5 * ceiling {
      found.append(
        "a product reaches \(Format.percent(rate / ceiling)) of the ceiling; other programs may "
          + "use the processor")
    }
    return found
  }
}
