import Testing

@testable import PluginHost

/// What crosses the boundary between a check and its worker.
struct CheckMessageTests {
  @Test func jobsArrive() throws {
    var job = CheckJob(path: "./libé.so", libraryDirectory: "/lib")
    job.export = Plugin.Export(kind: .reward, name: "r", summary: "Ä")
    job.configuration = "{\"a\": 1}"
    job.isConfigured = true
    job.memoryLimit = 0
    job.dataset = "d"
    job.samples = [CheckSample(prompt: "p", completion: "", metadata: "{}", group: -3)]
    guard case .check(let read) = try WorkerRequest(bytes: WorkerRequest.check(job).bytes) else {
      Issue.record("another request")
      return
    }
    #expect(read == job)
  }

  @Test(arguments: [
    CheckEvent.step(subject: "s", side: "t", call: "c"),
    .finding(CheckFinding(.note, "s", "t", "é")), .fault("it wrote"), .done,
    .plugin(
      PluginSummary(
        path: "p", name: "n", version: "1", builtWith: "C",
        exports: [Plugin.Export(kind: .task, name: "t", summary: "")])),
  ])
  func eventsArrive(event: CheckEvent) throws {
    let bytes = WorkerResponse.check(event).bytes
    guard case .check(let read) = try WorkerResponse(bytes: bytes) else {
      Issue.record("another response")
      return
    }
    #expect(read == event)
    #expect(throws: WireReader.Fault.self) { try WorkerResponse(bytes: [CheckEvent.tag, 99]) }
  }

  @Test(arguments: [
    (
      """
      ==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x60 at pc 0x7f bp 0x7f sp 0x7f
      READ of size 4 at 0x60 thread T0
          #0 0x7f12 in memcpy (/lib/libasan.so.8+0x1)
          #1 0x7f13 in score /home/me/r.c:62
      """, "AddressSanitizer: heap-use-after-free (score /home/me/r.c:62)"
    ),
    (
      "r.c:9:3: runtime error: signed integer overflow: 2 + 2 cannot be represented\n",
      "r.c:9:3: runtime error: signed integer overflow: 2 + 2 cannot be represented"
    ),
  ])
  func sanitizersAreQuoted(report: String, sentence: String) {
    #expect(Sanitizer.sentence(of: report) == sentence)
  }

  @Test func lentMemoryIsWatched() throws {
    let lending = Lending()
    let text = lending.text("Ünï", "a text")
    #expect(text.len == 5 && String(text) == "Ünï")
    let numbers = lending.writable([Float](repeating: 0, count: 3), "numbers")
    numbers[2] = 1
    try lending.checkOutputs()
    numbers[-1] = 1
    let fault = #expect(throws: CheckFault.self) { try lending.checkOutputs() }
    #expect(fault?.text == "it wrote before the beginning of numbers")
  }
}
