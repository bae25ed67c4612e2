import Foundation
import JSON
import Testing

/// What the program says of its engine, and the variables that change it.
@Suite struct EngineTests {
  private func doctor(_ environment: [String: String]) throws -> JSONValue {
    let outcome = try HostProgram.run("doctor", "--json", environment: environment)
    #expect(outcome.code == 0)
    return try outcome.json()
  }

  @Test func doctorMeasures() throws {
    let report = try doctor([:])
    #expect(report["threads"]?.int == 2)
    #expect(report["plugin_abi"]?.string == "1.7")
    #expect(report["ceiling_gflops"]?.double ?? 0 > 0)
    #expect(report["bandwidth_gb_per_second"]?.double ?? 0 > 0)
    #expect(report["products"]?["packed_gflops"]?.double ?? 0 > 0)
    #expect(report["products"]?["openblas_gflops"]?.double ?? 0 > 0)
    #expect(report["blas"]?["core"]?.string?.isEmpty == false)
  }

  @Test func theInstructionSetCanBeChosen() throws {
    let report = try doctor(["HOST_INSTRUCTION_SET": "portable"])
    #expect(report["kernels"]?.string == "portable C")
    #expect(report["products"]?["engine"]?.string == "packed")
    #expect(report["products"]?["reason"]?.string == "the default")
  }

  @Test(arguments: ["packed", "openblas"]) func theEngineCanBeChosen(name: String) throws {
    let report = try doctor(["HOST_GEMM": name])
    #expect(report["products"]?["engine"]?.string == name)
    #expect(report["products"]?["reason"]?.string == "HOST_GEMM says so")
  }

  @Test(arguments: [("HOST_GEMM", "openblas"), ("HOST_INSTRUCTION_SET", "avx512")])
  func aWrongWishIsOneSentence(variable: String, allowed: String) throws {
    let environment = [variable: "fastest"]
    let outcome = try HostProgram.run("bench", "gemm", environment: environment)
    #expect(outcome.code == 1)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix("host: \(variable): 'fastest'"))
    #expect(outcome.errors.contains(allowed))
    let warning = try #require(try doctor(environment)["warnings"]?[0]?.string)
    #expect(warning.hasPrefix("\(variable): 'fastest'"))
  }

  /// Where there is no OpenBLAS, only who asks for it hears of it.
  @Test func nobodyElseNeedsOpenBLAS() throws {
    let scratch = try Scratch()
    for name in ["libopenblas.so.0", "libopenblas.so"] {
      try Data("not a library".utf8).write(to: scratch.url(name))
    }
    let without = ["LD_LIBRARY_PATH": scratch.folder.path]
    let logits = [
      "inspect", "logits", "--model", "nano-qwen3", "--ids", "1,2,3", "--out",
      scratch.url("l").path,
    ]
    #expect(try HostProgram.run(logits, environment: without).code == 0)
    let report = try doctor(without)
    #expect(report["blas"] == .null)
    #expect(report["products"]?["packed_gflops"]?.double ?? 0 > 0)
    #expect(report["products"]?["openblas_gflops"] == .null)
    let asked = try HostProgram.run(
      logits, environment: without.merging(["HOST_GEMM": "openblas"]) { $1 })
    #expect(asked.code == 1)
    #expect(asked.errors.contains("OpenBLAS cannot be opened"))
    #expect(asked.errors.contains("apt-get install libopenblas-dev"))
  }

  @Test func productsAreMeasuredForShapesAndTypes() throws {
    let types = ["f32", "bf16", "f16", "nf4", "nf4-single", "int8"]
    let report = try HostProgram.shell(
      "host bench gemm --shape 12x16x24 --shape 1x64x8 --repeats 2 --json "
        + types.map { "--dtype \($0)" }.joined(separator: " ")
    ).json()
    #expect(report["ceiling_gflops"]?.double ?? 0 > 0)
    #expect(report["bandwidth_ceiling_gb_per_second"]?.double ?? 0 > 0)
    let products = try #require(report["products"]?.array)
    #expect(products.count == 2 * types.count * 2)
    for (index, product) in products.enumerated() {
      let isFirst = index < 2 * types.count
      let sizes = [product["m"]?.int, product["n"]?.int, product["k"]?.int]
      #expect(sizes == (isFirst ? [12, 16, 24] : [1, 64, 8]))
      #expect(product["dtype"]?.string == types[index / 2 % types.count])
      #expect(product["way"]?.string == (index % 2 == 0 ? "forward" : "backward"))
      for engine in ["packed", "openblas"] {
        #expect(product[engine]?["all_gflops"]?.array?.count == 2)
        #expect(product[engine]?["gflops"]?.double ?? 0 > 0)
      }
    }
  }
}
