import CCurl
import Glibc

/// A line to web servers, for requests one behind the other. The work is libcurl's, which is opened with
/// the first request: proxies (`HTTPS_PROXY`, `NO_PROXY`) and certificates are as everywhere on the
/// system.
final class WebLine {
  /// What is asked.
  struct Request {
    var address: WebAddress
    var headers: [(name: String, value: String)] = []
  }

  /// An answer's beginning.
  struct Head: Sendable {
    var status = 0
    /// By names in small letters; the last of equal ones.
    var headers: [String: String] = [:]
  }

  /// Why there is no whole answer.
  enum Fault: Error {
    /// Another attempt may help, or not.
    case failed(String), refused(String)
    /// The program was asked to stop.
    case stopped
    /// Whoever takes the body has refused the rest.
    case body(any Error)
  }

  private let line: UnsafeMutableRawPointer?
  private let authorities: String?, isCancelled: () -> Bool

  /// A line that trusts the certificates in the file `authorities`, else those of the system.
  init(authorities: String?, isCancelled: @escaping () -> Bool) {
    line = curl_line_open()
    self.authorities = authorities
    self.isCancelled = isCancelled
  }

  deinit { curl_line_close(line) }

  /// Gets `request`; the body goes to `take` in pieces, once the head is known.
  func get(
    _ request: Request, _ take: (Head, UnsafeRawBufferPointer) throws -> Void
  ) throws(Fault) -> Head {
    try withoutActuallyEscaping(take) { take throws(Fault) in
      let exchange = Exchange(take, isCancelled)
      let outcome = perform(request, exchange)
      if let error = exchange.failure { throw .body(error) }
      let text = withUnsafeBytes(of: outcome.text) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      switch outcome.ending {
      case CURL_ENDED: break
      case CURL_STOPPED: throw .stopped
      case CURL_REFUSED: throw .refused(text)
      case CURL_IS_MISSING:
        throw .refused(
          "fetching needs the system's libcurl.so.4, which cannot be opened; install it (libcurl4 on "
            + "Debian and Ubuntu, libcurl on Fedora)")
      default: throw .failed(text)
      }
      return exchange.head
    }
  }

  private func perform(_ request: Request, _ exchange: Exchange) -> curl_outcome {
    let lines = request.headers.map { strdup("\($0.name): \($0.value)") }
    defer { lines.forEach { free($0) } }
    let headers = lines.map { UnsafePointer<CChar>($0) } + [nil]
    return headers.withUnsafeBufferPointer { headers in
      request.address.text.withCString { url in
        withText(authorities) { authorities in
          var call = curl_request(
            url: url, headers: headers.baseAddress, authorities: authorities,
            header: { Exchange.of($0).take(line: UnsafeRawBufferPointer(start: $1, count: $2)) },
            body: { Exchange.of($0).take(body: UnsafeRawBufferPointer(start: $1, count: $2)) },
            stop: { Exchange.of($0).isCancelled() ? 1 : 0 },
            context: Unmanaged.passUnretained(exchange).toOpaque())
          return withExtendedLifetime(exchange) { curl_line_perform(line, &call) }
        }
      }
    }
  }

  private func withText<Result>(
    _ text: String?, _ body: (UnsafePointer<CChar>?) -> Result
  ) -> Result {
    guard let text else { return body(nil) }
    return text.withCString(body)
  }
}

/// What becomes of an answer while it comes.
private final class Exchange {
  private(set) var head = WebLine.Head(), failure: (any Error)?
  let isCancelled: () -> Bool
  private let take: (WebLine.Head, UnsafeRawBufferPointer) throws -> Void

  init(
    _ take: @escaping (WebLine.Head, UnsafeRawBufferPointer) throws -> Void,
    _ isCancelled: @escaping () -> Bool
  ) {
    self.take = take
    self.isCancelled = isCancelled
  }

  static func of(_ context: UnsafeMutableRawPointer?) -> Exchange {
    Unmanaged<Exchange>.fromOpaque(context!).takeUnretainedValue()
  }

  /// A line of the head. A proxy's answer has a head too, which the server's replaces.
  func take(line bytes: UnsafeRawBufferPointer) {
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      head = WebLine.Head()
      head.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...]
      head.headers[line[..<colon].lowercased()] = value.trimmed
    }
  }

  func take(body bytes: UnsafeRawBufferPointer) -> Int32 {
    do {
      try take(head, bytes)
      return 0
    } catch {
      failure = error
      return 1
    }
  }
}

extension StringProtocol {
  /// The text without blanks and line breaks at its ends.
  var trimmed: String {
    let isBlank: (Character) -> Bool = { $0.isWhitespace }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
