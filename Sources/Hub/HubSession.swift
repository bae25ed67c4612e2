import Formats
import JSON

/// Requests to the Hub: tried again where that may help, redirected by our own rules.
final class HubSession {
  let access: HubAccess
  private let line: WebLine, isCancelled: () -> Bool
  /// Waits so many seconds.
  private let pause: (Double) -> Void
  private let origin: String

  /// How often a request is made at most while nothing comes of it.
  static let attempts = 6

  init(
    _ access: HubAccess, isCancelled: @escaping () -> Bool, pause: @escaping (Double) -> Void
  ) {
    self.access = access
    self.isCancelled = isCancelled
    self.pause = pause
    line = WebLine(authorities: access.authorities, isCancelled: isCancelled)
    origin = WebAddress(access.endpoint)?.origin ?? access.endpoint
  }

  /// What an answer of the Hub's own says in JSON, and its head.
  func json(
    _ address: String, of repository: HubRepository, revision: String
  ) throws -> (value: JSONValue, head: WebLine.Head) {
    var trial = Trial()
    while true {
      var body: [UInt8] = []
      do {
        let head = try get(address) { _, bytes in
          guard body.count + bytes.count <= 1 << 28 else {
            throw HubError(.failed, "\(access.endpoint): the answer is longer than 256 MiB")
          }
          body += bytes
        }
        guard head.status == 200 else {
          throw try refusal(head, of: repository, revision: revision)
        }
        return (try JSONValue(parsing: body), head)
      } catch let error as JSONError {
        throw HubError(
          .failed, "\(access.endpoint): its answer about \(repository.name) is not JSON: \(error)")
      } catch let obstacle as Obstacle {
        try wait(&trial, obstacle)
      }
    }
  }

  /// Gets `address`, following redirects: within an origin with the token, elsewhere without it. An
  /// answer that another attempt may change is an `Obstacle`. Only a final answer's body is taken.
  func get(
    _ address: String, headers: [(name: String, value: String)] = [],
    _ take: (WebLine.Head, UnsafeRawBufferPointer) throws -> Void
  ) throws -> WebLine.Head {
    guard !access.isOffline else {
      throw HubError(.refused, "\(access.endpoint) is not asked: the program is to stay offline")
    }
    guard var place = WebAddress(address) else {
      throw HubError(.refused, "\(address) is no web address")
    }
    for _ in 0..<6 {
      let head = try step(place, headers, take)
      guard [301, 302, 303, 307, 308].contains(head.status) else { return head }
      guard let location = head.headers["location"], let next = place.following(location) else {
        throw HubError(.failed, "\(place) leads to another place and does not say to which")
      }
      guard !next.isOpen || place.isOpen else {
        throw HubError(.refused, "\(place) leads to \(next), which is not encrypted")
      }
      place = next
    }
    throw HubError(.failed, "\(address) leads from place to place without end")
  }

  private func step(
    _ place: WebAddress, _ headers: [(name: String, value: String)],
    _ take: (WebLine.Head, UnsafeRawBufferPointer) throws -> Void
  ) throws -> WebLine.Head {
    var request = WebLine.Request(address: place, headers: headers)
    request.headers += [("User-Agent", access.agent), ("Accept-Encoding", "identity")]
    if let token = access.token, place.origin == origin {
      request.headers.append(("Authorization", "Bearer \(token)"))
    }
    do throws(WebLine.Fault) {
      let head = try line.get(request) { head, bytes in
        if (200..<300).contains(head.status) { try take(head, bytes) }
      }
      guard [408, 425, 429, 500, 502, 503, 504].contains(head.status) else { return head }
      throw WebLine.Fault.body(
        Obstacle("\(place) answers \(head.status)", wait: head.headers["retry-after"]))
    } catch {
      switch error {
      case .stopped: throw HubError(.cancelled, "fetching was stopped; what has come is kept")
      case .refused(let reason): throw HubError(.refused, "\(place.origin): \(reason)")
      case .failed(let reason): throw Obstacle("\(place.origin): \(reason)")
      case .body(let error): throw error
      }
    }
  }

  /// Waits until it is time for another attempt; throws when there have been enough.
  func wait(_ trial: inout Trial, _ obstacle: Obstacle) throws {
    guard !isCancelled() else {
      throw HubError(.cancelled, "fetching was stopped; what has come is kept")
    }
    trial.count += 1
    guard trial.count < Self.attempts else {
      throw HubError(
        .failed,
        "\(obstacle.reason), \(trial.count) times; what has come is kept, and the same command goes on "
          + "with it")
    }
    let usual = [1.0, 2, 4, 8, 8][min(trial.count - 1, 4)]
    pause(min(obstacle.wait ?? usual, 120))
  }

  /// What the Hub's refusal means.
  func refusal(
    _ head: WebLine.Head, of repository: HubRepository, revision: String, path: String? = nil
  ) throws -> HubError {
    let name = repository.name, place = "\(access.endpoint)/\(Self.prefix(repository))\(name)"
    let said = head.headers["x-error-message"].map { " (\(Self.shown($0)))" } ?? ""
    let code = head.headers["x-error-code"]
    let asks = "accept its terms at \(place), then `hf auth login`, or set HF_TOKEN"
    switch (head.status, code) {
    case (_, "GatedRepo"):
      return HubError(.refused, "\(name) is for those who have accepted its terms: \(asks)")
    case (_, "RevisionNotFound"):
      return HubError(.refused, "\(name) has no revision '\(revision)'; see \(place)")
    case (_, "EntryNotFound"):
      return HubError(.refused, "\(name) has no file '\(path ?? "")' at \(revision)")
    case (401, _) where access.token == nil:
      return HubError(
        .refused,
        "there is no \(repository.kind.rawValue) \(name) at \(access.endpoint), or it is private, and no "
          + "token was sent: check the name, or set HF_TOKEN")
    case (401, _):
      return HubError(.refused, "\(access.endpoint) does not accept the token\(said)")
    case (403, _):
      return HubError(.refused, "\(name) is not for this token\(said): \(asks)")
    case (404, _):
      return HubError(
        .refused,
        "there is no \(repository.kind.rawValue) \(name) at \(access.endpoint), or the token may not see "
          + "it; check the name")
    default:
      return HubError(.failed, "\(access.endpoint) answers \(head.status) for \(name)\(said)")
    }
  }

  /// What stands before a repository's name in an address.
  static func prefix(_ repository: HubRepository) -> String {
    repository.kind == .dataset ? "datasets/" : ""
  }

  /// A text of the server's as a terminal may have it.
  private static func shown(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(200)))
  }
}

/// Why a request should be made again, and after how many seconds if the server says so.
struct Obstacle: Error {
  let reason: String, wait: Double?

  init(_ reason: String, wait: String? = nil) {
    self.reason = reason
    self.wait = wait.flatMap(Double.init).flatMap { $0 >= 0 ? $0 : nil }
  }
}

/// How often something was tried in vain.
struct Trial {
  var count = 0
}
