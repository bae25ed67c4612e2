import CPluginABI
import Glibc

@testable import PluginHost

/// Gives arbitrary bytes to what reads the worker's wire, on either side. What can be read must be
/// usable, and be written again as it was.
@c public func LLVMFuzzerTestOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  var bytes = FuzzBytes(UnsafeBufferPointer(start: start, count: count))
  let side = bytes.integer(UInt8.self), message = bytes.takeAll()
  switch side {
  case 0: readRequest(message)
  case 1: readResponse(message)
  default: receive(message)
  }
  return 0
}

private func readRequest(_ bytes: [UInt8]) {
  guard let request = try? WorkerRequest(bytes: bytes) else { return }
  if case .score(let batch) = request { look(at: batch) }
  // Texts that are not UTF-8 are mended when they are read: written once more, they stay the same.
  let written = request.bytes, again = try? WorkerRequest(bytes: written)
  precondition(again?.bytes == written, "a request is not read as it was written")
}

private func readResponse(_ bytes: [UInt8]) {
  guard let response = try? WorkerResponse(bytes: bytes) else { return }
  if case .scored(let reply) = response { _ = try? reply.outcomes() }
  let written = response.bytes, again = try? WorkerResponse(bytes: written)
  precondition(again?.bytes == written, "a response is not read as it was written")
}

/// Reads every text that a plugin would get.
private func look(at batch: RewardBatch) {
  let total = batch.withTable { table in
    let table = table.pointee
    var total = 0
    for index in 0..<table.count {
      let reference = table.facts.pointee.references[index]
      for text in [
        table.prompts[index], table.completions[index], table.metadata_json[index], reference,
      ] {
        total += UnsafeRawBufferPointer(start: text.ptr, count: text.len).count { $0 > 0 }
      }
    }
    return total
  }
  precondition(total == batch.block.count { $0 > 0 }, "the texts are not the block")
}

/// Reads the frames of a sender that writes these bytes and leaves.
private func receive(_ bytes: [UInt8]) {
  var ends: [Int32] = [0, 0]
  guard bytes.count < 1 << 15,
    socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0
  else { return }
  precondition(send(ends[1], bytes, bytes.count, 0) == bytes.count, "the socket is too small")
  close(ends[1])
  let socket = FrameSocket(ends[0])
  var rest = bytes.count
  while let frame = try? socket.receive() { rest -= 8 + frame.count }
  precondition(rest >= 0, "more was received than sent")
}
