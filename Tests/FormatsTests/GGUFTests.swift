import Formats
import Foundation
import JSON
import Tensors
import Testing

/// GGUF files, against gguf-py: `Tests/Goldens/gguf`.
@Suite struct GGUFTests {
  static let all = goldens + "/.."
  static let folder = all + "/gguf"

  private func blocks() throws -> SafeTensorsFile {
    try SafeTensorsFile(path: Self.folder + "/blocks.safetensors")
  }

  private func bytes(_ file: SafeTensorsFile, _ name: String) throws -> [UInt8] {
    file.file.withBytes(try file.entry(name).bytes) { Array($0) }
  }

  @Test(arguments: [GGMLType.q80, .q40, .q41, .q50, .q51])
  func blocksAreStoredAsByGGUFPy(type: GGMLType) throws {
    let file = try blocks(), shape = try file.entry("x").shape
    let x = Tensor(rows: shape[0], columns: shape[1], values: try file.floats("x"))
    #expect(type.encode(x) == (try bytes(file, type.name)))
  }

  @Test(arguments: [GGMLType.q80, .q40, .q41, .q50, .q51, .q4K, .q5K, .q6K])
  func blocksAreReadAsByGGUFPy(type: GGMLType) throws {
    let file = try blocks(), entry = try file.entry(type.name)
    let expected = try file.floats(type.name + ".read")
    let stored = StoredBytes(file.file, entry.bytes)
    let read = type.decode(
      stored, rows: expected.count / type.blockLength, columns: type.blockLength)
    // Sums may be fused there.
    for (a, b) in zip(read.values, expected) { #expect(abs(a - b) <= 1e-6 * max(1, abs(b))) }
    #expect(read.count == expected.count)
  }

  /// x_i = ((37 i) mod 256 − 128) / 64, as llama.cpp's own functions store it.
  private var wave: Tensor {
    Tensor(rows: 1, columns: 256, values: (0..<256).map { Float(37 * $0 % 256 - 128) / 64 })
  }

  @Test func largeBlocksAreThoseOfLlamaCpp() {
    func hexadecimal(_ bytes: [UInt8]) -> String {
      bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    #expect(
      hexadecimal(GGMLType.q4K.encode(wave)) == """
        9c1c1c28f4f4fff5fef7fffb44df9423a0c2f5072a5c7fa0c3f5083a5d8fa0d3f5083a5d8fa1d3f5183a6d8fa1\
        d3f618e406285a7caec2e406385a7caec2f406385a8caec2f406385a8ca0d2f416386a274a6c8fa0c2e5274a6c\
        8fa0c305284a6c8fa0c305284a6d8fa1c305284a6d8f5c7fa0c2f5073a5c8fa0d3f5083a5c8fa0d3f5083a5d8f\
        a1d3f5183a6d8fb1d3
        """)
    let six = hexadecimal(GGMLType.q6K.encode(wave))
    #expect(six.hasPrefix("0079d34ca51e97016ad33da60f88f25b"))
    #expect(six.hasSuffix("7f75738b85807a718f897f7b758d8b811010"))
  }

  @Test(arguments: [(GGMLType.q4K, 0.06629), (.q5K, 0.03312), (.q6K, 0.01519)])
  func largeBlocksAreAsNearAsThoseOfLlamaCpp(type: GGMLType, error: Double) {
    let bytes = type.encode(wave)
    let file = MappedFile(memory: bytes.count, named: "blocks") { $0.copyBytes(from: bytes) }
    let read = type.decode(StoredBytes(file), rows: 1, columns: 256)
    let sum = zip(read.values, wave.values).reduce(0.0) {
      $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
    }
    #expect((sum / 256).squareRoot() <= error * 1.001)
  }

  @Test func aFileOfGGUFPyIsRead() throws {
    let gguf = try GGUFFile(path: Self.folder + "/llama.gguf")
    #expect(gguf.metadata["general.architecture"] == .string("llama"))
    let original = Self.all + "/models/llama"
    let theirs = try SafeTensorsFolder(path: original)
    let folder = try SafeTensorsFolder(gguf: gguf)
    #expect(Set(folder.names) == Set(theirs.names))
    for name in theirs.names { #expect(try folder.floats(name) == theirs.floats(name), "\(name)") }
    let config = try ModelConfig(json: try gguf.config(), path: "gguf")
    let expected = try ModelConfig(folder: original)
    #expect(
      config.headDimension == expected.headDimension && config.ropeTheta == expected.ropeTheta)
    #expect(config.rmsNormEps == expected.rmsNormEps && config.layers == expected.layers)
    #expect(config.tiesWordEmbeddings && config.vocabularySize == expected.vocabularySize)
    let tokenizer = try JSONValue(parsing: try gguf.tokenizerText())
    #expect(tokenizer["model"]?["merges"] == ["! !"])
    #expect(tokenizer["model"]?["vocab"]?.object?.count == 96)
  }

  @Test func whatIsWrittenIsRead() throws {
    try withFolder { scratch in
      let path = scratch + "/a.gguf"
      let metadata: [(String, GGUFValue)] = [
        ("general.architecture", .string("llama")), ("a", .int32(-7)), ("b", .float32(0.5)),
        ("c", .strings(["x", "ö", ""])), ("d", .bool(true)), ("e", .int32s([1, 2])),
        ("f", .uint64(1 << 40)),
      ]
      let x = Tensor(rows: 3, columns: 32, values: (0..<96).map { Float($0) / 7 - 5 })
      let types: [GGMLType] = [.f32, .f16, .bf16, .q80, .q40]
      try DurableFile.write(to: path) { sink throws(FormatError) in
        try GGUFWriter.write(
          .init(uniqueKeysWithValues: metadata),
          types.map { type in GGUFTensor(name: type.name, shape: [3, 32], type: type) { x } },
          into: sink)
      }
      let file = try GGUFFile(path: path)
      #expect(file.metadata.map(\.key) == metadata.map(\.0))
      for (key, value) in metadata { #expect(file.metadata[key] == value) }
      for type in types {
        #expect(file.entries[type.name]?.shape == [3, 32])
        let read = try file.tensor(type.name).values
        let bound: Float = type == .q40 ? 0.8 : 0.05
        #expect(zip(read, x.values).allSatisfy { abs($0 - $1) < bound }, "\(type.name)")
      }
      #expect(try file.tensor("F32").values == x.values)
    }
  }

  // MARK: Damaged files

  /// Opens bytes as a GGUF file and reads all of it; errors are sentences.
  private func read(_ bytes: [UInt8]) -> FormatError? {
    let file = MappedFile(memory: bytes.count, named: "damaged.gguf") { $0.copyBytes(from: bytes) }
    do throws(FormatError) {
      let gguf = try GGUFFile(file)
      for name in gguf.entries.keys { _ = try gguf.tensor(name) }
      _ = try gguf.config()
      _ = try gguf.tokenizerText()
      _ = try gguf.tokenizerConfig()
      _ = try SafeTensorsFolder(gguf: gguf)
      return nil
    } catch { return error }
  }

  @Test func aFileCutAnywhereIsOneSentence() throws {
    let whole = try Array(Data(contentsOf: URL(filePath: Self.folder + "/llama.gguf")))
    #expect(read(whole) == nil)
    for length in Array(0..<600) + stride(from: 600, to: whole.count - 32, by: 611) {
      let fault = try #require(read(Array(whole.prefix(length))), "\(length) bytes")
      #expect(fault.place == "damaged.gguf" && !fault.message.contains("\n"))
    }
  }

  @Test func lyingLengthsAreOneSentence() throws {
    let whole = try Array(Data(contentsOf: URL(filePath: Self.folder + "/llama.gguf")))
    for place in [8, 16, 24] {
      for lie: UInt64 in [1 << 20, 1 << 40, .max, UInt64(Int.max)] {
        var bytes = whole
        withUnsafeBytes(of: lie.littleEndian) { bytes.replaceSubrange(place..<place + 8, with: $0) }
        #expect(read(bytes) != nil, "\(lie) at \(place)")
      }
    }
  }

  @Test func arbitraryDamageNeverEndsTheProcess() throws {
    let whole = try Array(Data(contentsOf: URL(filePath: Self.folder + "/llama.gguf")))
    let rounds = ProcessInfo.processInfo.environment["GGUF_FUZZ_ROUNDS"].flatMap(Int.init) ?? 300
    let random = Random(seed: 5, stream: Random.stream("gguf"))
    var next = 0
    func draw(_ below: Int) -> Int {
      next += 1
      return min(Int(random.uniform(next) * Double(below)), below - 1)
    }
    let header = 4200
    for _ in 0..<rounds {
      var bytes = whole
      for _ in 0...draw(6) { bytes[draw(header)] = UInt8(draw(256)) }
      if draw(4) == 0 { bytes.removeLast(draw(bytes.count)) }
      if draw(4) == 0 {
        let value = UInt64(draw(2) == 0 ? draw(1 << 40) : Int.max - draw(64)), place = draw(header)
        withUnsafeBytes(of: value.littleEndian) { raw in
          for (index, byte) in raw.enumerated() where place + index < bytes.count {
            bytes[place + index] = byte
          }
        }
      }
      _ = read(bytes)
    }
  }

  @Test(arguments: [
    (16, "IQ2_XXS"), (10, "Q2_K"), (99, "nobody knows"),
  ])
  func unknownTypesAreSaidByName(code: UInt32, name: String) throws {
    var bytes = Array("GGUF".utf8)
    func add(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    add(UInt32(3))
    add(UInt64(1))
    add(UInt64(0))
    add(UInt64(1))
    bytes.append(UInt8(ascii: "t"))
    add(UInt32(1))
    add(UInt64(256))
    add(code)
    add(UInt64(0))
    let fault = try #require(read(bytes))
    #expect(fault.kind == .unsupported && fault.message.contains(name))
    #expect(fault.message.contains("Q4_K"))
  }
}
