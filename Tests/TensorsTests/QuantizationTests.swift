import CKernels
import Foundation
import Testing

@testable import Tensors

/// Codes, scales and values of bitsandbytes 0.50.2, bit for bit
/// (`Goldens/quantization/make_goldens.py`).
@Suite(.serialized) struct QuantizationTests {
  static let goldens = Goldens()

  @Test(arguments: goldens.cases) func weightsHaveTheOriginalsBits(name: String) throws {
    let goldens = Self.goldens, weight = try goldens.weight(name + ".input")
    guard case .nf4(let single) = weight.quantized(.nf4(double: false)),
      case .single(let scales) = single.scales
    else { return #expect(Bool(false), "another kind of weight") }
    #expect(same(single.codes.bytes, name + ".codes"))
    #expect(same(scales.bytes, name + ".absmax"))
    let nested = weight.quantized(.nf4(double: true))
    guard case .nf4(let double) = nested,
      case .double(let codes, let map, let nestedScales, let offset) = double.scales
    else { return #expect(Bool(false), "another kind of weight") }
    #expect(same(double.codes.bytes, name + ".codes"))
    #expect(same(codes.bytes, name + ".nested_codes"))
    #expect(same(map.bytes, "dynamic_map"))
    #expect(same(nestedScales.bytes, name + ".nested_absmax"))
    #expect(same(bytes([offset]), name + ".offset"))
    #expect(same(bytes(nested.tensor().values), name + ".values"))
    guard goldens.holds(name + ".int8") else { return }
    let rows = weight.quantized(.int8)
    guard case .int8(let int8) = rows else {
      return #expect(Bool(false), "another kind of weight")
    }
    #expect(same(int8.codes.bytes, name + ".int8"))
    #expect(same(int8.scales.bytes, name + ".int8_scales"))
    #expect(same(bytes(rows.tensor().values), name + ".int8_values"))
  }

  @Test(arguments: InstructionSetTests.sets.map(\.rawValue))
  func everyInstructionSetGivesTheSameBits(set: UInt32) throws {
    let old = k_current_instruction_set()
    try #require(k_use_instruction_set(k_instruction_set(set)) == 1)
    defer { _ = k_use_instruction_set(old) }
    for name in Self.goldens.cases {
      let weight = try Self.goldens.weight(name + ".input"), x = weight.tensor().values
      let count = x.count, blocks = NF4Weight.blocks(count)
      var codes = [UInt8](repeating: 0, count: (count + 1) / 2)
      var scales = [Float](repeating: 0, count: blocks), offset: Float = 0
      k_quantize_nf4_f32(&codes, &scales, x, Int64(count))
      k_mean_f32(&offset, scales, Int64(blocks))
      var nestedCodes = [UInt8](repeating: 0, count: blocks)
      var nested = [Float](repeating: 0, count: NF4Weight.nestedBlocks(count))
      k_quantize_scales_f32(
        &nestedCodes, &nested, scales, offset, Quantization.dynamicMap, Int64(blocks))
      guard Self.goldens.holds(name + ".int8") else { continue }
      var rowCodes = [Int8](repeating: 0, count: count)
      var rowScales = [Float](repeating: 0, count: weight.rows)
      k_quantize_int8_f32(&rowCodes, &rowScales, x, Int64(weight.rows), Int64(weight.columns))
      #expect(same(codes, name + ".codes"), "\(name)")
      #expect(same(bytes(scales), name + ".absmax"), "\(name)")
      #expect(same(nestedCodes, name + ".nested_codes"), "\(name)")
      #expect(same(bytes(nested), name + ".nested_absmax"), "\(name)")
      #expect(same(bytes(rowCodes), name + ".int8"), "\(name)")
      #expect(same(bytes(rowScales), name + ".int8_scales"), "\(name)")
    }
  }

  @Test(arguments: [31, 32, 33, 1000, 4097, 32767, 70001]) func meansAreTorchs(count: Int) {
    let numbers = (0..<count).map { Float($0 * 2_654_435_761 % 1_000_003) }
    var mean: Float = 0
    k_mean_f32(&mean, numbers, Int64(count))
    #expect(same(bytes([mean]), "mean.\(count)"))
  }

  @Test func rowsThatF16CannotHoldAreSeen() {
    let fits = Tensor(rows: 2, columns: 2, values: [1, 2, -65519, 3])
    let exceeds = Tensor(rows: 2, columns: 2, values: [1, 2, -65520, 3])
    #expect(Weight.tensor(fits).quantized(.int8).hasFiniteScales)
    #expect(!Weight.tensor(exceeds).quantized(.int8).hasFiniteScales)
    #expect(Weight.tensor(exceeds).quantized(.nf4(double: true)).hasFiniteScales)
  }

  @Test(arguments: Quantization.all) func numbersThatAreNotFiniteAreSeen(_ kind: Quantization) {
    for number in [Float.nan, .infinity, -.infinity] {
      var values = [Float](repeating: 1, count: 30 * 70)
      #expect(
        Weight.tensor(Tensor(rows: 30, columns: 70, values: values)).quantized(kind)
          .hasFiniteScales)
      values[1234] = number
      #expect(
        !Weight.tensor(Tensor(rows: 30, columns: 70, values: values)).quantized(kind)
          .hasFiniteScales)
    }
  }

  @Test func threadsDoNotMatter() {
    let x = Tensor(
      rows: 700, columns: 333, values: (0..<700 * 333).map { Float($0 * 7919 % 4001 - 2000) })
    let threads = Parallel.threads
    defer { Parallel.threads = threads }
    for quantization in Quantization.all {
      Parallel.threads = 1
      let one = Weight.tensor(x).quantized(quantization).tensor().values
      Parallel.threads = 3
      #expect(Weight.tensor(x).quantized(quantization).tensor().values == one)
    }
  }

  @Test func namesOfTheCommandLine() {
    #expect(Quantization(name: "nf4") == .nf4(double: true))
    #expect(Quantization(name: "nf4-single") == .nf4(double: false))
    #expect(Quantization(name: "int8") == .int8)
    #expect(Quantization(name: "fp4") == nil)
  }

  /// A failure names the tensor alone: the bytes themselves would fill pages.
  private func same(_ bytes: [UInt8], _ golden: String) -> Bool { bytes == Self.goldens[golden] }

  private func bytes<Value>(_ values: [Value]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
}

extension StoredBytes {
  fileprivate var bytes: [UInt8] { file.withBytes(range) { Array($0) } }
}

/// `cases.safetensors`: a header of JSON, then the tensors' bytes.
struct Goldens {
  private struct Entry: Decodable {
    let dtype: String, shape: [Int], data_offsets: [Int]
  }
  private let entries: [String: Entry], file: MappedFile, start: Int

  init() {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    file = try! MappedFile(
      path: folder.appending(path: "Goldens/quantization/cases.safetensors").path)
    let length = Int(file.withBytes(0..<8) { $0.loadUnaligned(as: UInt64.self) })
    let header = file.withBytes(8..<8 + length) { Data($0) }
    entries = try! JSONDecoder().decode([String: Entry].self, from: header)
    start = 8 + length
  }

  var cases: [String] {
    entries.keys.filter { $0.hasSuffix(".input") }.map { String($0.dropLast(6)) }.sorted()
  }

  func holds(_ name: String) -> Bool { entries[name] != nil }

  subscript(name: String) -> [UInt8] { file.withBytes(range(name)) { Array($0) } }

  /// A matrix as its file stores it.
  func weight(_ name: String) throws -> Weight {
    let entry = try #require(entries[name]), type = try #require(ElementType(rawValue: entry.dtype))
    return .dense(
      DenseWeight(
        file: file, offset: range(name).lowerBound, rows: entry.shape[0], columns: entry.shape[1],
        type: type))
  }

  private func range(_ name: String) -> Range<Int> {
    guard let offsets = entries[name]?.data_offsets else { preconditionFailure("no \(name)") }
    return start + offsets[0]..<start + offsets[1]
  }
}
