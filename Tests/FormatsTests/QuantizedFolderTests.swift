import Formats
import JSON
import Tensors
import Testing

/// Folders that transformers and bitsandbytes quantized (`Goldens/quantization`), and ours.
@Suite struct QuantizedFolderTests {
  static let quantized = root + "/Tests/Goldens/quantization/"
  static let source = root + "/Tests/Goldens/models/qwen2"
  static let matrix = "model.layers.1.mlp.up_proj.weight", rows = 60, columns = 40

  /// Names of the projections' weights.
  static func projections() throws -> Set<String> {
    Set(try SafeTensorsFolder(path: source).names.filter { $0.hasSuffix("_proj.weight") })
  }

  static func write(_ kind: Quantization, to path: String, from source: String = source) throws {
    try QuantizedFolder(source: source, projections: projections(), quantization: kind)
      .write(to: path) { _, _ in }
  }

  @Test(arguments: Quantization.all) func theOriginalsFoldersHoldTheSameNumbers(
    _ kind: Quantization
  ) throws {
    let original = try SafeTensorsFolder(path: Self.quantized + kind.name)
    for name in try Self.projections().sorted() {
      let (file, entry) = try SafeTensorsFolder(path: Self.source).entry(name)
      let rows = entry.shape[0], columns = entry.shape[1]
      let stored = try #require(
        try original.quantizedWeight(name, rows: rows, columns: columns), "\(name)")
      let own = Weight.dense(
        DenseWeight(
          file: file, offset: entry.bytes.lowerBound, rows: rows, columns: columns, type: .f32)
      ).quantized(kind)
      #expect(stored.tensor().values == own.tensor().values, "\(name)")
      #expect(stored.storedBytes == own.storedBytes)
    }
    let embedding = try original.quantizedWeight("model.embed_tokens.weight", rows: 1, columns: 1)
    #expect(embedding == nil)
  }

  @Test(arguments: Quantization.all) func whatIsWrittenHasTheOriginalsBytes(_ kind: Quantization)
    throws
  {
    try withFolder { folder in
      let path = folder + "/out"
      var steps: [Int] = []
      try QuantizedFolder(
        source: Self.source, projections: Self.projections(), quantization: kind
      ).write(to: path) { done, total in
        #expect(total == 14)
        steps.append(done)
      }
      #expect(steps == Array(1...14))
      let original = try bytes(Self.quantized + kind.name + "/model.safetensors")
      #expect(try bytes(path + "/model.safetensors") == original)
      let configs = try [path, Self.quantized + kind.name].map {
        try JSONValue(readingFile: $0 + "/config.json")["quantization_config"]
      }
      #expect(configs[0] == configs[1])
      #expect(try ModelConfig(folder: path).quantization == kind)
      // What lies beside the weights comes along; the old weights do not.
      #expect(FileSystem.exists(path + "/golden.json"))
      #expect(!FileSystem.exists(path + "/golden.safetensors"))
      try DurableFolder.verify(path)
    }
  }

  @Test func aFolderThatExistsIsKept() throws {
    try withFolder { folder in
      try put([1], folder + "/notes")
      let error = try #require(throws: FormatError.self) { try Self.write(.int8, to: folder) }
      #expect(error.kind == .usage && error.place == folder)
      #expect(FileSystem.names(in: folder) == ["notes"])
    }
  }

  @Test func aQuantizedFolderIsNotQuantizedAgain() throws {
    try withFolder { folder in
      let error = try #require(throws: FormatError.self) {
        try Self.write(.int8, to: folder + "/out", from: Self.quantized + "nf4")
      }
      #expect(error.message.contains("is stored in nf4 already"))
    }
  }

  @Test(arguments: [
    (Quantization.int8, Float(70000), "65504"), (.nf4(double: true), .nan, "finite"),
  ])
  func numbersThatCannotBeStoredAreRefused(_ kind: Quantization, _ number: Float, _ part: String)
    throws
  {
    try withFolder { folder in
      let source = folder + "/model"
      try DurableFile.createFolder(source)
      try put(bytes(Self.source + "/config.json"), source + "/config.json")
      try SafeTensorsWriter.write(
        [TensorSource(name: "a_proj.weight", shape: [2, 2], values: [1, 2, number, 4])],
        to: source + "/model.safetensors")
      let error = try #require(throws: FormatError.self) {
        try QuantizedFolder(source: source, projections: ["a_proj.weight"], quantization: kind)
          .write(to: folder + "/out") { _, _ in }
      }
      #expect(error.message.contains("'a_proj.weight'") && error.message.contains(part))
      #expect(FileSystem.names(in: folder) == ["model"])
    }
  }

  // MARK: Contradictions

  /// What is done to a sound folder's piece of `matrix`, named by its ending.
  enum Damage: Sendable {
    case drop(String)
    /// Fewer numbers by one.
    case shorten(String)
    case retype(String, ScalarType)
    /// A text of the quant_state replaced.
    case state(String, String)
    /// The first bytes.
    case overwrite(String, [UInt8])
  }

  @Test(
    arguments: [
      ("nf4", .drop(".weight.quant_state.bitsandbytes__nf4"), "bitsandbytes__nf4' is missing"),
      ("nf4", .drop(".weight.absmax"), ".absmax' is missing"),
      ("nf4", .drop(".weight.nested_absmax"), ".nested_absmax' is missing"),
      ("nf4", .drop(".weight.quant_map"), ".quant_map' is missing"),
      ("nf4", .shorten(".weight"), "is U8 with 1199 numbers; [60, 40] in NF4 need U8 with 1200"),
      (
        "nf4", .shorten(".weight.absmax"),
        "with 37 numbers; [60, 40] in blocks of 64 need U8 with 38"
      ),
      ("nf4-single", .retype(".weight.absmax", .i32), "is I32 with 38 numbers"),
      ("nf4", .shorten(".weight.nested_quant_map"), "F32 with 255 numbers"),
      ("nf4", .retype(".weight", .i8), "is I8 with 1200 numbers"),
      ("nf4", .overwrite(".weight.quant_map", [0, 0, 0, 0]), "not the table of NF4"),
      ("nf4", .overwrite(".weight.nested_absmax", [0, 0, 192, 127]), "scale that is not finite"),
      ("nf4", .state("[60, 40]", "[40, 60]"), "says shape [40, 60], config.json asks for [60, 40]"),
      ("nf4", .state("\"blocksize\": 64", "\"blocksize\": 99"), "says blocksize 99; only 64"),
      ("nf4", .state("_blocksize\": 256", "_blocksize\": 128"), "nested_blocksize 128; only 256"),
      ("nf4", .state("\"nf4\"", "\"fp4\""), "says quant_type \"fp4\"; only \"nf4\""),
      ("nf4", .state("nested_offset", "nested_oddset"), "lacks the number 'nested_offset'"),
      ("nf4", .state("{", "["), "quant_state that is not JSON"),
      ("int8", .drop(".SCB"), ".SCB' is missing"),
      ("int8", .shorten(".SCB"), "is F32 with 59 numbers; 60 rows need F32 with 60"),
      ("int8", .overwrite(".weight_format", [3]), "not stored row by row"),
    ] as [(String, Damage, String)])
  func contradictionsAreNamed(_ kind: String, _ damage: Damage, _ message: String) throws {
    try withFolder { folder in
      let file = try SafeTensorsFile(path: Self.quantized + kind + "/model.safetensors")
      let sources = file.entries.values.compactMap { Self.damaged($0, of: file.file, damage) }
      try SafeTensorsWriter.write(sources, to: folder + "/model.safetensors")
      let error = try #require(throws: FormatError.self) {
        try SafeTensorsFolder(path: folder)
          .quantizedWeight(Self.matrix, rows: Self.rows, columns: Self.columns)
      }
      #expect(error.message.contains(message), "\(error)")
      #expect(error.message.contains("model.layers.1.mlp.up_proj"), "\(error)")
      #expect(error.place == folder + "/model.safetensors")
    }
  }

  @Test func fp4IsRefusedByName() throws {
    try withFolder { folder in
      let file = try SafeTensorsFile(path: Self.quantized + "nf4/model.safetensors")
      let sources = file.entries.values.map {
        TensorSource(
          copying: $0, of: file.file,
          as: $0.name.replacing("bitsandbytes__nf4", with: "bitsandbytes__fp4"))
      }
      try SafeTensorsWriter.write(sources, to: folder + "/model.safetensors")
      let error = try #require(throws: FormatError.self) {
        try SafeTensorsFolder(path: folder)
          .quantizedWeight(Self.matrix, rows: Self.rows, columns: Self.columns)
      }
      #expect(error.kind == .unsupported && error.message.contains("FP4"))
    }
  }

  private static func damaged(_ entry: TensorEntry, of file: MappedFile, _ damage: Damage)
    -> TensorSource?
  {
    var bytes = file.withBytes(entry.bytes) { Array($0) }
    var type = entry.type, shape = entry.shape
    func isAt(_ ending: String) -> Bool {
      entry.name == matrix.dropLast(".weight".count) + ending
    }
    switch damage {
    case .drop(let ending): if isAt(ending) { return nil }
    case .shorten(let ending):
      if isAt(ending) {
        bytes.removeLast(type.bits / 8)
        shape[0] -= 1
      }
    case .retype(let ending, let other): if isAt(ending) { type = other }
    case .overwrite(let ending, let start):
      if isAt(ending) { bytes.replaceSubrange(0..<start.count, with: start) }
    case .state(let old, let new):
      if isAt(".weight.quant_state.bitsandbytes__nf4") {
        bytes = Array(String(decoding: bytes, as: UTF8.self).replacing(old, with: new).utf8)
        shape = [bytes.count]
      }
    }
    return TensorSource(name: entry.name, type: type, shape: shape) { sink throws(FormatError) in
      try sink.write(bytes)
    }
  }

  // MARK: quantization_config

  @Test(
    arguments: [
      (["quant_method": "bitsandbytes"], "exactly one of load_in_4bit and load_in_8bit"),
      (["load_in_4bit": true, "load_in_8bit": true], "exactly one of"),
      (["load_in_4bit": true], "bnb_4bit_quant_type 'fp4' is not supported"),
      (
        ["load_in_4bit": true, "bnb_4bit_quant_type": "nf4", "bnb_4bit_quant_storage": "bfloat16"],
        "bnb_4bit_quant_storage 'bfloat16' is not supported"
      ),
      (["quant_method": "awq", "load_in_4bit": true], "quant_method 'awq' is not supported"),
    ] as [(JSONValue, String)])
  func otherConfigurationsAreRefused(_ config: JSONValue, _ message: String) throws {
    let json = try JSONValue(readingFile: Self.source + "/config.json")
      .setting("quantization_config", config)
    let error = try #require(throws: FormatError.self) { try ModelConfig(json: json, path: "c") }
    #expect(error.message.contains(message), "\(error)")
  }
}
