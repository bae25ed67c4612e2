import Foundation
import Synchronization
import Threads

/// A web server on this machine: one request a connection, each on a thread of its own.
final class WebServer: Sendable {
  struct Request: Sendable {
    let method: String, path: String, headers: [String: String]
  }

  struct Answer: Sendable {
    var status = 200
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    /// Bytes after which the connection ends, though more are announced.
    var end: Int?
  }

  let port: Int
  private let listener: Int32
  private let log = Mutex<[Request]>([])

  /// What was asked so far.
  var requests: [Request] { log.withLock { $0 } }

  init(_ respond: @escaping @Sendable (Request) -> Answer) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    listener = descriptor
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        precondition(bind(descriptor, address, size) == 0 && listen(descriptor, 64) == 0)
        getsockname(descriptor, address, &size)
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    StartedThread { [weak self] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else {
          close(descriptor)
          return
        }
        StartedThread {
          if let request = Self.read(connection) {
            self?.log.withLock { $0.append(request) }
            Self.write(respond(request), to: connection, isHead: request.method == "HEAD")
          }
          close(connection)
        }.detach()
      }
    }.detach()
  }

  /// The thread that accepts then ends, and closes the listener: nobody else's descriptor has its number.
  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = [], byte: UInt8 = 0
    while !bytes.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
      guard recv(connection, &byte, 1, 0) == 1 else { return nil }
      bytes.append(byte)
    }
    let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ").map(String.init)
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] =
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return words.count >= 2 ? Request(method: words[0], path: words[1], headers: headers) : nil
  }

  private static func write(_ answer: Answer, to connection: Int32, isHead: Bool) {
    var head = "HTTP/1.1 \(answer.status) X\r\nConnection: close\r\n"
    head += "Content-Length: \(answer.body.count)\r\n"
    for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
    var bytes = Array((head + "\r\n").utf8)
    if !isHead { bytes += answer.body.prefix(answer.end ?? answer.body.count) }
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(connection, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }
}
