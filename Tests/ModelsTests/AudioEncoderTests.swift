import Adapters
import Formats
import JSON
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// Qwen2-Audio's encoder against transformers: `Tests/Goldens/audio_encoder`.
@Suite(.serialized) struct AudioEncoderTests {
  static let folder = GoldenTests.folder + "/../audio_encoder"
  static let config = AudioConfig(melBins: 16, layers: 2, width: 32, heads: 4, feedForward: 64)

  let golden: SafeTensorsFile, json: JSONValue
  let encoder: AudioEncoder, projector: AudioProjector

  init() throws {
    golden = try SafeTensorsFile(path: Self.folder + "/golden.safetensors")
    json = try JSONValue(readingFile: Self.folder + "/golden.json")
    let weights = WeightOrigin.folder(try SafeTensorsFolder(path: Self.folder))
    encoder = try AudioEncoder(config: Self.config, weights: weights)
    projector = try AudioProjector(from: 32, to: 24, weights: weights)
  }

  /// `numbers` of make_goldens.py: −1…1 from (salt, index) by SplitMix64's mixing.
  static func numbers(_ count: Int, _ salt: Int) -> [Float] {
    (0..<UInt64(count)).map { index in
      var z = UInt64(salt) << 32 &+ index &+ 0x9E37_79B9_7F4A_7C15
      z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      return Float(z >> 40) / 8_388_608 - 1
    }
  }

  func clip(_ frames: Int) throws -> AudioClip {
    let columns = frames + 2
    return try AudioClip(
      "clip", shape: [16, columns], values: Self.numbers(16 * columns, 100 + frames), melBins: 16)
  }

  func integers(_ key: String) -> [Int] { json[key]?.array?.compactMap(\.int) ?? [] }

  /// The tokens that the golden file holds of one clip's.
  func sampled(_ tokens: Tensor, _ rows: Range<Int>, frames: Int) -> [Float] {
    stride(from: rows.lowerBound, to: rows.upperBound, by: frames > 200 ? 50 : 1)
      .flatMap { tokens.row($0) }
  }

  @Test func tokensOfClips() throws {
    let clips = integers("clips"), counts = integers("tokens")
    #expect(clips.count == 12 && counts == clips.map { AudioClip.tokens(frames: $0) })
    #expect((0...2).allSatisfy { AudioClip.tokens(frames: $0) == 0 })
    let segments = Segments(lengths: counts)
    let packed = projector(encoder(try clips.map(clip)))
    #expect(packed.rows == segments.tokens)
    for (index, frames) in clips.enumerated() {
      expectClose(
        sampled(packed, segments[index], frames: frames),
        try golden.floats("tokens_\(frames)"), atol: 1e-5, rtol: 1e-5, "\(frames) frames")
    }
  }

  /// What clips lie beside one another changes no bit; products of up to 16 rows, which go another
  /// way (decoding's), differ in the last ones.
  @Test func packedEqualsSeparate() throws {
    func packed(_ frames: [Int]) throws -> [Float] { encoder(try frames.map(clip)).values }
    func separate(_ frames: [Int]) throws -> [Float] {
      try frames.flatMap { encoder([try clip($0)]).values }
    }
    let long = [37, 300, 102, 2999], short = [37, 3, 102, 5]
    #expect(try packed(long) == separate(long))
    expectClose(
      try packed(short), try separate(short), atol: 2e-6, rtol: 2e-6, "packed")
    #expect(encoder([]).rows == 0)
  }

  /// Quantized projections and adapters sit in the encoder as in a decoder.
  @Test func quantizedAndAdapted() throws {
    let weights = WeightOrigin.folder(try SafeTensorsFolder(path: Self.folder))
    let clips = [try clip(102)], plain = encoder(clips).values
    let int8 = try AudioEncoder(config: Self.config, weights: weights, quantization: .int8)
    #expect(int8.linears.allSatisfy { if case .int8 = $0.weight { true } else { false } })
    let coarse = int8(clips).values
    expectClose(coarse, plain, atol: 0.1, rtol: 0.1, "int8")
    #expect(coarse != plain)
    let config = AdapterConfig(
      LoRAConfig(
        r: 2, alpha: 4, targets: AdapterTargets(["audio_tower.q_proj", "audio_tower.fc2"])),
      baseModel: nil)
    let adapters = try AdapterSet.fresh(config, on: ModelSeats(linears: encoder.linears), seed: 1)
    #expect(Recording.off { encoder(clips).values } == plain)
    #expect(adapters.parameters.count == 8)
    var g = Gradients()
    encoder(clips).backward(into: &g)
    // B starts at 0, so that A gets no gradient yet; B gets one.
    for parameter in adapters.parameters where parameter.name.contains("lora_B") {
      let gradient = try #require(parameter.tensor.slot.flatMap { g[$0] })
      #expect(gradient.values.contains { $0 != 0 }, "\(parameter.name)")
    }
  }

  func gradients(_ clips: [AudioClip], frames: [Int]) -> (loss: Float, Gradients) {
    let tokens = projector(encoder(clips))
    let factors = frames.flatMap { Self.numbers(AudioClip.tokens(frames: $0) * 24, 200 + $0) }
    let u = Tensor(rows: 1, columns: tokens.count, values: factors)
    let loss = project(tokens.reshaped(rows: 1, columns: tokens.count), .tensor(u))
    var g = Gradients()
    loss.backward(into: &g)
    return (loss.scalar, g)
  }

  @Test(arguments: [false, true]) func everyGradient(checkpointing: Bool) throws {
    let frames = integers("gradient_clips")
    encoder.usesCheckpointing = checkpointing
    let leaves = encoder.unfreeze() + projector.unfreeze(), slots = frames.map { _ in Slot() }
    let clips = try zip(frames, slots).map { frames, slot in
      AudioClip(frames: frames, features: try clip(frames).features.asLeaf(slot))
    }
    let (loss, g) = gradients(clips, frames: frames)
    let expected = Float(try #require(json["loss"]?.double))
    #expect(abs(loss - expected) < 1e-5 * abs(expected))
    for leaf in leaves {
      let gradient = try #require(leaf.tensor.slot.flatMap { g[$0] })
      expectClose(
        gradient.values, try golden.floats("grad." + leaf.name), atol: 5e-5, rtol: 1e-4, leaf.name)
    }
    for (frames, slot) in zip(frames, slots) {
      let dx = try #require(g[slot])
      let columns = stride(from: 0, to: frames + 2, by: frames > 200 ? 50 : 1)
      let turned = (0..<16).flatMap { bin in columns.map { dx.row($0)[bin] } }
      expectClose(
        turned, try golden.floats("input_grad_\(frames)"), atol: 5e-5, rtol: 1e-4,
        "\(frames) frames")
    }
  }

  /// All names of the file are there once, in the file's shapes; the positions stay as they are.
  @Test func whatIsTrained() throws {
    let leaves = encoder.unfreeze() + projector.unfreeze(), constants = encoder.constants
    let folder = try SafeTensorsFolder(path: Self.folder)
    #expect((leaves + constants).map(\.name).sorted() == folder.names.sorted())
    #expect(constants.map(\.name) == json["frozen"]?.array?.compactMap(\.string))
    #expect(constants.allSatisfy { $0.tensor.slot == nil })
    for leaf in leaves {
      #expect(try folder.entry(leaf.name).entry.shape == leaf.shape, "\(leaf.name)")
    }
    #expect(encoder.linears.count == 12 && encoder.modules.norms.count == 5)
    #expect(
      encoder.linears.prefix(6).map(\.name) == [
        "k_proj", "v_proj", "q_proj", "out_proj", "fc1", "fc2",
      ])
  }

  @Test func sameBitsOnAnyNumberOfThreads() throws {
    let before = Parallel.threads, frames = [37, 300]
    defer { Parallel.threads = before }
    let leaves = encoder.unfreeze() + projector.unfreeze()
    func run() throws -> [[Float]] {
      let (loss, g) = gradients(try frames.map(clip), frames: frames)
      return [[loss]] + leaves.map { $0.tensor.slot.flatMap { g[$0] }?.values ?? [] }
    }
    Parallel.threads = 1
    let one = try run()
    #expect(one.allSatisfy { !$0.isEmpty })
    for threads in [2, 3] {
      Parallel.threads = threads
      #expect(try run() == one)
    }
  }

  @Test(arguments: [
    ([16, 4], "has 2 frames"), ([16, 3003], "has 3001 frames"), ([15, 40], "[16 mel bins"),
    ([16], "[16 mel bins"),
  ])
  func clipsThatCannotBe(shape: [Int], message: String) {
    let error = #expect(throws: FormatError.self) {
      try AudioClip(
        "row 3, 'clip'", shape: shape,
        values: [Float](repeating: 0, count: shape.reduce(1, *)), melBins: 16)
    }
    #expect(error?.description.hasPrefix("row 3, 'clip': ") == true)
    #expect(error?.message.contains(message) == true)
  }

  @Test func numbersThatAreNotFinite() {
    var values = [Float](repeating: 0, count: 16 * 9)
    values[9 * 4 + 7] = .nan
    let error = #expect(throws: FormatError.self) {
      try AudioClip("clip", shape: [16, 9], values: values, melBins: 16)
    }
    #expect(error?.message.contains("mel bin 4, frame 7") == true)
  }

  @Test func configurationsThatCannotBe() throws {
    let weights = WeightOrigin.folder(try SafeTensorsFolder(path: Self.folder))
    func message(_ change: (inout AudioConfig) -> Void) -> String {
      var config = Self.config
      change(&config)
      let error = #expect(throws: FormatError.self) {
        try AudioEncoder(config: config, weights: weights)
      }
      return error?.message ?? ""
    }
    #expect(message { $0.activation = "gelu_new" }.contains("'gelu_new'"))
    #expect(message { $0.heads = 5 }.contains("5 heads"))
    #expect(message { $0.maximumPositions = 1499 }.contains("1499 positions"))
    #expect(
      message { $0.melBins = 17 }.contains("'audio_tower.conv1.weight' has shape [32, 16, 3]"))
  }
}
