import ArgumentParser
import JSON
import Rows
import Runs
import Tasks
import Tensors

/// `host bench tokenizer`
struct BenchTokenizer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer", abstract: "Times how fast a task's rows become tokens.",
    discussion: """
      Three ways, each the median of several runs over the same rows of the training
      split: texts that the chat template has written, on one thread; template and
      tokens, on one thread; and the first pass of a training run, rows read from
      the plugin, on all threads (HOST_THREADS).

      Examples:
        host bench tokenizer --task hri_dialogue
        host bench tokenizer --config mine.yaml --model Qwen/Qwen3-0.6B \\
          --rows 20000 --json
      """)

  @OptionGroup var task: TaskOptions
  @Option(help: ArgumentHelp("The first rows of the split, this many at most.", valueName: "rows"))
  var rows = 10_000
  @Option(help: ArgumentHelp("Timed runs of each way.", valueName: "runs")) var runs = 5
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard rows > 0, runs > 0 else {
      throw ValidationError("--rows and --runs must be greater than 0.")
    }
  }

  func run() throws {
    let session = try TaskSession(task.assemble())
    let data = FirstRows(of: try session.rows(of: .train), most: rows)
    var examples: [Example] = []
    for row in 0..<data.count {
      examples.append(try data.example(at: row, epoch: 0, seed: session.seed))
    }
    let encoder = session.encoder
    let texts = try examples.map { try encoder.render($0, label: "row").text }
    let ways = [
      timed("text to tokens, 1 thread", "text") {
        texts.reduce(0) { $0 + encoder.tokenizer.encode($1).count }
      },
      try timed("row to tokens, 1 thread", "row") {
        try examples.reduce(0) { $0 + (try encoder.sample($1, label: "row")).ids.count }
      },
      try timed("first pass, \(Parallel.threads) threads", "pass") {
        try EncodedDataset(
          data, name: "train", encoder: encoder, maximumLength: .max, policy: .drop,
          seed: session.seed
        ).statistics.tokens
      },
    ]
    let bytes = texts.reduce(0) { $0 + $1.utf8.count }
    if json {
      var report: JSONValue = ["rows": .int(data.count), "bytes": .int(bytes)]
      for way in ways { report = report.setting(way.key, way.json(rows: data.count)) }
      return Console.print(report.text(.pretty))
    }
    var table = TextTable(
      ("\(Format.grouped(data.count)) rows, \(Format.bytes(bytes)) of text", .left),
      ("rows/s", .right), ("tokens/s", .right), ("tokens a row", .right))
    for way in ways {
      let seconds = way.seconds.median
      table.append(
        way.name, Format.short(Double(data.count) / seconds),
        Format.short(Double(way.tokens) / seconds), "\(way.tokens / data.count)")
    }
    Console.print(table.text)
  }

  /// One way from rows to tokens.
  private struct Way {
    let name: String, key: String
    let tokens: Int, seconds: Rates

    func json(rows: Int) -> JSONValue {
      [
        "tokens": .int(tokens), "tokens_per_second": .double(Double(tokens) / seconds.median),
        "rows_per_second": .double(Double(rows) / seconds.median),
        "seconds": .array(seconds.all.map(JSONValue.double)),
      ]
    }
  }

  /// Times `body`, which returns its tokens, after one run that does not count.
  private func timed(_ name: String, _ key: String, _ body: () throws -> Int) rethrows -> Way {
    let tokens = try body()
    let seconds = try (0..<runs).map { _ in try time(body) }
    return Way(name: name, key: key, tokens: tokens, seconds: Rates(seconds))
  }

  private func time(_ body: () throws -> Int) rethrows -> Double {
    let start = ContinuousClock.now
    _ = try body()
    return (ContinuousClock.now - start) / .seconds(1)
  }
}

/// The beginning of a dataset.
private struct FirstRows: Dataset {
  private let whole: any Dataset
  let count: Int

  init(of whole: any Dataset, most: Int) {
    self.whole = whole
    count = min(most, whole.count)
  }

  func example(at index: Int, epoch: Int, seed: UInt64) throws(TaskError) -> Example {
    try whole.example(at: index, epoch: epoch, seed: seed)
  }
}
