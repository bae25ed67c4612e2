import Foundation
import JSON
import Testing

@Suite struct UsageTests {
  @Test func helpNamesEveryVerbAndTheExitCodes() throws {
    let help = try HostProgram.run("--help")
    #expect(help.code == 0)
    #expect(help.errors.isEmpty)
    let verbs = [
      "train", "evaluate", "compare", "generate", "chat", "plan", "data", "inspect", "plugins",
      "bench",
      "doctor", "65 bad data",
    ]
    for verb in verbs { #expect(help.output.contains(verb)) }
  }

  @Test(arguments: [
    ["train"], ["evaluate"], ["compare"], ["generate"], ["chat"], ["plan"], ["data", "show"],
    ["data", "audit"], ["data", "export"], ["data", "prepare"], ["audio", "probe"], ["report"],
    ["inspect", "model"], ["inspect", "adapter"], ["inspect", "run"],
    ["inspect", "logits"], ["inspect", "tokens"], ["inspect", "prompt"], ["plugins", "list"],
    ["plugins", "check"], ["plugins", "new"], ["bench", "train"], ["bench", "generate"],
    ["bench", "gemm"], ["doctor"],
  ])
  func everyVerbShowsExamples(verb: [String]) throws {
    let help = try HostProgram.shell("host help " + verb.joined(separator: " "))
    #expect(help.code == 0)
    #expect(help.output.contains("Examples:\n  host " + verb.joined(separator: " ")))
  }

  @Test(arguments: [
    ("nonsense", "nonsense"), ("train --nonsense", "--nonsense"), ("generate", "--model"),
    ("generate --model m", "--prompt"), ("bench gemm --shape 3x4", "3x4"),
    ("bench gemm --dtype f8", "nf4-single"),
    ("data show", "--task"), ("generate --model m --prompt a --top-p 7", "top"),
  ])
  func badUsageIs64(line: String, named: String) throws {
    let outcome = try HostProgram.shell("host " + line)
    #expect(outcome.code == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix("host: "))
    #expect(outcome.errors.contains(named))
  }

  @Test func versionIsPrinted() throws {
    let outcome = try HostProgram.run("--version")
    #expect(outcome.code == 0)
    #expect(outcome.output.split(separator: ".").count == 3)
  }

  @Test func aReaderThatLeavesEndsTheProgramQuietly() throws {
    let outcome = try HostProgram.shell(
      "set -o pipefail; host help train | head -1; host plugins list --json | true")
    #expect(outcome.code == 0)
    #expect(outcome.errors.isEmpty)
  }
}
