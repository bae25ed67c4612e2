import FoundationEssentials
import JSON
import Synchronization
import Tasks
import Testing

@testable import PluginHost

/// A task's dataset and evaluator in worker processes: they say what they say in this one, and what
/// goes wrong costs a call.
@Suite(.enabled(if: Workshop.hasCompiler, "needs a C compiler at /usr/bin/cc"))
struct IsolatedTaskTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// A task whose parts run in workers, or here.
  private func task(
    _ name: String, isIsolated: Bool = true, timeout: Duration = .seconds(20)
  ) throws -> PluginTask {
    let paths = PluginSearchPaths(
      directories: [.init(path: workshop.directory, origin: "--plugin-dir")],
      executableDirectory: workshop.directory + "/bin")
    let catalog = PluginCatalog(searchPaths: paths, workerProgram: Workshop.host)
    return try catalog.task(named: name)
      .isolating(isIsolated ? nil : false, limits: WorkerLimits(timeout: timeout))
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func theRowsAreTheSameInAWorker() throws {
    try workshop.buildEcho()
    let here = try #require(
      try task("echo", isIsolated: false).dataset(split: .train, configuration: [:]))
    let there = try #require(try task("echo").dataset(split: .train, configuration: [:]))
    #expect(here is PluginDataset && there is IsolatedDataset)
    #expect(here.count == there.count && here.sources == there.sources)
    #expect(here.notes == there.notes && here.places == there.places)
    #expect(here.variesByEpoch == there.variesByEpoch)
    // One after the other, so that they come in batches; bad rows among them; and at random.
    for index in Array(0..<here.count) + [3, 0, 8, 1, 1] {
      for epoch in [0, 2] {
        let rows = [here, there].map { dataset in
          Result { try dataset.example(at: index, epoch: epoch, seed: .max) }
            .mapError { "\($0)" as ErrorText }
        }
        #expect(rows[0] == rows[1], "row \(index)")
      }
    }
    #expect(try task("echo").dataset(split: .test, configuration: [:]) == nil)
    let wrong = ["wrong", "silent", "latin1", "unterminated", "uncountable"]
    for key in wrong {
      let errors = try [true, false].map { isIsolated in
        let task = try task("echo", isIsolated: isIsolated)
        return message { _ = try task.dataset(split: .train, configuration: .object([key: 1])) }
      }
      #expect(errors[0] == errors[1] && errors[0] != "no error")
    }
  }

  @Test func reportsAreTheSameInAWorker() throws {
    try workshop.buildEcho()
    let row = Example(
      turns: [Turn(role: "user", text: "?"), Turn(role: "assistant", text: "Да")],
      metadata: ["id": 7], choices: ["Yes", "No"])
    let predictions = [
      Prediction(index: 3, text: "Да", example: row, choiceLogLikelihoods: [-0.5, -1]),
      Prediction(index: 4, text: "", example: Example(turns: [row.turns[0]])),
    ]
    let reports = try [true, false].map { isIsolated in
      let evaluator = try #require(
        try task("echo", isIsolated: isIsolated).evaluator(split: .train, configuration: [:]))
      return Result { try evaluator.evaluate(predictions) }.mapError { "\($0)" as ErrorText }
    }
    #expect(reports[0] == reports[1])
  }

  /// 100 rows; what the user's text says happens.
  private static let bad = """
    #include <string.h>
    #include <stdio.h>
    #include <unistd.h>
    static char config[256];
    static int has(const char *word) { return strstr(config, word) != NULL; }
    static tk_status create(void *u, const tk_host_v1 *h, tk_str c, tk_str s, void **i, tk_error *e) {
      (void)u, (void)h, (void)s, (void)e;
      memcpy(config, c.ptr, c.len < 255 ? c.len : 255);
      *i = config;
      return TK_OK;
    }
    static void destroy(void *i) { (void)i; }
    static int64_t count(void *i) { (void)i; return 100; }
    static tk_status turn(const tk_example_out_v1 *o, const char *role, const char *text) {
      tk_part_v1 part = {TK_PART_TEXT, 0, {NULL, 0}, {text, strlen(text)}};
      return o->turn(o, TK_SECTION_CONVERSATION, (tk_str){role, strlen(role)}, &part, 1);
    }
    static tk_status row(void *i, int64_t n, int64_t ep, uint64_t s, const tk_example_out_v1 *o,
                         tk_error *e) {
      (void)i, (void)ep, (void)s, (void)e;
      char text[32];
      snprintf(text, sizeof text, "row %d", (int)n);
      if (n == 50 && has("crash")) abort();
      if (n == 50 && has("leave")) exit(3);
      if (n == 50 && has("hang")) sleep(60);
      if (n == 50 && has("leak")) for (;;) memset(malloc(1 << 20), 1, 1 << 20);
      turn(o, "user", text);
      return turn(o, "assistant", "yes");
    }
    static tk_status judge(void *i, const tk_predictions_v1 *p, const tk_text_out_v1 *o,
                           tk_error *e) {
      (void)i, (void)e;
      if (p->count == 1 && has("crash")) abort();
      const char *text = "{\\"count\\": 2, \\"primary\\": \\"a\\", \\"metrics\\": {\\"a\\": {\\"value\\": 1}}}";
      o->write(o, (tk_str){text, strlen(text)});
      return TK_OK;
    }
    static tk_status describe(void *u, const tk_text_out_v1 *o, tk_error *e) {
      (void)u, (void)e;
      const char *text = "{\\"name\\": \\"bad\\", \\"dataset\\": \\"rows\\", \\"evaluator\\": \\"judge\\"}";
      o->write(o, (tk_str){text, strlen(text)});
      return TK_OK;
    }
    static const tk_dataset_v1 d = {sizeof d, 0, create, destroy, count, row, {0}};
    static const tk_evaluator_v1 v = {sizeof v, 0, create, destroy, judge, {0}};
    static const tk_task_v1 t = {sizeof t, 0, describe, {0}};
    static const tk_export_v1 exports[] = {{TK_KIND_TASK, 0, "bad", "", &t, NULL},
      {TK_KIND_DATASET, 0, "rows", "", &d, NULL}, {TK_KIND_EVALUATOR, 0, "judge", "", &v, NULL}};
    static const tk_plugin_v1 plugin = {{TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "bad",
      "1", "C", 3, exports, NULL, {0}};
    TK_EXPORT const tk_plugin_head *tk_plugin_entry(uint32_t major) {
      return major == 1 ? &plugin.head : NULL;
    }
    """

  @Test(arguments: [
    ("crash", "its worker process died: Aborted, while reading row 50"),
    ("leave", "its worker process left with exit code 3, while reading row 50"),
    ("hang", "no answer within 1.0 seconds while reading row 50; its worker process was stopped"),
    ("leak", "its worker process died: Segmentation fault"),
  ])
  func aRowThatEndsItsProcessFailsAlone(how: String, sentence: String) throws {
    try workshop.build("bad", Self.bad)
    let rows = try #require(
      try task("bad", timeout: .seconds(how == "leak" ? 20 : 1))
        .dataset(split: .train, configuration: .object([how: 1])))
    for index in 0..<100 {
      guard index == 50 else {
        let row = try rows.example(at: index, epoch: 0, seed: 0)
        #expect(row.turns[0].text == "row \(index)")
        continue
      }
      let error = message { _ = try rows.example(at: 50, epoch: 0, seed: 0) }
      #expect(error.hasPrefix("bad: dataset 'rows', split 'train': "), "\(error)")
      #expect(error.contains(sentence), "\(error)")
    }
  }

  @Test func anEvaluatorThatCrashesCostsACall() throws {
    try workshop.build("bad", Self.bad)
    let evaluator = try #require(
      try task("bad").evaluator(split: .train, configuration: ["crash": 1]))
    let one = Prediction(index: 0, text: "a", example: Example(turns: []))
    let error = message { _ = try evaluator.evaluate([one]) }
    #expect(
      error
        == "bad: evaluator 'judge': its worker process died: Aborted, while judging 1 predictions"
    )
    #expect(try evaluator.evaluate([one, one])["a"]?.value == 1)
  }

  @Test func rowsArriveWhole() throws {
    var row = Example(
      turns: [
        Turn(role: "user", parts: [.media(kind: "audio", tensor: "c"), .text("é\u{0}")]),
        Turn(
          role: "assistant",
          parts: [.choice(Choice(options: ["a", ""], weights: [0.25, 0.75]))],
          members: ["tool_calls": [1, ["b": nil, "a": 1.0]]], isTrained: false),
      ], metadata: ["z": 1e300, "a": [.int(.max), nil], "n": -0.0], choices: ["x", "y"],
      tensors: [
        "c": MediaTensor(shape: [2, 0, 3], values: []),
        "d": MediaTensor(shape: [1, 2], values: [.nan, -1]),
      ], templateVariables: ["tools": [["z": 1, "a": 2]]], label: true)
    func arrived(_ row: Example) throws -> Example? {
      guard case .example(let read) = try RowAnswer(bytes: RowAnswer.example(row).bytes) else {
        return nil
      }
      return read
    }
    let read = try #require(try arrived(row))
    #expect(read.tensors["d"]?.values[0].isNaN == true)
    #expect(read.tensors["d"]?.shape == [1, 2] && read.tensors["c"]?.shape == [2, 0, 3])
    row.tensors["d"] = nil
    #expect(try arrived(row) == row)
    row = Example(turns: [row.turns[0]], chosen: row.turns, rejected: [row.turns[1]])
    row.label = false
    #expect(try arrived(row) == row)
    let judged = Prediction(
      index: 3, text: "é", example: row, choiceLogLikelihoods: [-1, -2], scores: [0.5, -.infinity])
    let request = WorkerRequest.evaluate([judged, Prediction(index: 4, text: "", example: row)])
    guard case .evaluate(let told) = try WorkerRequest(bytes: request.bytes) else {
      Issue.record("another request arrives")
      return
    }
    #expect(told[0] == judged && told.count == 2)
    // A number more or less, anywhere, is no row.
    let bytes = RowAnswer.example(row).bytes
    for end in bytes.indices {
      #expect(throws: WireReader.Fault.self) { try RowAnswer(bytes: Array(bytes[..<end])) }
    }
  }

  @Test func readersOfSeveralStretchesGetBatches() {
    var ahead = ReadAhead()
    func place(_ index: Int) -> RowPlace { RowPlace(index: index, epoch: 0, seed: 0) }
    var requests = 0
    for step in 0..<200 {
      for start in [0, 1000, 5000] where ahead.take(place(start + step)) == nil {
        let size = ahead.size(at: place(start + step))
        requests += 1
        ahead.put(
          ArraySlice((1..<size).map { [UInt8($0)] }), behind: place(start + step), size: size)
      }
    }
    #expect(requests < 3 * 8)
    #expect(ahead.size(at: place(77_777)) == 1)
  }
}

/// An error as its text, to compare.
private struct ErrorText: Error, Equatable, ExpressibleByStringInterpolation {
  let text: String
  init(stringLiteral value: String) { text = value }
}
