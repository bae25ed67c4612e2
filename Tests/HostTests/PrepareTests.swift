import Formats
import Foundation
import JSON
import Testing

/// `host data prepare`: files that other tools read, whole or not at all.
@Suite struct PrepareTests {
  private let scratch: Scratch
  private let task = "--task hri_dialogue --set data.test_fraction=0.1"

  init() throws { scratch = try Scratch() }

  private func json(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: String(contentsOf: scratch.url(name), encoding: .utf8))
  }

  /// Every token of every row, as one text.
  private func tokens(_ options: String) throws -> String {
    let outcome = try HostProgram.shell("host data export \(options) --tokens")
    try #require(outcome.code == 0, "\(outcome.errors)")
    return try outcome.output.split(separator: "\n").map {
      try JSONValue(parsing: String($0))["input_ids"]?.text() ?? ""
    }.joined(separator: "\n")
  }

  @Test(arguments: [false, true]) func preparedRowsAreTheSameRows(history: Bool) throws {
    let task = task + " --set data.history=\(history)", out = scratch.path("rows")
    let outcome = try HostProgram.shell("host data prepare \(task) --output-dir \(out)")
    try #require(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("earlier exchanges") == history)
    let files = [
      "dataset_info.json", "manifest.json", "meta.json", "test.jsonl", "train.json",
      "validation.json",
    ]
    #expect(try FileManager.default.contentsOfDirectory(atPath: out).sorted() == files)
    #expect(scratch.names == ["rows"])

    let other = "--task instruct --model nano-qwen3"
    for (split, file) in [
      ("train", "train.json"), ("validation", "validation.json"), ("test", "test.jsonl"),
    ] {
      let key = "--set data.\(split)=\(out)/\(file) --split \(split)"
      let read = split == "train" ? "" : "--set data.train=\(out)/train.json "
      #expect(
        try tokens("\(other) \(read)\(key)") == tokens("\(task) --split \(split)"), "\(split)")
    }
  }

  @Test func theRegistryAndTheReceiptSayWhatIsThere() throws {
    let out = scratch.path("rows")
    let outcome = try HostProgram.shell(
      "host data prepare \(task) --seed 5 --output-dir \(out)")
    try #require(outcome.code == 0, "\(outcome.errors)")
    let entry = try json("rows/dataset_info.json")["hri_dialogue"]
    #expect(entry?["file_name"] == "train.json" && entry?["file_name_eval"] == "validation.json")
    #expect(entry?["file_name_test"] == "test.jsonl" && entry?["formatting"] == "alpaca")
    #expect(entry?["columns"]?["response"] == "output")

    let meta = try json("rows/meta.json"), rows = try #require(json("rows/train.json").array)
    #expect(meta["task"] == "hri_dialogue" && meta["seed"] == 5)
    #expect(meta["data"]?["test_fraction"] == 0.1)
    #expect(meta["rows"]?["train"]?.int == rows.count)
    for (name, entry) in meta["files"]?.object ?? [:] {
      #expect(try FileDigest(ofFile: "\(out)/\(name)").json == entry, "\(name)")
    }
    #expect(meta["files"]?.object?.count == 4)
    for row in rows {
      #expect(row["instruction"]?.string?.isEmpty == false && row["output"]?.string != nil)
      #expect(row["system"]?.string?.hasPrefix("You are a robot") == true)
      #expect(row["history"]?.array?.isEmpty == true && row["domain"]?.string != nil)
    }
  }

  @Test func theQuestionIsDividedAtItsFirstBlankLine() throws {
    let data = try scratch.write(
      #"{"messages": [{"role": "user", "content": "Say it.\n\nOne.\n\nTwo."}, "#
        + #"{"role": "assistant", "content": "Yes"}]}"#, to: "rows.jsonl")
    let outcome = try HostProgram.shell(
      "host data prepare --task instruct --set data.train=\(data)"
        + " --output-dir \(scratch.path("rows"))")
    try #require(outcome.code == 0, "\(outcome.errors)")
    let row = try json("rows/train.json")[0]
    #expect(row?["instruction"] == "Say it." && row?["input"] == "One.\n\nTwo.")
    #expect(!scratch.holds("rows/validation.json") && !scratch.holds("rows/test.jsonl"))
  }

  @Test func rowsWithoutAPlaceInSuchFilesAreRefused() throws {
    let tool = try scratch.write(
      #"{"messages": [{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}, "#
        + #"{"role": "assistant", "content": "c"}]}"#, to: "tool.jsonl")
    let drama = HostProgram.package.appending(path: "tasks/speech_drama").path
    for (options, named) in [
      (
        "--task instruct --set data.train=\(tool)",
        "train row 0 has the turns user, tool, assistant"
      ),
      (
        "--task speech_drama --set data.train=\(drama)/sample/train.jsonl"
          + " --set data.prompts=\(drama)/prompts", "train row 0 holds audio"
      ),
    ] {
      let outcome = try HostProgram.shell(
        "host data prepare \(options) --output-dir \(scratch.path("rows"))")
      #expect(outcome.code == 65 && outcome.errors.contains(named), "\(outcome.errors)")
      #expect(scratch.names == ["tool.jsonl"])
    }
  }

  @Test func aFolderIsReplacedOnlyWhenAskedFor() throws {
    let out = scratch.path("rows"), line = "host data prepare \(task) --output-dir \(out)"
    #expect(try HostProgram.shell(line).code == 0)
    let meta = try json("rows/meta.json")
    let refused = try HostProgram.shell(line + " --seed 9")
    #expect(refused.code == 64 && refused.errors.contains("--overwrite"))
    #expect(try json("rows/meta.json") == meta)
    #expect(try HostProgram.shell(line + " --seed 9 --overwrite").code == 0)
    #expect(try json("rows/meta.json")["seed"] == 9)

    try FileManager.default.createDirectory(
      at: scratch.url("precious"), withIntermediateDirectories: true)
    try scratch.write("kept", to: "precious/letter.txt")
    let other = try HostProgram.shell(
      "host data prepare \(task) --output-dir \(scratch.path("precious")) --overwrite")
    #expect(other.code == 64 && other.errors.contains("holds 'letter.txt'"))
    #expect(scratch.holds("precious/letter.txt"))
    // What merely looks like such a folder is nobody's to remove either.
    try scratch.write("{}", to: "precious/meta.json")
    let alike = try HostProgram.shell(
      "host data prepare \(task) --output-dir \(scratch.path("precious")) --overwrite")
    #expect(alike.code == 64 && scratch.holds("precious/letter.txt"))
  }

  /// Two calls on one folder do not mix; a link's folder is replaced, not the link.
  @Test func aFolderHasOneWriter() throws {
    let out = scratch.path("rows")
    let outcome = try HostProgram.shell(
      """
      for seed in 1 2 3 4; do
        host data prepare \(task) --seed $seed --output-dir \(out) --overwrite & waits+=($!)
      done
      good=0; for one in ${waits[@]}; do wait $one && good=$((good + 1)); done; echo $good
      """)
    #expect(Int(outcome.output.dropLast()) ?? 0 >= 1, "\(outcome.errors)")
    try DurableFolder.verify(out)
    #expect(scratch.names == ["rows"])
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("link"), withDestinationPath: out)
    let linked = try HostProgram.shell(
      "host data prepare \(task) --seed 9 --output-dir \(scratch.path("link")) --overwrite")
    #expect(linked.code == 0, "\(linked.errors)")
    #expect(try json("rows/meta.json")["seed"] == 9)
    #expect(scratch.names == ["link", "rows"])
  }

  /// Ended while it writes, it leaves no folder, and the next call clears away what it left.
  @Test(arguments: ["INT", "KILL"]) func anInterruptionLeavesNothingHalfMade(signal: String) throws
  {
    let rows = (0..<4000).map { index in
      #"{"messages": [{"role": "user", "content": "number \#(index)"}, "#
        + #"{"role": "assistant", "content": "\#(index + 1)"}]}"#
    }
    let file = try scratch.write(rows.joined(separator: "\n"), to: "rows.jsonl")
    // Twenty thousand rows: what is first flushed is the tenth part of them.
    let files = Array(repeating: file, count: 5).joined(separator: ", ")
    let out = scratch.path("rows")
    let line = "host data prepare --task instruct --output-dir \(out)"
    let outcome = try HostProgram.shell(
      """
      \(line) --set 'data.train=[\(files)]' & program=$!
      until [ -s \(scratch.path(".rows.partial/train.json")) ]; do
        kill -0 $program || exit 99
      done
      kill -\(signal) $program; wait $program
      """)
    #expect(outcome.code == (signal == "INT" ? 130 : 137), "\(outcome.errors)")
    #expect(!scratch.holds("rows"))
    if signal == "INT" {
      #expect(outcome.errors.contains("interrupted") && !scratch.holds(".rows.partial"))
    }
    #expect(try HostProgram.shell("\(line) --set data.train=\(file)").code == 0)
    #expect(scratch.names == ["rows", "rows.jsonl"])
    try DurableFolder.verify(out)
  }
}
