import Formats
import Models
import Ranks
import Tensors
import TestSupport
import Testing

@testable import Training

/// Runs on several ranks, in one process: the same files, to the last byte, as on one.
@Suite struct RankRunTests {
  /// What a run is of.
  enum Kind: String, Sendable, CaseIterable {
    case lora, full, pairs, sampled
    /// Full fine-tuning: a head of its own, pairs, sampled completions.
    case untied, fullPairs, fullSampled

    var isFull: Bool { [.full, .untied, .fullPairs, .fullSampled].contains(self) }
  }

  /// Runs on a rank of a group, or alone.
  static func run(
    _ kind: Kind, _ path: String, _ share: StepShare, resuming: Bool = false, stopAfter: Int? = nil,
    from: Int = 0
  ) throws {
    switch kind {
    case .lora, .full, .untied:
      _ = try TrainerTests().run(
        path, resuming: resuming, stopAfter: stopAfter, share: share, isFull: kind.isFull,
        batches: 4, from: from, ties: kind != .untied)
    case .pairs, .fullPairs:
      _ = try PairRunTests().run(
        path, resuming: resuming, stopAfter: stopAfter, share: share, isFull: kind.isFull)
    case .sampled, .fullSampled:
      _ = try GRPOStepTests().run(
        "slices_twice_kl", path, resuming: resuming, stopAfter: stopAfter, batchSize: 2,
        share: share, isFull: kind.isFull)
    }
  }

  /// The files of a run that must not depend on who made them: their bytes.
  static func files(_ path: String, _ kind: Kind) throws -> [String: [UInt8]] {
    let names = FileSystem.names(in: path)
    let last = names.compactMap { $0.hasPrefix("checkpoint-") ? Int($0.dropFirst(11)) : nil }.max()
    let folder = "checkpoint-\(try #require(last))"
    var files: [String: [UInt8]] = [:]
    for name in ["metrics.jsonl", "trainer_state.json"] {
      files[name] = try readFile(path + "/" + name)
    }
    for name in FileSystem.names(in: path + "/" + folder) {
      files[folder + "/" + name] = try readFile(path + "/" + folder + "/" + name)
    }
    let weights = kind.isFull ? "model.safetensors" : "adapter_model.safetensors"
    #expect(files[folder + "/" + weights] != nil && files[folder + "/optimizer.safetensors"] != nil)
    return files
  }

  static func alone(_ kind: Kind) throws -> [String: [UInt8]] {
    let path = TrainerTests.folder()
    try run(kind, path, .alone)
    return try files(path, kind)
  }

  static func expectEqual(_ own: [String: [UInt8]], _ expected: [String: [UInt8]], _ text: String) {
    #expect(own.keys.sorted() == expected.keys.sorted(), "\(text)")
    for (name, bytes) in expected { #expect(own[name] == bytes, "\(text): \(name)") }
  }

  @Test(arguments: Kind.allCases) func filesDoNotDependOnRanks(kind: Kind) throws {
    let expected = try Self.alone(kind)
    for stage in StepShare.Stage.allCases {
      for count in [2, 3, 4] where kind == .lora || count < 4 || stage == .weights {
        let path = TrainerTests.folder()
        _ = try ranks(count) { group in
          try Self.run(kind, path, StepShare(group, stage: stage))
        }
        let name = "\(kind), \(count) ranks, stage \(stage.rawValue)"
        Self.expectEqual(try Self.files(path, kind), expected, name)
      }
    }
  }

  /// Begun on four, gone on with on two at another stage, ended on one.
  @Test(arguments: [Kind.lora, .full, .sampled], [StepShare.Stage.moments, .weights])
  func otherRanksGoOn(kind: Kind, stage: StepShare.Stage) throws {
    let expected = try Self.alone(kind), path = TrainerTests.folder()
    _ = try ranks(4) { group in
      try Self.run(kind, path, StepShare(group, stage: stage), stopAfter: 2)
    }
    _ = try ranks(2) { group in
      try Self.run(
        kind, path, StepShare(group, stage: .gradients), resuming: true, stopAfter: 1, from: 2)
    }
    _ = try ranks(3) { group in
      try Self.run(
        kind, path, StepShare(group, stage: stage), resuming: true, stopAfter: 2, from: 3)
    }
    try Self.run(kind, path, .alone, resuming: true)
    Self.expectEqual(try Self.files(path, kind), expected, "\(kind)")
  }

  /// Weights that are computed with in bf16 are rounded on one rank, too.
  @Test func roundedWeights() throws {
    @Sendable func run(
      _ path: String, _ share: StepShare, stopAfter: Int? = nil, resuming: Bool = false
    )
      throws
    {
      _ = try TrainerTests().run(
        path, resuming: resuming, stopAfter: stopAfter, share: share, isFull: true, batches: 4,
        weights: .bf16)
    }
    let whole = TrainerTests.folder()
    try run(whole, .alone)
    let expected = try Self.files(whole, .full), exact = try Self.alone(.full)
    #expect(expected["metrics.jsonl"] != exact["metrics.jsonl"])
    for stage in StepShare.Stage.allCases {
      for count in [2, 3] {
        let path = TrainerTests.folder()
        _ = try ranks(count) { try run(path, StepShare($0, stage: stage)) }
        Self.expectEqual(
          try Self.files(path, .full), expected, "\(count) ranks, stage \(stage.rawValue)")
      }
    }
    let path = TrainerTests.folder()
    _ = try ranks(3) { try run(path, StepShare($0, stage: .weights), stopAfter: 3) }
    try run(path, .alone, resuming: true)
    Self.expectEqual(try Self.files(path, .full), expected, "gone on with")
  }

  /// Lanes of several micro-batches, of which some ranks have fewer.
  @Test(arguments: [StepShare.Stage.gradients, .weights])
  func lanesOfUnequalLength(stage: StepShare.Stage) throws {
    @Sendable func run(_ path: String, _ share: StepShare) throws {
      _ = try TrainerTests().run(path, share: share, isFull: true, batches: 4)
    }
    let whole = TrainerTests.folder(), path = TrainerTests.folder()
    try run(whole, StepShare(.alone, lanes: 3))
    _ = try ranks(2) { try run(path, StepShare($0, stage: stage, lanes: 3)) }
    Self.expectEqual(try Self.files(path, .full), try Self.files(whole, .full), "lanes")
  }

  /// Moments in a scratch file are those in memory, and nothing of the file is left.
  @Test(arguments: [false, true]) func momentsOnDisk(isFull: Bool) throws {
    let kind = isFull ? Kind.full : .lora, expected = try Self.alone(kind)
    let scratch = TrainerTests.folder()
    for count in [1, 3] {
      let path = TrainerTests.folder()
      _ = try ranks(count) { group in
        for stop in [2, nil] {
          _ = try TrainerTests().run(
            path, resuming: stop == nil, stopAfter: stop,
            share: count == 1
              ? .alone : StepShare(group, stage: isFull ? .weights : .moments),
            isFull: isFull, batches: 4,
            momentsFolder: scratch)
        }
      }
      Self.expectEqual(try Self.files(path, kind), expected, "\(kind), \(count) ranks")
    }
    #expect(FileSystem.names(in: scratch).isEmpty)
  }

  /// Each rank writes what it owns of the moments; any number of them goes on from that.
  @Test(arguments: [false, true]) func checkpointsInParts(isFull: Bool) throws {
    let kind = isFull ? Kind.full : .lora, path = TrainerTests.folder()
    for (count, stage) in [(3, StepShare.Stage.moments), (2, .gradients), (4, .nothing)] {
      let done = [3: 0, 2: 2, 4: 3][count] ?? 0
      _ = try ranks(count) { group in
        _ = try TrainerTests().run(
          path, resuming: done > 0, stopAfter: done > 0 ? 1 : 2,
          share: StepShare(group, stage: stage), isFull: isFull, batches: 4, from: done,
          partsFolder: path)
      }
      let last = "\(path)/checkpoint-\(done > 0 ? done + 1 : 2)"
      try DurableFolder.verify(last)
      let parts = FileSystem.names(in: last).filter { $0.hasPrefix("optimizer") }.sorted()
      let writers = stage == .nothing ? 1 : count
      #expect(parts == (0..<writers).map { "optimizer-0000\($0).safetensors" })
    }
    try Self.run(kind, path, .alone, resuming: true)
    Self.expectEqual(try Self.files(path, kind), try Self.alone(kind), "\(kind)")
  }

  /// A part that cannot be written ends the run at all ranks, and the older checkpoint stays.
  @Test func aPartThatCannotBeWritten() throws {
    let path = TrainerTests.folder()
    let outcomes = outcomes(ofRanks: 3) { group in
      for stop in [2, nil] {
        _ = try TrainerTests().run(
          path, resuming: stop == nil, stopAfter: stop, share: StepShare(group), batches: 4,
          partsFolder: stop == nil && group.rank == 1 ? path + "/not-there" : path)
      }
    }
    for outcome in outcomes {
      let error = #expect(throws: RanksError.self) { try outcome.get() }
      #expect(error?.message.hasPrefix("rank 1 (") == true)
      #expect(
        error?.message.hasSuffix("; checkpoint-2 is whole, --resume goes on from there") == true)
    }
    #expect(
      FileSystem.names(in: path).filter { $0.contains("checkpoint") } == ["checkpoint-2"])
  }

  /// Rows that fail at one rank: all say so, what was learnt before is saved, and any number of ranks goes
  /// on as if nothing had been.
  @Test func aRankThatFailsLosesNothing() throws {
    let path = TrainerTests.folder()
    let outcomes = outcomes(ofRanks: 3) { group in
      _ = try PairRunTests().run(
        path, share: StepShare(group), failing: group.rank == 1 ? 4 : nil)
    }
    #expect(outcomes.count == 3)
    for outcome in outcomes {
      let error = #expect(throws: RanksError.self) { try outcome.get() }
      #expect(error?.message.hasPrefix("rank 1 (") == true)
      #expect(error?.message.hasSuffix("): rows.jsonl:118: no prompt") == true)
    }
    #expect(FileSystem.exists(path + "/checkpoint-3"))
    _ = try ranks(2) { group in
      try PairRunTests().run(path, resuming: true, share: StepShare(group))
    }
    Self.expectEqual(try Self.files(path, .pairs), try Self.alone(.pairs), "pairs")
  }

  @Test func whatAPlanSaysOfRanks() {
    typealias Spread = MemoryPlan.Spread
    #expect(Spread(ranks: 4, leaves: 16).rounds == 1 && Spread(ranks: 4, leaves: 12).rounds == 2)
    #expect(Spread(ranks: 4, stage: .gradients, leaves: 16).rounds == 4)
    #expect(Spread(ranks: 4, leaves: 16).sent(1000) == 2 * 4 * 1000 * 3 / 4)
    #expect(Spread().sent(1000) == 0)
    // Gradient and two moments; as many partial sums as the tree holds at once.
    #expect(Spread().numbers(1 << 30) == 3 << 30)
    #expect(Spread(leaves: 8).numbers(1 << 30) == 6 << 30)
    let portion = 1 << 22, trained = 1 << 30
    #expect(
      Spread(ranks: 4, leaves: 4).numbers(trained)
        == trained + trained / 4 + trained / 2 + 12 * portion)
    #expect(Spread(isOnDisk: true).numbers(trained) == trained + 2 * portion)
  }

  /// What goes over the wire is what the plan says of the stage, to the byte.
  @Test(arguments: StepShare.Stage.allCases, [2, 4])
  func traffic(stage: StepShare.Stage, count: Int) throws {
    let path = TrainerTests.folder(), steps = 7
    let sent = try ranks(count) { group in
      _ = try TrainerTests().run(path, share: StepShare(group, stage: stage), batches: 4)
      return group.traffic.sentNumbers
    }.reduce(0, +)
    let file = try SafeTensorsFile(path: path + "/checkpoint-7/adapter_model.safetensors")
    let parameters = file.entries.values.reduce(0) { $0 + $1.count }
    // 12 rows in steps of 4 micro-batches of one row; dealt, each gradient goes by itself.
    let gradients = [.gradients, .weights].contains(stage) ? 4 / count : 1
    #expect(sent == steps * (count - 1) * (gradients * 4 * parameters + 4 * parameters))
  }

  /// The same of weights that are gathered: steps, and what evaluations pass forward.
  @Test(arguments: [true, false], [ElementType.f32, .bf16])
  func trafficOfWeights(ties: Bool, weights: ElementType) throws {
    let count = 2, path = TrainerTests.folder()
    let sent = try ranks(count) { group in
      _ = try TrainerTests().run(
        path, share: StepShare(group, stage: .weights), isFull: true, batches: 4, ties: ties,
        weights: weights)
      return group.traffic.sentNumbers
    }.reduce(0, +)
    var config = try ModelConfig(folder: TrainerTests.modelFolder)
    config.tiesWordEmbeddings = ties
    let model = try CausalLanguageModel(
      config: config, weights: .random(seed: 1, deviation: 0.1))
    let setup = TrainingSetup(model, quantization: nil, adapters: nil), parts = setup.trainedParts
    let spread = MemoryPlan.Spread(
      ranks: count, stage: .weights, leaves: 4, isRounded: weights == .bf16, parts: parts)
    #expect(parts.all == setup.trainedParameters)
    let all = parts.all + (ties ? parts.embedding : 0)
    // A probe of one pass, and three evaluations of 12 rows, 8 at once, a pass each.
    let probe = weights.size * parts.gathered
    let evaluations = 3 * weights.size * all
    #expect(sent == 7 * count * spread.sent(parts.all) + (count - 1) * (probe + evaluations))
  }

  @Test func ranksWithoutWorkAreRefused() {
    _ = try? ranks(8) { group in
      let share = StepShare(group)
      let refusal = share.refusal(batches: 4, rows: 4)
      #expect(
        refusal
          == "8 ranks, but a step has 4 micro-batches; set training_args.gradient_accumulation_steps: 8 "
          + "and per_device_train_batch_size: 2 for the same rows per step")
      #expect(share.refusal(batches: 8, rows: 1) == nil)
      #expect(share.refusal(batches: 2, rows: 1)?.contains("start at most 2 ranks") == true)
      #expect(
        StepShare(group, lanes: 4).refusal(batches: 8, rows: 1)?
          .contains("training_args.gradient_lanes is 4") == true)
    }
    _ = try? ranks(4) { group in
      #expect(
        StepShare(group).unevenness(batches: 12)
          == "12 micro-batches on 4 ranks send each gradient twice; 8 or 16 would send it once")
      #expect(StepShare(group).unevenness(batches: 16) == nil)
      #expect(StepShare(group, stage: .gradients).unevenness(batches: 12) == nil)
    }
  }

  /// A signal at any rank ends the run at all of them, after the same step.
  @Test func anyRankMayStop() throws {
    let path = TrainerTests.folder()
    _ = try ranks(3) { group in
      _ = try TrainerTests().run(
        path, stopAfter: 3, share: StepShare(group), batches: 4, stopsHere: group.rank == 1)
    }
    #expect(FileSystem.exists(path + "/checkpoint-3"))
  }
}
