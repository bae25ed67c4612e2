import Formats
import Generation
import JSON
import Models
import Objectives
import Ranks
import Rows
import Tasks
import Tensors
import Text
import Training

/// Groups of completions that the run's model samples and its rewards score.
final class ModelGroups: GroupSource {
  private let session: TaskSession
  private let model: CausalLanguageModel
  private let prompts: EncodedDataset, desk: ModelDesk
  private let order: PromptOrder
  private let sampler: RolloutSampler, groupSize: Int
  private let panel: RewardPanel, log: RolloutLog?
  /// The ranks that sample and score, each some of the prompts.
  private let group: Group
  /// Steps between completions that are shown.
  private let shownEvery: Int
  /// Whether groups without spread are drawn anew; what becomes of the groups.
  private let drawsSignal: Bool, plan: RolloutPlan
  /// Rounds in which other prompts are drawn for groups that teach nothing.
  private static let rounds = 3
  /// The sampling that is under way, and what rewards said of its groups.
  private var number = 0, scored: [[ScoredCompletion]] = []
  /// What it took: the rewards' time is what was waited for them.
  private var seconds = (sampling: 0.0, rewards: 0.0)
  private var silent = SilentRewards()
  /// What rewards are told of rows that are the same in each epoch.
  private var told: [Int: Told] = [:]

  init(
    _ session: TaskSession, _ model: CausalLanguageModel, _ desk: ModelDesk,
    prompts: EncodedDataset, plan: RolloutPlan, panel: RewardPanel, log: RolloutLog?,
    shownEvery: Int,
    group: Group
  ) throws {
    self.group = group
    self.model = model
    self.shownEvery = shownEvery
    let recipe = session.recipe, keys = recipe.objective.grpo
    self.session = session
    self.desk = desk
    self.prompts = prompts
    self.panel = panel
    self.log = log
    groupSize = keys.groupSize
    drawsSignal = keys.drawsSignal
    self.plan = plan
    order = PromptOrder(
      rows: prompts.count, perSampling: recipe.promptsPerSampling, seed: session.seed,
      isShuffled: recipe.isShuffled)
    sampler = try RolloutSampler(
      model: model, vocabulary: session.tokenizer.count, stopTokens: session.encoder.stopTokens,
      maximumNewTokens: keys.maximumNewTokens,
      sampler: Sampler(
        temperature: keys.temperature, topK: keys.topK, topP: keys.topP, minP: keys.minP ?? 0,
        repetitionPenalty: keys.repetitionPenalty, seed: session.seed))
  }

  var rewards: [String] { panel.members.map(\.name) }

  var epochsPerSampling: Double { Double(order.perSampling) / Double(order.rows) }

  func prompt(_ row: Int, epoch: Int) throws -> Sample {
    try prompts.texts(row, epoch: epoch)[0]
  }

  func sampling(_ number: Int) throws -> SampledGroups {
    self.number = number
    seconds = (0, 0)
    var drawn = order.prompts(of: number).map {
      Draw(row: $0.row, epoch: $0.epoch, label: "\($0.place)")
    }
    var (groups, scored) = try sample(drawn)
    var again = 0
    if drawsSignal {
      for round in 1...Self.rounds {
        let even = groups.indices.filter { isEven(groups[$0]) }
        guard !even.isEmpty else { break }
        for place in even { drawn[place] = other(number, round, place, drawn[place].epoch) }
        let (others, scores) = try sample(even.map { drawn[$0] })
        for (place, (group, scores)) in zip(even, zip(others, scores)) {
          (groups[place], scored[place]) = (group, scores)
        }
        again += even.count
      }
    }
    self.scored = scored
    let metrics =
      drawsSignal ? [Metric("dynamic_sampling/drawn_again", Double(again), over: 1)] : []
    return SampledGroups(
      groups, metrics: metrics,
      parts: [("sampling", seconds.sampling), ("rewards", seconds.rewards)])
  }

  func record(
    _ groups: [SampledGroup], rewards: [[Double?]], advantages: [[Double]], step: Int
  ) throws -> [String] {
    for (index, group) in groups.enumerated() {
      try log?.append(
        group, scored[index], rewards: rewards[index], advantages: advantages[index], step: step)
    }
    let notes = silent.notes(Array(scored.joined()), "completions of step \(step)")
    let keys = session.recipe.objective.grpo
    guard keys.showsCompletions, step % shownEvery < plan.cycle else { return notes }
    let all = zip(scored.joined(), zip(rewards.joined(), advantages.joined()))
    return notes
      + all.prefix(keys.shownCompletions).map { scored, worth in
        let reward = worth.0.map { Format.fixed($0, 3) } ?? "none"
        return "step \(step)  reward \(reward)  advantage \(Format.fixed(worth.1, 2))\n"
          + "  prompt      \(Self.excerpt(scored.completion.prompt, isEnd: true))\n"
          + "  completion  \(Self.excerpt(scored.completion.text, isEnd: false))"
      }
  }

  /// A text on one line of a terminal.
  private static func excerpt(_ text: String, isEnd: Bool) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ⏎ ")
    guard line.count > 64 else { return line }
    return isEnd ? "… " + line.suffix(62) : line.prefix(62) + " …"
  }
}

extension ModelGroups {
  private struct Draw: Sendable {
    let row: Int, epoch: Int, label: String
  }

  /// A row's metadata and its own answer.
  struct Told: Sendable {
    let metadata: JSONValue, reference: String?
  }

  /// Another prompt in the place of one whose completions were all as good.
  private func other(_ number: Int, _ round: Int, _ place: Int, _ epoch: Int) -> Draw {
    let random = Random(seed: session.seed, stream: Random.stream("dynamic sampling \(number)"))
    let index = round * order.perSampling + place
    let row = Int(random.uniform(index) * Double(prompts.count))
    return Draw(row: row, epoch: epoch, label: "\(number) round \(round) place \(place)")
  }

  private func isEven(_ group: SampledGroup) -> Bool {
    let rewards = Advantages.rewards(group.completions.map(\.scores), weights: plan.weights)
    return Moments(rewards.compactMap(\.self)).isEven
  }

  /// Samples a group of each, and scores it; each rank does that with some of them.
  private func sample(
    _ drawn: [Draw]
  ) throws -> (groups: [SampledGroup], scored: [[ScoredCompletion]]) {
    let places = group.dealt(drawn.count)
    let all = try group.inOrder("sampled groups", of: drawn.count) {
      let own = try model.together {
        try places.isEmpty ? [] : sampleHere(places.map { drawn[$0] })
      }
      return zip(places, own).map { (number: $0, value: $1) }
    }
    let samples = try group.together("the prompts of samples") {
      try drawn.map { try prompt($0.row, epoch: $0.epoch) }
    }
    let scored = all.map { $0.map(\.scored) }
    return (groups(drawn, samples, all.map { $0.map(\.sampled) }, scored), scored)
  }

  /// Samples a group of each, and scores each while the next is sampled.
  private func sampleHere(_ drawn: [Draw]) throws -> [[SampledAndScored]] {
    let samples = try drawn.map { try prompt($0.row, epoch: $0.epoch) }
    let told = try drawn.map(told)
    let asked = zip(drawn, samples).map { draw, sample in
      Prompt(ids: sample.ids, media: sample.media, label: draw.label)
    }
    let panel = panel, tokenizer = session.tokenizer
    let line = ScoringLine<[SampledCompletion], [ScoredCompletion]> { index, completions in
      let prompt = tokenizer.decode(samples[index].ids)
      return try panel.score(
        completions.map { completion in
          Completion(
            prompt: prompt, text: tokenizer.decode(completion.ids, skipSpecialTokens: true),
            metadata: told[index].metadata, group: drawn[index].row,
            tokens: completion.ids.count, isTruncated: completion.isTruncated,
            reference: told[index].reference)
        })
    }
    var sampled: [[SampledCompletion]] = []
    let clock = ContinuousClock(), start = clock.now
    var end = start
    do {
      let scored = try line.run(drawn.count) { add in
        sampled = try desk.hold { try sample(asked, line, add) }
        end = clock.now
      }
      seconds.sampling += (end - start) / .seconds(1)
      seconds.rewards += (clock.now - end) / .seconds(1)
      return zip(sampled, scored).map { zip($0, $1).map(SampledAndScored.init) }
    } catch let failure as RewardPanel.Failure {
      try log?.append(failure.batch, step: number * plan.cycle + 1)
      throw failure.error
    }
  }

  private func sample(
    _ prompts: [Prompt], _ line: ScoringLine<[SampledCompletion], [ScoredCompletion]>,
    _ add: (Int, [SampledCompletion]) -> Void
  ) throws -> [[SampledCompletion]] {
    try session.tell.during("sampling", total: prompts.count, unit: "groups") { reached in
      var done = 0
      return try sampler(prompts, count: groupSize) { index, completions in
        add(index, completions)
        done += 1
        reached(done)
      } isCancelled: {
        // Of several ranks none stops by itself: that is agreed between steps.
        self.group.isAlone && session.catalog.isCancelled()
      }.groups
    }
  }

  private func groups(
    _ drawn: [Draw], _ samples: [Sample], _ sampled: [[SampledCompletion]],
    _ scored: [[ScoredCompletion]]
  ) -> [SampledGroup] {
    drawn.indices.map { index in
      SampledGroup(
        row: drawn[index].row, epoch: drawn[index].epoch, prompt: samples[index],
        completions: zip(sampled[index], scored[index]).map { completion, scored in
          SampledGroup.Completion(
            ids: completion.ids, isTruncated: completion.isTruncated,
            decoded: completion.logProbabilities,
            scores: panel.members.map { scored.outcomes[$0.name]?.score })
        })
    }
  }

  /// What rewards are told of a row.
  private func told(of draw: Draw) throws -> Told {
    if let known = told[draw.row] { return known }
    let example = try prompts.example(draw.row, epoch: draw.epoch)
    let reference = try session.encoder.reference(example, label: draw.label)
    let told = Told(metadata: example.metadata, reference: reference)
    if !prompts.variesByEpoch { self.told[draw.row] = told }
    return told
  }
}
