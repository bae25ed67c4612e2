import JSON
import Runs
import Tensors

/// What `bench gemm` measured.
struct ProductReport {
  /// A product's sizes: x [m, k], W [n, k].
  struct Shape {
    let m: Int, n: Int, k: Int
  }

  /// GFLOP/s of one product by each engine.
  struct Row {
    let shape: Shape, storage: WeightStorage, way: ProductTiming.Way
    let rates: [GemmEngine: Rates]
  }

  /// GFLOP/s of multiply-adds in registers, GB/s of reading memory.
  private(set) var ceiling = Engine.ceiling(), bandwidth = Engine.bandwidth()
  private(set) var rows: [Row] = []

  /// Measures the products of one shape. The engines take turns, so that what else the machine does
  /// meets all of them.
  mutating func measure(_ shape: Shape, _ storages: [WeightStorage], repeats: Int) {
    let random = Random(seed: 2), some = (0..<8191).map { Float(random.normal($0)) / 50 }
    let matrix = Tensor(
      rows: shape.n, columns: shape.k,
      values: (0..<shape.n * shape.k).map { some[$0 % some.count] })
    for storage in storages {
      let timing = ProductTiming(rows: shape.m, weight: storage.weight(matrix))
      for way in ProductTiming.Way.allCases {
        var rates: [GemmEngine: [Double]] = [:]
        for run in 0...repeats {
          for engine in GemmEngine.allCases {
            let rate = timing.rate(way, by: engine)
            if run > 0 { rates[engine, default: []].append(rate) }  // The first one warms up.
          }
        }
        rows.append(
          Row(shape: shape, storage: storage, way: way, rates: rates.mapValues(Rates.init)))
      }
    }
  }

  /// Measures the ceilings again; the better ones count, since another program may take the
  /// processor meanwhile.
  mutating func finish() {
    ceiling = max(ceiling, Engine.ceiling())
    bandwidth = max(bandwidth, Engine.bandwidth())
  }

  var text: String {
    var table = TextTable(
      ("m × n × k", .left), ("weight", .left), ("way", .left), ("packed", .right), ("±", .right),
      ("share", .right), ("OpenBLAS", .right), ("±", .right), ("share", .right))
    for row in rows {
      let (ours, theirs) = (cells(row.rates[.packed]), cells(row.rates[.openBLAS]))
      table.append(
        "\(row.shape.m) × \(row.shape.n) × \(row.shape.k)", row.storage.name, row.way.rawValue,
        ours[0], ours[1], ours[2], theirs[0], theirs[1], theirs[2])
    }
    return """
      \(table.text)

      GFLOP/s, medians; \(Engine.instructionSet) on \(Parallel.threads) threads, OpenBLAS's \
      \(Engine.blasCore) kernels.
      In use: \(GemmEngine.chosen.rawValue) (\(GemmEngine.reason)).
      Ceilings: \(Format.fixed(ceiling, 1)) GFLOP/s of multiply-adds, \
      \(Format.fixed(bandwidth, 1)) GB/s of reading memory.
      """
  }

  private func cells(_ rates: Rates?) -> [String] {
    guard let rates else { return ["", "", ""] }
    return [
      Format.fixed(rates.median, 1), Format.percent(rates.deviation),
      Format.percent(rates.median / ceiling),
    ]
  }

  var json: JSONValue {
    [
      "instruction_set": .string(Engine.instructionSet), "threads": .int(Parallel.threads),
      "blas_core": .string(Engine.blasCore), "engine": .string(GemmEngine.chosen.rawValue),
      "reason": .string(GemmEngine.reason), "ceiling_gflops": .double(ceiling),
      "bandwidth_ceiling_gb_per_second": .double(bandwidth), "products": .array(rows.map(json)),
    ]
  }

  private func json(_ row: Row) -> JSONValue {
    row.rates.sorted { $0.key.rawValue < $1.key.rawValue }.reduce(
      [
        "m": .int(row.shape.m), "n": .int(row.shape.n), "k": .int(row.shape.k),
        "dtype": .string(row.storage.name), "way": .string(row.way.rawValue),
      ]
    ) { json, pair in
      json.setting(
        pair.key.rawValue,
        [
          "gflops": .double(pair.value.median), "deviation": .double(pair.value.deviation),
          "share_of_ceiling": .double(pair.value.median / ceiling),
          "all_gflops": .array(pair.value.all.map(JSONValue.double)),
        ])
    }
  }
}
