import CHostSupport
import CPluginABI
import Glibc
import Testing

@testable import PluginHost

/// Files, tables and messages whose numbers lie: each was found by the fuzzers of Tests/Fuzz.
struct DamagedInputTests {
  /// An ELF header alone, changed at some bytes; what the check says of it, nil if nothing.
  private func reason(_ changes: [Int: [UInt8]]) -> String? {
    var head = [UInt8](repeating: 0, count: 64)
    #if arch(arm64)
      let machine: [UInt8] = [0xB7]
    #else
      let machine: [UInt8] = [0x3E]
    #endif
    let valid: [Int: [UInt8]] = [0: Array("\u{7F}ELF".utf8) + [2, 1, 1], 16: [3], 54: [56]]
    for (offset, bytes) in Array(valid) + [(18, machine)] + Array(changes) {
      head.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    guard let file = tmpfile() else { return "no file" }
    defer { fclose(file) }
    guard fwrite(head, 1, head.count, file) == head.count, fflush(file) == 0 else {
      return "it cannot be written"
    }
    var text = [CChar](repeating: 0, count: 256)
    return text.withUnsafeMutableBufferPointer { text in
      let path = "/proc/self/fd/\(fileno(file))"
      guard hs_check_shared_object(path, text.baseAddress, text.count) != 0 else { return nil }
      return text.baseAddress.map { String(cString: $0) }
    }
  }

  @Test func headersBeyondTheLastAddress() {
    let beforeTheEnd = [0xC0] + [UInt8](repeating: 0xFF, count: 7)
    #expect(reason([:]) == nil)
    // Section headers at 2^64 - 64, one of 64 bytes; program headers there, two of 56 bytes.
    #expect(reason([40: beforeTheEnd, 58: [64], 60: [1]])?.contains("truncated") == true)
    #expect(reason([32: beforeTheEnd, 56: [2]])?.contains("truncated") == true)
  }

  @Test(arguments: [Int.max, -1, .min, 4097])
  func tablesThatCountTooMuch(count: Int) {
    withUnsafeTemporaryAllocation(of: tk_export_v1.self, capacity: 1) { exports in
      exports.initialize(repeating: tk_export_v1())
      "p".withCString { name in
        var table = tk_plugin_v1()
        table.head = tk_plugin_head(
          magic: UInt32(TK_MAGIC), abi_major: UInt32(TK_ABI_MAJOR), abi_minor: 0,
          struct_size: UInt32(MemoryLayout<tk_plugin_v1>.size))
        table.name = name
        table.exports = UnsafePointer(exports.baseAddress)
        table.export_count = count
        let fault = withUnsafePointer(to: &table) { table in
          #expect(throws: SharedObject.Fault.self) {
            try Plugin(
              head: UnsafeRawPointer(table).assumingMemoryBound(to: tk_plugin_head.self), path: "p")
          }
        }
        #expect(fault?.reason.contains("says it exports \(UInt(bitPattern: count)) things") == true)
      }
    }
  }

  @Test(arguments: [
    [Int.max, Int.max, 5, 0], [-1, 2, 2, 0], [1, 1, 2, -1], [4, 0, 0, 0], [1, 1, 1], [1, 1, 1, -2],
  ])
  func batchesWhoseLengthsDoNotFit(lengths: [Int]) {
    func batch(_ lengths: [Int], tokens: [Int64] = [7]) -> RewardBatch? {
      RewardBatch(
        block: [1, 2, 3], lengths: lengths, groups: [0], tokens: tokens, truncated: [0])
    }
    #expect(batch(lengths) == nil)
    #expect(batch([0, 3, 0, -1])?.count == 1 && batch([0, 1, 0, 2])?.count == 1)
    #expect(batch([0, 3, 0, -1], tokens: []) == nil)
  }

  @Test func messagesThatCountMoreThanTheyHold() {
    let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
    for bytes in [[1] + huge, [1, 0, 0, 0, 0] + huge, [2, 1] + huge] {
      #expect(throws: WireReader.Fault.self) { try WorkerRequest(bytes: bytes) }
      #expect(throws: WireReader.Fault.self) { try WorkerResponse(bytes: bytes) }
    }
  }

  @Test func framesLargerThanAPieceArriveWhole() throws {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let sockets = ends.map { FrameSocket($0) }
    let frame = [UInt8](repeating: 7, count: 1 << 26) + [1, 2, 3]
    let results = onThreads(2) { side in
      side == 0
        ? (try? sockets[0].send(frame)) != nil : (try? sockets[1].receive()) == frame
    }
    #expect(results == [true, true])
  }

  @Test func rowsWithSizesOfNothing() {
    let sink = ExampleSink()
    sink.withTable { table in
      let shape: [Int64] = [2]
      let status = "t".withStr {
        table.pointee.tensor(table, $0, Int32(TK_F32), shape, shape.count, nil, 8)
      }
      #expect(status == TK_E_INTERNAL)
      #expect(table.pointee.turn(table, 0, tk_str(), nil, 3) == TK_E_INTERNAL)
    }
    #expect(sink.fault?.contains("has 0 bytes") == true)
  }
}
