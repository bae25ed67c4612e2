import Formats
import JSON
import Tensors
import Testing

@Suite struct SafeTensorsTests {
  static let ramp: [Float] = [-2, -0.5, 0, 0.25, 1, 1.5]

  /// A file from a header's text and the number of data bytes behind it.
  static func file(_ header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
    let text = Array(header.utf8)
    return withUnsafeBytes(of: (length ?? UInt64(text.count)).littleEndian, Array.init) + text
      + [UInt8](repeating: 0, count: data)
  }

  @Test func readsEveryTypeTheOriginalWrites() throws {
    let file = try SafeTensorsFile(path: goldens + "/types.safetensors")
    #expect(file.metadata == ["format": "pt"])
    #expect(try file.floats("z.f32") == Self.ramp)
    #expect(try file.floats("a.f32") == [3.5])
    #expect(try file.entry("a.f32").shape == [])
    #expect(try file.floats("b.bf16") == Self.ramp)
    #expect(try file.floats("c.f16") == Self.ramp + [0x1p-24, 65504])
    #expect(try file.entry("f.empty").shape == [0, 4])
    #expect(try file.floats("f.empty").isEmpty)
    #expect(try file.entry("d.i64").type == .i64)
  }

  @Test func writesTheOriginalsBytes() throws {
    let original = try SafeTensorsFile(path: goldens + "/types.safetensors")
    try withFolder { folder in
      let sources = original.entries.values.reversed().map {
        TensorSource(copying: $0, of: original.file)
      }
      try SafeTensorsWriter.write(sources, to: folder + "/copy.safetensors")
      #expect(try bytes(folder + "/copy.safetensors") == bytes(original.path))
    }
  }

  @Test func whatIsWrittenReadsBack() throws {
    try withFolder { folder in
      let path = folder + "/a.safetensors"
      // Large enough for several pieces, and of a length that no piece divides.
      let values = (0..<200_003).map { Float($0) * 0.5 - 1000 }
      try SafeTensorsWriter.write(
        [
          TensorSource(name: "weight \u{1F600}", shape: [200_003], values: values),
          TensorSource(name: "a", shape: [], values: [.nan]),
        ], to: path)
      let file = try SafeTensorsFile(path: path)
      #expect(try file.floats("weight \u{1F600}") == values)
      #expect(try file.floats("a")[0].isNaN)
      #expect(file.entries.keys == ["a", "weight \u{1F600}"])
    }
  }

  @Test(arguments: [
    ("not JSON", "{\"a\":", 0, "not JSON"),
    ("not an object", "[]", 0, "not a JSON object"),
    (
      "hole", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8,
      "'a' leaves a hole"
    ),
    (
      "overlap",
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12, "'b' overlaps"
    ),
    (
      "duplicate",
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
        + #""a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, 2, "\"a\" stands twice"
    ),
    (
      "wrong size", #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8,
      "needs 12 bytes"
    ),
    (
      "overflow",
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0,
      "does not fit"
    ),
    (
      "overflow of an offset",
      #"{"a":{"dtype":"U8","shape":[0],"#
        + #""data_offsets":[9223372036854775807,9223372036854775807]}}"#, 0, "outside the file"
    ),
    (
      "negative", #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4,
      "not a natural number"
    ),
    (
      "dtype", #"{"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,1]}}"#, 1,
      "unknown dtype 'Q9'"
    ),
    (
      "short data", #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 7, "truncated"
    ),
    (
      "long data", #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 9,
      "1 bytes follow"
    ),
    ("metadata", #"{"__metadata__":{"a":1}}"#, 0, "must be a string"),
    (
      "additional key", #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":0}}"#, 1,
      "exactly dtype, shape and data_offsets"
    ),
  ])
  func refuses(_ fault: (name: String, header: String, data: Int, message: String)) throws {
    try withFolder { folder in
      let path = folder + "/bad.safetensors"
      try put(Self.file(fault.header, data: fault.data), path)
      let error = try #require(throws: FormatError.self) { try SafeTensorsFile(path: path) }
      #expect(error.place == path)
      #expect(error.message.contains(fault.message), "\(fault.name): \(error)")
    }
  }

  @Test func refusesEveryTruncation() throws {
    let whole = try bytes(goldens + "/types.safetensors")
    try withFolder { folder in
      let path = folder + "/cut.safetensors"
      for count in stride(from: 0, to: whole.count, by: 7) {
        try put(Array(whole[..<count]), path)
        #expect(throws: FormatError.self) { try SafeTensorsFile(path: path) }
      }
      try put(Self.file("{}", data: 0, length: 1 << 62), path)
      #expect(throws: FormatError.self) { try SafeTensorsFile(path: path) }
    }
  }

  @Test func namesWhatIsMissing() throws {
    let file = try SafeTensorsFile(path: goldens + "/types.safetensors")
    let error = try #require(throws: FormatError.self) { try file.floats("z.f23") }
    #expect(error.message == "lacks the tensor 'z.f23'; the nearest name is 'z.f32'")
    let type = try #require(throws: FormatError.self) { try file.floats("d.i64") }
    #expect(type.message.contains("'d.i64' is I64"))
    let absent = try #require(throws: FormatError.self) { try SafeTensorsFile(path: "/no/such") }
    #expect(absent.kind == .missing && absent.description.hasPrefix("/no/such: "))
  }

  @Test func readsShards() throws {
    try withFolder { folder in
      for (index, name) in ["a", "b"].enumerated() {
        try SafeTensorsWriter.write(
          [TensorSource(name: name, shape: [1], values: [Float(index)])],
          to: "\(folder)/model-0000\(index + 1)-of-00002.safetensors")
      }
      let map: JSONValue = [
        "metadata": ["total_size": 8],
        "weight_map": [
          "a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors",
        ],
      ]
      let index = folder + "/model.safetensors.index.json"
      try put(Array(map.text().utf8), index)
      let model = try SafeTensorsFolder(path: folder)
      #expect(model.names == ["a", "b"])
      #expect(try model.floats("b") == [1])
      #expect(model["c"] == nil)
      DurableFolder.remove(folder + "/model-00002-of-00002.safetensors")
      let error = try #require(throws: FormatError.self) { try SafeTensorsFolder(path: folder) }
      #expect(error.message.contains("lacks model-00002-of-00002.safetensors"))
      try put(Array(#"{"weight_map":{"b":"model-00001-of-00002.safetensors"}}"#.utf8), index)
      let wrong = try #require(throws: FormatError.self) { try SafeTensorsFolder(path: folder) }
      #expect(wrong.message.contains("the tensor 'b' in a file that does not hold it"))
    }
    try withFolder { folder in
      let error = try #require(throws: FormatError.self) { try SafeTensorsFolder(path: folder) }
      #expect(error.kind == .missing && error.place == folder)
    }
  }
}
