import CPluginABI
import JSON
import Tasks

/// An evaluator's functions, called with borrowed memory.
struct EvaluatorCalls: @unchecked Sendable {
  // Unchecked: constant tables of a library that is never unloaded.
  private let table: tk_evaluator_v1
  private let user: UnsafeMutableRawPointer?
  private let host: HostTable
  let plugin: Plugin

  init(_ name: String, _ plugin: Plugin, _ host: HostTable) throws(TaskError) {
    (table, user) = try functions(.evaluator, name, of: plugin, as: tk_evaluator_v1.self)
    guard table.create != nil, table.evaluate != nil else {
      throw TaskError(.internal, "it lacks 'create' or 'evaluate'")
    }
    self.host = host
    self.plugin = plugin
  }

  func create(_ configuration: String, _ split: Split) throws(CheckFault) -> Made {
    try make(configuration, split: split) { table.create(user, host.pointer, $0, $1, $2, $3) }
  }

  func destroy(_ instance: CheckInstance) { table.destroy?(instance.pointer) }

  /// The report's text.
  func evaluate(
    _ instance: CheckInstance, _ predictions: [Prediction]
  ) throws(CheckFault) -> String {
    let lending = Lending(), output = TextSink()
    let columns = Self.columns(predictions, lending)
    let result = output.withTable { own -> Result<CheckAnswer, CheckFault> in
      let lent = LentSink(own, lending)
      return Result { () throws(CheckFault) in
        let answer = try calling { table.evaluate(instance.pointer, columns, lent.table, $0) }
        try lent.check()
        return answer
      }
    }
    let answer = try result.get()
    try lending.checkOutputs()
    guard answer.status == TK_OK else {
      throw .fails(
        answer.text.isEmpty ? "evaluate answers the status \(answer.status)" : answer.text)
    }
    return output.text
  }

  private static func columns(
    _ predictions: [Prediction], _ lending: Lending
  ) -> UnsafePointer<tk_predictions_v1> {
    func column(
      _ what: StaticString, _ text: (Prediction) -> String?
    ) -> UnsafePointer<tk_str> {
      lending.array(
        predictions.map { text($0).map { lending.text($0, what) } ?? tk_str() }, what)
    }
    let what: StaticString = "the choices' log-likelihoods"
    let choices = predictions.map { prediction -> UnsafePointer<Double>? in
      lending.array(prediction.choiceLogLikelihoods, what)
    }
    var table = tk_predictions_v1()
    table.count = predictions.count
    table.indices = lending.array(predictions.map { Int64($0.index) }, "the indices")
    table.texts = column("the predictions' texts") { $0.text }
    table.examples_json = column("the examples") { $0.example.json.text() }
    table.references = column("the references") { $0.example.reference }
    table.metadata_json = column("the metadata") { $0.example.metadata.text() }
    table.choice_log_likelihoods = lending.array(choices, what)
    table.choice_counts = lending.array(
      predictions.map(\.choiceLogLikelihoods.count), "the choices' numbers")
    return lending.value(table, "the predictions")
  }
}

/// Puts an evaluator through its paces.
struct EvaluatorCheck {
  private let calls: EvaluatorCalls
  private let bench: CheckBench

  init(_ calls: EvaluatorCalls, _ bench: CheckBench) {
    self.calls = calls
    self.bench = bench
  }

  func run() {
    var rows: [Example] = [], split = Split.validation, made: CheckInstance?
    bench.check("create") { () throws(CheckFault) in
      (rows, split) = try examples()
      bench.step("create", "create")
      switch try calls.create(bench.job.configuration, split) {
      case .made(let instance): made = instance
      case .refused(let answer): throw bench.job.refusal(answer)
      case .ends: throw .fails("create answers TK_END, which means nothing for an evaluator")
      }
      return "for the split '\(split.rawValue)'"
    }
    guard let made else { return }
    let right = rows.enumerated().map {
      prediction($0.offset, $0.element, $0.element.reference ?? "")
    }
    bench.check("report") { () throws(CheckFault) in try checkReport(made, right) }
    bench.check("answers") { () throws(CheckFault) in try checkAnswers(made, rows) }
    bench.check("repeats") { () throws(CheckFault) in try checkRepeats(made, right) }
    bench.step("destroy", "destroy")
    onOtherThread { calls.destroy(made) }
  }

  private func checkReport(
    _ made: CheckInstance, _ right: [Prediction]
  ) throws(CheckFault) -> String {
    bench.step("report", "evaluate, references as answers")
    let report = try report(calls.evaluate(made, right), of: right.count)
    guard report.count <= right.count else {
      throw .fails("the report counts \(report.count) predictions, of \(right.count)")
    }
    try checkLogProbabilities(made, right)
    let value = report[report.primary]?.value ?? .nan
    return "references as answers: \(report.primary) \(value) (\(right.count) rows)"
  }

  /// Of pairs and rows with labels a run may or may not have a reference model's log-probabilities.
  private func checkLogProbabilities(
    _ made: CheckInstance, _ right: [Prediction]
  ) throws(CheckFault) {
    guard right.contains(where: { $0.example.kind == .pairs || $0.example.kind == .labels }) else {
      return
    }
    bench.step("report", "evaluate, with log-probabilities of a reference model")
    let referred = right.map { prediction -> Prediction in
      var prediction = prediction
      prediction.choiceLogLikelihoods += prediction.choiceLogLikelihoods.map { $0 - 0.5 }
      return prediction
    }
    _ = try report(calls.evaluate(made, referred), of: right.count)
  }

  private func checkRepeats(
    _ made: CheckInstance, _ right: [Prediction]
  ) throws(CheckFault) -> String {
    bench.step("repeats", "evaluate, the same predictions again and on another thread")
    let first = try calls.evaluate(made, right)
    let others = onOtherThread {
      Result { () throws(CheckFault) in try calls.evaluate(made, right) }
    }
    guard try first == calls.evaluate(made, right), try first == others.get() else {
      throw .fails("reports differ between two calls on the same predictions")
    }
    return "the same predictions give the same report, on any thread"
  }

  private func checkAnswers(
    _ made: CheckInstance, _ rows: [Example]
  ) throws(CheckFault) -> String {
    for (name, text) in CheckSamples.texts {
      bench.step("answers", "evaluate, \(name) as every answer")
      let predictions = rows.enumerated().map { prediction($0.offset, $0.element, text) }
      _ = try report(calls.evaluate(made, predictions), of: rows.count)
    }
    bench.step("answers", "evaluate, one prediction")
    _ = try report(calls.evaluate(made, [prediction(0, rows[0], "x")]), of: 1)
    return CheckSamples.texts.map(\.name).joined(separator: "; ")
  }

  private func prediction(_ index: Int, _ example: Example, _ text: String) -> Prediction {
    let scored =
      switch example.kind {
      case .pairs: 2
      case .labels: 1
      case .texts, .prompts: example.choices.count
      }
    return Prediction(
      index: index, text: text, example: example,
      choiceLogLikelihoods: (0..<scored).map { -1 - Double($0) })
  }

  private func report(_ text: String, of predictions: Int) throws(CheckFault) -> Report {
    let json: JSONValue
    do throws(JSONError) { json = try JSONValue(parsing: text) } catch {
      throw .fails("the report is not JSON: \(error)")
    }
    do throws(TaskError) {
      let report = try Report(json: json)
      try report.check(predictions: predictions)
      return report
    } catch { throw .fails(error.message) }
  }

  /// Rows of the dataset that comes with the evaluator, or made-up ones.
  private func examples() throws(CheckFault) -> ([Example], Split) {
    bench.step("create", "reading rows of the dataset '\(bench.job.dataset)'")
    guard !bench.job.dataset.isEmpty else {
      let turns = [Turn(role: "user", text: "2 + 2?"), Turn(role: "assistant", text: "4")]
      return (Array(repeating: Example(turns: turns), count: 3), .validation)
    }
    do throws(TaskError) {
      for split in [Split.validation, .test, .train] {
        let rows = try PluginDataset(
          bench.job.dataset, of: calls.plugin, host: bench.host,
          configuration: bench.job.configuration, split: split)
        guard let rows, rows.count > 0 else { continue }
        var examples: [Example] = []
        for index in 0..<min(rows.count, 16) {
          examples.append(try rows.example(at: index, epoch: 0, seed: 42))
        }
        return (examples, split)
      }
    } catch {
      throw .uncalled("not called: its dataset cannot be read (\(error.message)); give --config")
    }
    throw .uncalled("not called: its dataset '\(bench.job.dataset)' has no rows")
  }
}
