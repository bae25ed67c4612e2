import Foundation
import JSON
import Testing

/// Nothing that comes out may depend on the order of a hash table, which differs from process to
/// process: the same command, run several times, writes the same bytes.
@Suite struct HashOrderTests {
  static let goldens = HostProgram.package.appending(path: "Tests/Goldens").path

  /// What `command` prints in `count` processes; SCRATCH in it is a folder of the process's own, whose
  /// files count too.
  func outcomes(_ command: String, count: Int = 6) throws -> Set<String> {
    var seen: Set<String> = []
    for _ in 0..<count {
      let scratch = try Scratch(), line = command.replacing("SCRATCH", with: scratch.folder.path)
      let outcome = try HostProgram.shell("cd \(HostProgram.package.path) && " + line)
      let files = try FileManager.default.subpathsOfDirectory(atPath: scratch.folder.path).sorted()
      let contents = files.map { name in
        let data = FileManager.default.contents(atPath: scratch.url(name).path) ?? Data()
        return name + ":" + data.base64EncodedString()
      }
      let text = outcome.output + outcome.errors + "\(outcome.code)"
      seen.insert(
        text.replacing(scratch.folder.path, with: "SCRATCH") + contents.joined(separator: "\n"))
    }
    return seen
  }

  @Test(arguments: [
    "alpha_general_first", "alpha_special_first", "ranks_special_first", "ranks_general_first",
    "ranks_by_pattern",
  ])
  func logitsOfAdaptersWithPatterns(name: String) throws {
    let base = name == "ranks_by_pattern" ? "qwen2" : "llama"
    let seen = try outcomes(
      "host inspect logits --model \(Self.goldens)/models/\(base) --adapter "
        + "\(Self.goldens)/adapters/\(name) --ids 5,17,3,99 --out SCRATCH/l.safetensors")
    #expect(seen.count == 1)
    #expect(seen.first?.contains("l.safetensors:") == true)
  }

  /// Messages that name one of several, and reports.
  @Test(arguments: [
    "host data audit --task hri_dialogue --json",
    "host data audit --task hri_dialogue --set data.validation_fraction=0.9 --set "
      + "data.test_fraction=0.9",
    "host data export --task instruct --split train --out SCRATCH/rows.jsonl",
    "host plan --task instruct --set peft.taget_modules=all-linear --set peft.target_moduls=1",
    "host plugins list", "host inspect adapter \(goldens)/adapters/head_and_embedding --json",
    "host inspect model \(goldens)/models/qwen3 --json",
  ])
  func whatIsSaid(command: String) throws {
    #expect(try outcomes(command, count: 4).count == 1)
  }

  @Test func reportsOfEvaluations() throws {
    let scratch = try Scratch(), model = try TinyModel.make(in: scratch)
    for task in ["instruct", "hri_dialogue"] {
      let seen = try outcomes(
        "host evaluate --task \(task) --model \(model) --limit 6 --set "
          + "generation.max_new_tokens=2 --json 2>/dev/null",
        count: 3)
      #expect(seen.count == 1, "\(task)")
    }
  }
}
