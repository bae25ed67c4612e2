import Generation
import Models
import Tensors
import TestSupport
import Testing

@Suite struct GeneratorTests {
  static let models = GoldenModel.names.map(GoldenModel.init)

  func generator(
    _ model: CausalLanguageModel, stop: Set<Int32> = [], new: Int = 16, vocabulary: Int = 160,
    sampler: Sampler = .greedy
  ) throws -> Generator {
    try Generator(
      model: model, vocabulary: vocabulary, stopTokens: stop, maximumNewTokens: new,
      sampler: sampler)
  }

  @Test(arguments: models) func greedyIsTransformers(_ golden: GoldenModel) throws {
    let numbers = try golden.numbers()
    let (sequences, statistics) = try generator(golden.model())([
      Prompt(ids: numbers.greedy_prompt)
    ])
    #expect(sequences[0].ids == numbers.greedy)
    #expect(sequences[0].finishReason == .length && sequences[0].stopToken == nil)
    #expect(statistics.promptTokens == 5 && statistics.generatedTokens == 16)
    #expect(statistics.tokensPerSecond > 0)
  }

  /// Twelve mates, so that the batch takes other kernels than a prompt alone, and mates that end
  /// early, so that caches are dropped on the way.
  @Test(arguments: models) func greedyDoesNotDependOnTheBatch(_ golden: GoldenModel) throws {
    let model = try golden.model(), numbers = try golden.numbers()
    for mates in [[1], [9, 1, 30], [1, 1, 1], [4, 17, 2, 40, 5, 1, 3, 8, 21, 6, 2, 13]] {
      for place in [0, mates.count / 2, mates.count] {
        var batch = prompts(mates)
        batch.insert(Prompt(ids: numbers.greedy_prompt), at: place)
        let all = try generator(model)(batch).sequences
        #expect(all[place].ids == numbers.greedy, "place \(place) among \(mates)")
        // The first token of every mate as a stop: all may end at once, or one after the other.
        let stop = Set(all.indices.filter { $0 != place }.map { all[$0].ids[$0 % 5] })
          .subtracting(numbers.greedy)
        let cut = try generator(model, stop: stop)(batch).sequences
        #expect(cut[place].ids == numbers.greedy, "place \(place) among \(mates)")
        for (whole, part) in zip(all, cut) where part.finishReason == .stop {
          let end = try #require(part.stopToken)
          #expect(stop.contains(end))
          #expect(Array(whole.ids.prefix(part.ids.count + 1)) == part.ids + [end])
        }
      }
    }
  }

  /// What the caches hold is what a pass over the whole text computes.
  @Test(arguments: models) func cachedIsRecomputed(_ golden: GoldenModel) throws {
    let model = try golden.model(), texts = prompts([9, 1, 14]).map(\.ids)
    let caches = model.caches(sequences: 3)
    let steps = (0..<6).map { step in texts.map { $0[(step * 5) % $0.count] } }
    var parts = texts, cached: [[[Float]]] = []
    for step in 0...steps.count {
      let segments = Segments(lengths: parts.map(\.count))
      let logits = Recording.off {
        model.logits(model.hidden(parts.flatMap { $0 }, segments, caches: caches))
      }
      cached.append((0..<3).map { logits.row(segments[$0].upperBound - 1) })
      if step < steps.count { parts = steps[step].map { [$0] } }
    }
    for (index, text) in texts.enumerated() {
      let whole = GoldenModel.logits(model, text + steps.map { $0[index] })
      for (step, rows) in cached.enumerated() {
        expectClose(
          rows[index], whole.row(text.count - 1 + step), atol: 1e-4, rtol: 0,
          "text \(index), step \(step)")
      }
    }
  }

  @Test func samplingDoesNotDependOnTheBatch() throws {
    let model = try GoldenModel(name: "qwen3").model(), batch = prompts([5, 12, 3, 8])
    let sampler = try Sampler(temperature: 1, topP: 0.95, seed: 7)
    let all = try generator(model, sampler: sampler)(batch).sequences
    for (prompt, expected) in zip(batch, all) {
      #expect(try generator(model, sampler: sampler)([prompt]).sequences == [expected])
    }
    let other = try generator(model, sampler: Sampler(temperature: 1, topP: 0.95, seed: 8))(batch)
    #expect(other.sequences != all)
    var renamed = batch[0]
    renamed.label = "another row"
    #expect(try generator(model, sampler: sampler)([renamed]).sequences != [all[0]])
  }

  /// Each step draws its own number, from the logits of the text so far.
  @Test func everyStepIsADrawOfItsOwn() throws {
    let model = try GoldenModel(name: "qwen2").model(), prompt = prompts([6])[0]
    let sampler = try Sampler(temperature: 2, topK: 50, repetitionPenalty: 1.2, seed: 1)
    let ids = try generator(model, sampler: sampler)([prompt]).sequences[0].ids
    for step in ids.indices {
      let text = prompt.ids + ids[..<step]
      let logits = GoldenModel.logits(model, text).row(text.count - 1)
      let expected = sampler(logits, seen: Set(text), label: prompt.label, step: step)
      #expect(ids[step] == expected, "step \(step)")
    }
  }

  @Test func stopTokensEnd() throws {
    let golden = GoldenModel(name: "llama"), model = try golden.model()
    let numbers = try golden.numbers(), prompt = Prompt(ids: numbers.greedy_prompt)
    let (sequences, statistics) = try generator(model, stop: [132, 155])([prompt])
    #expect(sequences[0].ids == Array(numbers.greedy.prefix(4)))
    #expect(sequences[0].stopToken == 132 && sequences[0].finishReason == .stop)
    #expect(statistics.generatedTokens == 5)
    let atOnce = try generator(model, stop: [numbers.greedy[0]])([prompt, prompt]).sequences
    #expect(atOnce.allSatisfy { $0.ids.isEmpty && $0.finishReason == .stop })
    // The limit counts the stop token: the last one allowed may be it.
    #expect(
      try generator(model, stop: [132], new: 5)([prompt]).sequences[0].finishReason == .stop)
    #expect(
      try generator(model, stop: [132], new: 4)([prompt]).sequences[0].finishReason == .length)
  }

  @Test func observerHearsEachTokenAndMayEnd() throws {
    let golden = GoldenModel(name: "qwen2"), numbers = try golden.numbers()
    let batch = [Prompt(ids: numbers.greedy_prompt)] + prompts([6, 2])
    var heard = Array(repeating: [Int32](), count: 3)
    let result = try generator(golden.model())(batch) { sequence, id in
      heard[sequence].append(id)
      return sequence == 0 && heard[0].count == 3 ? .stop : .proceed
    }
    #expect(result.sequences.map(\.ids) == heard)
    #expect(heard[0] == Array(numbers.greedy.prefix(3)) && heard[1].count == 16)
    #expect(result.sequences[0].finishReason == .stop && result.sequences[0].stopToken == nil)
  }

  /// Embeddings may have more rows than the tokenizer has ids; those rows are never chosen.
  @Test func idsBehindTheTokenizerAreNeverChosen() throws {
    let model = try GoldenModel(name: "llama").model(), batch = prompts([5, 7, 9, 4])
    let free = try generator(model)(batch).sequences.flatMap(\.ids)
    let bound = try generator(model, vocabulary: 60)(batch).sequences.flatMap(\.ids)
    #expect(free.contains { $0 >= 60 })
    #expect(bound.count == 64 && bound.allSatisfy { $0 < 60 })
  }

  @Test func theContextIsRespected() throws {
    let model = try GoldenModel(name: "llama").model()
    let last = try generator(model)(prompts([255, 250, 3])).sequences
    #expect(last.map(\.ids.count) == [1, 6, 16] && last[0].finishReason == .length)
    let error = #expect(throws: GenerationError.self) { try generator(model)(prompts([4, 256])) }
    #expect(
      error?.message == "row 1 has 256 tokens, but the model's context is 256 and needs "
        + "room for an answer; shorten it")
  }

  @Test func badInputIsRefused() throws {
    let model = try GoldenModel(name: "llama").model(), generator = try generator(model)
    #expect(throws: GenerationError.self) { try generator([Prompt(ids: [])]) }
    #expect(throws: GenerationError.self) { try generator([Prompt(ids: [4, -1])]) }
    let error = #expect(throws: GenerationError.self) { try generator([Prompt(ids: [4, 160])]) }
    #expect(error?.kind == .prompt && error?.message.contains("the id 160") == true)
    #expect(throws: GenerationError.self) { try self.generator(model, new: 0) }
    #expect(try generator([]).sequences.isEmpty)
  }
}
