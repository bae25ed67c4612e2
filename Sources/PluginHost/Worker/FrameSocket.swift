import Glibc
import Synchronization

/// One end of the connection between the host and a worker: frames of bytes behind their length.
final class FrameSocket: Sendable {
  /// Why no frame came or went.
  enum Fault: Error { case closed, timedOut }

  /// The socket itself.
  let descriptor: Int32
  private let sending = Mutex<Void>(())

  /// Takes over a stream socket.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(descriptor) }

  /// Sends a frame; any thread. Without a deadline it waits for as long as it takes.
  func send(_ frame: [UInt8], by deadline: ContinuousClock.Instant? = nil) throws(Fault) {
    var bytes = withUnsafeBytes(of: UInt64(frame.count).littleEndian, Array.init)
    bytes += frame
    try send(bare: bytes, by: deadline)
  }

  /// Sends bytes as they are; any thread.
  func send(bare bytes: [UInt8], by deadline: ContinuousClock.Instant?) throws(Fault) {
    let result: Result<Void, Fault> = sending.withLock { _ in
      do throws(Fault) { return .success(try sendAll(bytes, deadline)) } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// The next frame; one thread at a time. One of more than `limit` bytes is a fault: the other side
  /// writes nonsense.
  func receive(
    by deadline: ContinuousClock.Instant? = nil, limit: UInt64 = 1 << 34
  ) throws(Fault) -> [UInt8] {
    let header = try receive(count: 8, deadline)
    let count = header.withUnsafeBytes { UInt64(littleEndian: $0.load(as: UInt64.self)) }
    guard count < limit else { throw .closed }
    return try receive(count: Int(count), deadline)
  }

  /// What has come, once anything has: at least a byte.
  func receiveSome(by deadline: ContinuousClock.Instant?) throws(Fault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      if count > 0 { return Array(bytes[..<count]) }
      guard count < 0, errno == EAGAIN || errno == EINTR else { throw .closed }
      if errno == EAGAIN { try wait(for: POLLIN, deadline) }
    }
  }

  /// Whether there is something to receive, or the other side has gone, before `moment`.
  func isReadable(by moment: ContinuousClock.Instant) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let milliseconds = max(0, (moment - .now) / .milliseconds(1))
    return poll(&entry, 1, Int32(min(milliseconds.rounded(.up), 1e9))) > 0
  }

  /// Tells the other side that nothing more comes.
  func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Blocks until the other side has gone.
  func waitForEnd() {
    var entry = pollfd(fd: descriptor, events: 0, revents: 0)
    while poll(&entry, 1, -1) < 0, errno == EINTR {}
  }

  private func sendAll(_ bytes: [UInt8], _ deadline: ContinuousClock.Instant?) throws(Fault) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.send(
          descriptor, buffer.baseAddress! + done, buffer.count - done,
          Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count > 0 {
        done += count
      } else if errno == EAGAIN {
        try wait(for: POLLOUT, deadline)
      } else if errno != EINTR {
        throw .closed
      }
    }
  }

  /// Receives in stretches: a length is believed only as far as bytes have come.
  private func receive(
    count: Int, _ deadline: ContinuousClock.Instant?
  ) throws(Fault) -> [UInt8] {
    var bytes = try stretch(min(count, Self.longestStretch), deadline)
    while bytes.count < count {
      bytes += try stretch(min(count - bytes.count, Self.longestStretch), deadline)
    }
    return bytes
  }

  private static let longestStretch = 16 << 20

  private func stretch(
    _ count: Int, _ deadline: ContinuousClock.Instant?
  ) throws(Fault) -> [UInt8] {
    var fault: Fault?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      do throws(Fault) { try fill(buffer, &done, deadline) } catch { fault = error }
    }
    if let fault { throw fault }
    return bytes
  }

  private func fill(
    _ buffer: UnsafeMutableBufferPointer<UInt8>, _ done: inout Int,
    _ deadline: ContinuousClock.Instant?
  ) throws(Fault) {
    while done < buffer.count {
      let count = recv(
        descriptor, buffer.baseAddress! + done, buffer.count - done, Int32(MSG_DONTWAIT))
      if count > 0 {
        done += count
      } else if count == 0 {
        throw .closed
      } else if errno == EAGAIN {
        try wait(for: POLLIN, deadline)
      } else if errno != EINTR {
        throw .closed
      }
    }
  }

  private func wait(for events: Int32, _ deadline: ContinuousClock.Instant?) throws(Fault) {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    var milliseconds: Int32 = -1
    if let deadline {
      let rest = (deadline - .now) / .milliseconds(1)
      guard rest > 0 else { throw .timedOut }
      milliseconds = Int32(min(rest.rounded(.up), 1e9))
    }
    _ = poll(&entry, 1, milliseconds)
  }
}
