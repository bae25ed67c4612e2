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
    ["bench", "gemm"], ["doctor"], ["merge"], ["export"],
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

  @Test(arguments: ["abc", "0", "-1", "2x", "1e3", "100000"])
  func aNumberOfThreadsThatIsNoneIsRefused(text: String) throws {
    let outcome = try HostProgram.run("plugins", "list", environment: ["HOST_THREADS": text])
    #expect(outcome.code == 64)
    #expect(
      outcome.errors.contains("HOST_THREADS: '\(text)' is not a number of threads from 1 to 256"))
    #expect(try HostProgram.run("--help", environment: ["HOST_THREADS": text]).code == 0)
  }

  @Test func moreThreadsThanCoresAreSaid() throws {
    let outcome = try HostProgram.run("doctor", environment: ["HOST_THREADS": "199"])
    #expect(outcome.output.contains("199 on ") && !outcome.output.contains("199 of "))
  }

  @Test func foldersOfPluginsThatAreNoneAreSaid() throws {
    let lacking = try HostProgram.run("plugins", "list", "--plugin-dir", "/no/such/folder")
    #expect(lacking.code == 64 && lacking.errors.contains("there is no such folder"))
    let file = try HostProgram.run("plugins", "list", "--plugin-dir", "/proc/self/exe")
    #expect(file.code == 64 && file.errors.contains("is a file; give the folder"))
    let path = try HostProgram.run(
      "plugins", "list", environment: ["HOST_PLUGIN_PATH": "/no/such/folder"])
    #expect(path.code == 0)
    #expect(path.errors.contains("HOST_PLUGIN_PATH names /no/such/folder, which is not a folder"))
  }
}
