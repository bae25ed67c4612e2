import CPluginABI
import Synchronization
import Testing

@testable import TaskKit

/// The host's services as a Swift plugin sees them, over small C tables.
@Suite struct TaskKitServiceTests {
  @Test func absentServicesAreNil() {
    let bare = HostServices.none
    #expect(bare.tokenizer == nil && bare.model == nil && !bare.isCancelled)
    for host in [mockHost(service: nil), mockHost { _, _ in nil }] {
      let services = HostServices(host)
      #expect(services.tokenizer == nil && services.model == nil)
    }
  }

  @Test func standInsForTests() throws {
    let lines = Mutex<[String]>([])
    let host = HostServices(
      tokenizer: Tokenizer(
        encode: { $0.utf8.map(Int32.init) },
        decode: { String(decoding: $0.map(UInt8.init), as: UTF8.self) }),
      model: LanguageModel(
        complete: { prompts, how in prompts.map { _ in "\(how.variant) \(how.seed)" } }),
      isCancelled: { true },
      log: { level, text in lines.withLock { $0.append("\(level): \(text)") } })
    host.log(.warning, "short")
    #expect(lines.withLock { $0 } == ["warning: short"] && host.isCancelled)
    #expect(try host.tokenizer?.decode(host.tokenizer?.encode("abc") ?? []) == "abc")
    let model = try #require(host.model)
    let answers = try model.complete(["a", "b"], maximumNewTokens: 1, seed: 3, from: .base)
    #expect(answers == ["base 3", "base 3"])
    let error = #expect(throws: PluginError.self) { try model.logLikelihoods(of: []) }
    #expect(error?.kind == .unsupported)
  }

  @Test func progressReachesTheHost() {
    let heard = Mutex<[String]>([])
    let host = HostServices(progress: { label, done, total in
      heard.withLock { $0.append("\(label) \(done)/\(total)") }
    })
    host.progress("reading", done: 2, of: 5)
    HostServices.none.progress("reading", done: 3, of: 5)
    #expect(heard.withLock { $0 } == ["reading 2/5"])
    let before = shown.load(ordering: .relaxed)
    HostServices(fullHost).progress("sorting", done: 3, of: 5)
    #expect(shown.load(ordering: .relaxed) == before + 7 * 3 + 5)
    HostServices(mockHost(service: nil)).progress("sorting", done: 4, of: 5)
    #expect(shown.load(ordering: .relaxed) == before + 7 * 3 + 5)
  }

  @Test func tokenizerAsksAgainWhereTheRoomIsTooSmall() throws {
    let tokenizer = try #require(HostServices(fullHost).tokenizer)
    // Each byte is an id; an "x" stands for three.
    #expect(try tokenizer.encode("ab") == [97, 98])
    #expect(try tokenizer.encode("xax") == [120, 120, 120, 97, 120, 120, 120])
    #expect(try tokenizer.encode("") == [])
    // An id is as many letters.
    #expect(try tokenizer.decode([1, 2]) == "aaa")
    #expect(try tokenizer.decode([40]) == String(repeating: "a", count: 40))
    #expect(try tokenizer.decode([]) == "")
    let error = #expect(throws: PluginError.self) { try tokenizer.encode("!") }
    #expect(
      error == PluginError(.unsupported, "the host's tokenizer could not encode (status -3)"))
  }

  @Test func modelAnswersInOrder() throws {
    let model = try #require(HostServices(fullHost).model)
    let how = "model 1, 5 tokens, k 3, t 0.5, p 0.75, seed 9"
    let messages = Prompt.messages([.system("s"), .user("é\"")])
    let answers = try model.complete(
      [.text("one"), messages, .text("two")], maximumNewTokens: 5, temperature: 0.5, topK: 3,
      topP: 0.75, seed: 9, from: .base)
    #expect(
      answers == [
        "one: text, \(how)",
        #"[{"content":"s","role":"system"},{"content":"é\"","role":"user"}]: messages, "# + how,
        "two: text, \(how)",
      ])
    #expect(try model.complete([], maximumNewTokens: 5) == [])
    #expect(
      try model.complete(["x"], maximumNewTokens: 2)
        == ["x: text, model 0, 2 tokens, k 0, t 0.0, p 1.0, seed 0"])
  }

  @Test func modelFailures() throws {
    let model = try #require(HostServices(fullHost).model)
    func failure(_ prompts: [Prompt]) -> PluginError? {
      #expect(throws: PluginError.self) { try model.complete(prompts, maximumNewTokens: 1) }
    }
    #expect(failure(["good", "bad"]) == PluginError(.data, "prompt 1 is too long"))
    #expect(failure(["silent"]) == PluginError(.cancelled, "the host's model failed (status -5)"))
    #expect(
      failure(["left out", "a"])
        == PluginError(.internal, "the host's model answered 1 of 2 prompts"))
    #expect(failure([.messages([.user(parts: .audio("clip"))])])?.kind == .unsupported)
  }

  @Test func modelJudges() throws {
    let model = try #require(HostServices(fullHost).model)
    let judged = try model.logLikelihoods(of: [
      (prompt: .messages([.user("q")]), completion: "abc"), (prompt: "four", completion: "a"),
    ])
    #expect(judged.map(\.tokens) == [3, 1])
    #expect(judged.map(\.sum) == [-31, -4])  // the messages' JSON has 31 bytes
    #expect(
      throws: PluginError(.unsupported, "there is no base model"),
      performing: { try model.logLikelihoods(of: [("p", "c")], from: .base) })
  }

  @Test func rewardModelScores() throws {
    let host = HostServices(fullHost)
    let model = try host.rewardModel(in: "folder", adapter: "ad")
    let scores = try model.scores(of: [
      (prompt: .messages([.user("q")]), completion: "abc"), (prompt: "four", completion: "a"),
    ])
    // The number of the model is the length of both names, that of messages 100 more.
    #expect(scores == [111, 9])
    #expect(
      throws: PluginError(.configuration, "there is no such model"),
      performing: { try host.rewardModel(in: "none") })
    let old = HostServices(mockHost { _, _ in nil })
    let error = #expect(throws: PluginError.self) { try old.rewardModel(in: "folder") }
    #expect(error?.kind == .unsupported)
  }

  private typealias Service =
    @convention(c) (UnsafePointer<tk_host_v1>?, UnsafePointer<CChar>?) -> UnsafeRawPointer?

  /// A host's table, which lives as long as the process.
  private func mockHost(service: Service?) -> UnsafePointer<tk_host_v1> {
    let table = UnsafeMutablePointer<tk_host_v1>.allocate(capacity: 1)
    table.initialize(to: tk_host_v1())
    table.pointee.service = service
    return UnsafePointer(table)
  }

  private var fullHost: UnsafePointer<tk_host_v1> {
    mockHost { _, id in
      switch id.map({ String(cString: $0) }) {
      case TK_SERVICE_TOKENIZER: immortal { mockTokenizer }
      case TK_SERVICE_GENERATE: immortal { mockModel }
      case TK_SERVICE_SCORE: immortal { mockScorer }
      case TK_SERVICE_PROGRESS: immortal { mockProgress }
      default: nil
      }
    }
  }
}

private var mockTokenizer: tk_tokenizer_v1 {
  var table = tk_tokenizer_v1()
  table.encode = { _, text, ids, capacity in
    let text = text.string
    if text == "!" { return Int64(TK_E_UNSUPPORTED) }
    let all = text.utf8.flatMap { byte in
      Array(repeating: Int32(byte), count: byte == UInt8(ascii: "x") ? 3 : 1)
    }
    for (index, id) in all.prefix(capacity).enumerated() { ids?[index] = id }
    return Int64(all.count)
  }
  table.decode = { _, ids, count, bytes, capacity in
    let needed = Int(UnsafeBufferPointer(start: ids, count: count).reduce(0, +))
    for index in 0..<min(needed, capacity) { bytes?[index] = CChar(UInt8(ascii: "a")) }
    return Int64(needed)
  }
  return table
}

/// The length of the label times the parts done, and their number.
private let shown = Atomic(0)

private var mockProgress: tk_progress_v1 {
  var table = tk_progress_v1()
  table.show = { _, label, done, total in
    shown.add(label.len * Int(done) + Int(total), ordering: .relaxed)
  }
  return table
}

private var mockScorer: tk_score_v1 {
  var table = tk_score_v1()
  table.open = { _, model, adapter, number, error in
    if model.string == "none" {
      error?.pointee.write("there is no such model")
      return tk_status(TK_E_CONFIG)
    }
    number?.pointee = Int64(model.len + adapter.len)
    return tk_status(TK_OK)
  }
  table.scores = { _, number, kind, _, completions, count, scores, _ in
    for index in 0..<count {
      let messages = Int(kind) == TK_PROMPT_MESSAGES ? 100.0 : 0
      scores?[index] = Double(number) + messages + Double(completions![index].len)
    }
    return tk_status(TK_OK)
  }
  return table
}

private var mockModel: tk_generate_v1 {
  var table = tk_generate_v1()
  table.complete = { _, how, prompts, count, out, error in
    guard let how = how?.pointee, let out else { return tk_status(TK_E_INTERNAL) }
    // In reverse: the index says whose answer it is.
    for index in (0..<count).reversed() {
      let prompt = prompts![index].string
      if prompt == "silent" { return tk_status(TK_E_CANCELLED) }
      if prompt == "left out" { continue }
      if prompt == "bad" {
        error?.pointee.write("prompt \(index) is too long")
        return tk_status(TK_E_DATA)
      }
      let kind = Int(how.prompt_kind) == TK_PROMPT_TEXT ? "text" : "messages"
      let answer =
        "\(prompt): \(kind), model \(how.model), \(how.max_new_tokens) tokens, k \(how.top_k), "
        + "t \(how.temperature), p \(how.top_p), seed \(how.seed)"
      answer.withStr { out.pointee.answer(out, index, $0) }
    }
    return tk_status(TK_OK)
  }
  table.log_likelihoods = { _, model, _, prompts, completions, count, sums, counts, error in
    if Int(model) == TK_MODEL_BASE {
      error?.pointee.write("there is no base model")
      return tk_status(TK_E_UNSUPPORTED)
    }
    for index in 0..<count {
      sums?[index] = -Double(prompts![index].len)
      counts?[index] = Int64(completions![index].len)
    }
    return tk_status(TK_OK)
  }
  return table
}
