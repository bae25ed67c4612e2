import Adapters
import Formats
import Foundation
import JSON
import Layers
import Models
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Training

/// Adapters of every method against peft: `Tests/Goldens/peft_methods`.
@Suite struct AdapterMethodTests {
  static let folder = GoldenRunTests.goldens + "/peft_methods"
  static let golden = try? JSONValue(readingFile: folder + "/golden.json")
  static let cases = golden?["cases"]?.array?.compactMap(\.string) ?? []

  /// A case's model with its adapter: the one that peft has drawn, or one that begins as the method says.
  struct Case {
    let name: String
    let run: JSONValue, file: SafeTensorsFile
    let model: CausalLanguageModel, adapters: AdapterSet

    init(_ name: String) throws {
      self.name = name
      let folder = AdapterMethodTests.folder + "/" + name
      run = try JSONValue(readingFile: folder + "/run.json")
      file = try SafeTensorsFile(path: folder + "/golden.safetensors")
      model = try AdapterMethodTests.base(run)
      let isOwn = file.entries.keys.contains { $0.hasPrefix("converted.") }
      adapters =
        isOwn
        ? try AdapterMethodTests.fresh(name, folder + "/start", on: model)
        : try AdapterSet.load(folder: folder + "/start", on: model.seats, trains: true)
    }

    /// The logits of the goldens' text, or of what the clips' conversations say.
    func logits() throws -> [Float] {
      if model.audio != nil { return try HeardRows().logits(model) }
      return AdapterMethodTests.logits(model)
    }

    /// The rows that each step takes.
    func rows(of number: Int) throws -> [Sample] {
      if model.audio != nil { return try HeardRows().samples }
      let rows = try GoldenRunTests.rows()
      return DataOrder(rows: 12, rowsPerStep: 4, seed: 0, isShuffled: false).rows(of: number)
        .map { rows[$0] }
    }

    func expect(_ values: [Float], _ name: String, share: Float, _ what: String = "") throws {
      let expected = try file.floats(name)
      let largest = expected.map(abs).max() ?? 0
      expectClose(
        values, expected, atol: Double(share * largest), rtol: 0, self.name + " " + name + what)
    }
  }

  /// The base of a case, stored as the case says.
  static func base(_ run: JSONValue) throws -> CausalLanguageModel {
    let base = try #require(run["base"]?.string), stored = run["stored"]?.string ?? ""
    let folder =
      GoldenRunTests.goldens + (base == "qwen2_audio" ? "/qwen2_audio/model" : "/models/" + base)
    guard stored == "bf16" else {
      return try CausalLanguageModel(folder: folder, quantization: Quantization(name: stored))
    }
    let rounded = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: rounded, withIntermediateDirectories: true)
    // What is mapped stays.
    defer { try? FileManager.default.removeItem(atPath: rounded) }
    try FileManager.default.copyItem(
      atPath: folder + "/config.json", toPath: rounded + "/config.json")
    let files = try SafeTensorsFolder(path: folder)
    try SafeTensorsWriter.write(
      files.names.map { name in
        let shape = try files.entry(name).entry.shape, values = try files.floats(name)
        return TensorSource(
          name: name, shape: shape,
          rounding: { Tensor(rows: 1, columns: values.count, values: values) }, to: .bf16)
      }, to: rounded + "/model.safetensors")
    return try CausalLanguageModel(folder: rounded)
  }

  static func logits(_ model: CausalLanguageModel) -> [Float] {
    let ids = golden?["ids"]?.array?.compactMap(\.int).map { Int32($0) } ?? []
    return Recording.off {
      model.logits(model.hidden(ids, Segments(lengths: [ids.count]))).values
    }
  }

  /// A new adapter that begins as the file of peft's says, which as a file is none that can be read.
  static func fresh(_ name: String, _ folder: String, on model: CausalLanguageModel) throws
    -> AdapterSet
  {
    let json = try JSONValue(readingFile: folder + "/adapter_config.json")
    let names = json["target_modules"]?.array?.compactMap(\.string) ?? []
    var config = LoRAConfig(
      r: try #require(json["r"]?.int), alpha: try #require(json["lora_alpha"]?.double),
      targets: AdapterTargets(names))
    config.beginning = try #require(
      json["init_lora_weights"].flatMap(LoRAConfig.Beginning.init))
    return try AdapterSet.fresh(AdapterConfig(config, baseModel: nil), on: model.seats, seed: 1)
  }

  @Test func everyCaseIsThere() { #expect(Self.cases.count == 46) }

  @Test(arguments: cases) func logitsAndTwentyStepsArePEFTs(name: String) throws {
    let golden = try Case(name), adapters = golden.adapters
    try golden.expect(golden.logits(), "logits", share: 5e-4)
    let plain = try Self.base(golden.run)
    let ids: [Int32] = [1, 2, 3], segments = Segments(lengths: [3])
    let expected = Recording.off { plain.logits(plain.hidden(ids, segments)).values }
    #expect(
      adapters.withoutAdapters {
        Recording.off { golden.model.logits(golden.model.hidden(ids, segments)).values }
      } == expected, "the base is as it was")
    try train(golden)
    try golden.expect(golden.logits(), "final", share: 5e-3, " after the steps")
  }

  /// What the case has become, saved as others read it, is the same on a new base: PiSSA and OLoRA as plain
  /// adapters of twice the rank, AdaLoRA with those ranks alone that peft has left, too.
  @Test(
    arguments: cases.filter { $0.contains("issa") || $0.hasPrefix("olora") || $0.hasPrefix("ada") })
  func whatIsPublishedIsTheSame(name: String) throws {
    let golden = try Case(name)
    try train(golden)
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let config = golden.adapters.publishedConfig
    try config.write(folder: folder)
    try SafeTensorsWriter.write(
      golden.adapters.published.map { $0.source() }, to: folder + "/adapter_model.safetensors")
    let model = try Self.base(golden.run)
    _ = try AdapterSet.load(folder: folder, on: model.seats)
    func logits(_ model: CausalLanguageModel) throws -> [Float] {
      try model.audio == nil ? Self.logits(model) : HeardRows().logits(model)
    }
    expectClose(try logits(model), try golden.logits(), atol: 1e-4, rtol: 1e-5, name)
    guard name.hasPrefix("ada") else { return }
    let theirs = try AdapterConfig(folder: Self.folder + "/" + name + "/end")
    #expect(config.json["rank_pattern"] == theirs.json["rank_pattern"], "\(name)")
    let other = try Self.base(golden.run)
    _ = try AdapterSet.load(folder: Self.folder + "/" + name + "/end", on: other.seats)
    try golden.expect(logits(other), "final", share: 5e-4, " as peft has saved it")
  }

  private func train(_ golden: Case) throws {
    let optimizer = AdamW(golden.adapters.parameters, weightDecay: 0.01)
    let steps = try #require(golden.run["steps"]?.array)
    for (index, expected) in steps.enumerated() {
      let number = index + 1
      let result = try golden.model.step(
        golden.rows(of: number), batchSize: 2, sharing: number % 2 == 0,
        penalty: { golden.adapters.penalty })
      if number == 1 { try expectGradients(result.gradients, golden) }
      let norm = optimizer.norm(result.gradients)
      let scale = optimizer.scale(ofNorm: norm, maximum: 1)
      optimizer.update(
        result.gradients, step: number, learningRate: 2e-3, norm: norm, maximumNorm: 1)
      let told = golden.adapters.follow(number, result.gradients, scale: scale)
      let loss = try #require(expected["loss"]?.double)
      #expect(
        abs(result.loss - loss) < 1e-3 * loss,
        "\(golden.name), step \(number): \(result.loss) \(loss)")
      if let budget = expected["budget"]?.double {
        #expect(told.first?.value == budget, "\(golden.name), step \(number)")
        #expect(told.last?.value == expected["nonzero"]?.double, "\(golden.name), step \(number)")
      }
    }
  }

  /// Step 1 of adapters that have peft's own start.
  private func expectGradients(_ gradients: Gradients, _ golden: Case) throws {
    if golden.file.entries.keys.contains(where: { $0.hasPrefix("converted.") }) { return }
    let names = Set(golden.file.entries.keys.filter { $0.hasPrefix("gradient.") })
    #expect(
      names == Set(golden.adapters.parameters.map { "gradient." + $0.name }), "\(golden.name)")
    for parameter in golden.adapters.parameters {
      // Rows of tokens that no text has get no gradient.
      let gradient =
        parameter.tensor.slot.flatMap { gradients[$0] }
        ?? Tensor(rows: parameter.tensor.rows, columns: parameter.tensor.columns, repeating: 0)
      let expected = try golden.file.floats("gradient." + parameter.name)
      #expect(try golden.file.entry("gradient." + parameter.name).shape == parameter.shape)
      let largest = expected.map(abs).max() ?? 0
      expectClose(
        gradient.values, expected, atol: Double(max(1e-5, 2e-3 * largest)), rtol: 0,
        golden.name + " " + parameter.name)
    }
  }
}
