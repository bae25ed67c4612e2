import ArgumentParser
import Runs
import Tensors

/// `host bench gemm`
struct BenchGemm: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gemm",
    abstract: "Times a projection's products by our own kernels and by OpenBLAS.",
    discussion: """
      Forward is y [m, n] = x [m, k] · W [n, k]ᵀ, backward dx = dy · W; converting W
      is counted. The default shapes are those of Qwen3-0.6B at 512 tokens: its
      projections, a part of its head, and the two matrices of a LoRA of rank 16.
      The spread is half of the distance between the quartiles.

      Examples:
        host bench gemm
        host bench gemm --shape 512x1024x1024 --shape 1x3072x1024 --dtype f32 \\
          --dtype int8
        HOST_THREADS=1 HOST_INSTRUCTION_SET=avx2 host bench gemm --json
      """)

  @Option(
    help: ArgumentHelp("A product's m, n, k; may be given several times.", valueName: "MxNxK"))
  var shape: [String] = []
  @Option(
    help: ArgumentHelp(
      "How the weight is stored; may be given several times; bf16 and nf4 when left out.",
      valueName: "type"))
  var dtype: [WeightStorage] = []
  @Option(help: ArgumentHelp("Runs of each product; the median counts.", valueName: "runs"))
  var repeats = 7
  @Flag(help: "Print one JSON object.") var json = false

  private static let shapes = [
    (512, 2048, 1024), (512, 1024, 2048), (512, 3072, 1024), (512, 1024, 3072), (512, 16384, 1024),
    (512, 16, 1024), (512, 1024, 16),
  ]

  func validate() throws {
    guard repeats > 0 else { throw ValidationError("--repeats must be greater than 0.") }
    _ = try shape.map(Self.sizes)
  }

  func run() throws {
    try openEngine()
    if let reason = Engine.openBLAS() { throw Diagnosis(Diagnosis.failed, reason) }
    let shapes =
      shape.isEmpty ? Self.shapes.map(ProductReport.Shape.init) : try shape.map(Self.sizes)
    let storages = dtype.isEmpty ? [.plain(.bf16), .quantized(.nf4(double: true))] : dtype
    var report = ProductReport()
    var bar = ProgressBar("products", total: shapes.count, unit: "shapes")
    for (index, shape) in shapes.enumerated() {
      report.measure(shape, storages, repeats: repeats)
      bar.update(index + 1)
    }
    bar.finish()
    report.finish()
    Console.print(json ? report.json.text(.pretty) : report.text)
  }

  private static func sizes(_ text: String) throws -> ProductReport.Shape {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 3, let m = parts[0], let n = parts[1], let k = parts[2],
      min(m, n, k) > 0
    else { throw ValidationError("--shape '\(text)': write three sizes, like 512x3072x1024.") }
    return ProductReport.Shape(m: m, n: n, k: k)
  }
}
