import Formats
import Foundation
import JSON
import Synchronization
import Testing

@testable import Hub

/// A Hub with one repository, `org/tiny`, and its CDN on another port, each with the faults that real
/// ones have. Files of 1024 bytes and more are large ones.
final class FakeHub: Sendable {
  struct Faults: Sendable {
    /// The CDN drops the connection after so many bytes, once for each file.
    var cut: Int?
    /// The CDN ignores ranges; changes a byte in so many answers; sends a byte less than it says.
    var ignoresRange = false, flips = 0, isShort = false
    /// So many requests are answered with 429, with 503.
    var busy = 0, down = 0
    /// The CDN's first so many addresses are no longer good.
    var expired = 0
    var isGated = false, isPrivate = false
    /// Where redirects of large files lead, in the place of the CDN.
    var location: String?
  }

  static let token = "hf_test"
  static let commit = String(repeating: "ab", count: 20)
  let hub: WebServer, cdn: WebServer
  var endpoint: String { "http://127.0.0.1:\(hub.port)" }

  private final class State: Sendable {
    struct Values { var faults: Faults, cut: Set<String> = [] }
    let values: Mutex<Values>
    init(_ faults: Faults) { values = Mutex(Values(faults: faults)) }
  }

  init(_ files: [String: [UInt8]], _ faults: Faults = Faults()) {
    let state = State(faults)
    let cdn = WebServer { Self.cdn($0, files, state) }
    self.cdn = cdn
    let port = cdn.port
    hub = WebServer { Self.hub($0, files, cdn: port, state) }
  }

  private static func hub(
    _ request: WebServer.Request, _ files: [String: [UInt8]], cdn: Int, _ state: State
  ) -> WebServer.Answer {
    let faults = state.values.withLock { state in
      defer {
        if state.faults.busy > 0 { state.faults.busy -= 1 } else { state.faults.down -= 1 }
      }
      return state.faults
    }
    if faults.busy > 0 { return .init(status: 429, headers: [("Retry-After", "7")]) }
    if faults.down > 0 { return .init(status: 503) }
    let isKnown = request.headers["authorization"] == "Bearer \(token)"
    if request.headers["authorization"] != nil, !isKnown { return .init(status: 401) }
    let parts = request.path.split(separator: "?")[0].split(separator: "/")
      .map { String($0).removingPercentEncoding! }
    let isAPI = parts[0] == "api"
    guard
      parts.starts(with: isAPI ? ["api", "models", "org", "tiny"] : ["org", "tiny"])
        || parts.starts(with: ["api", "resolve-cache"]), isKnown || !faults.isPrivate
    else { return refusal(isKnown ? 404 : 401, "RepoNotFound") }
    if isAPI, parts.count == 6, parts[4] == "revision" {
      guard ["main", commit].contains(parts[5]) else { return refusal(404, "RevisionNotFound") }
      return .init(body: Array(#"{"sha": "\#(commit)"}"#.utf8))
    }
    if isAPI, parts.count == 6, parts[4] == "tree" { return tree(request, files) }
    if faults.isGated, !isKnown { return refusal(403, "GatedRepo") }
    let path = isAPI ? parts[2] : parts.dropFirst(4).joined(separator: "/")
    guard let bytes = files[path] else { return refusal(404, "EntryNotFound") }
    if isAPI { return .init(body: bytes) }
    let place =
      bytes.count < 1024
      ? "/api/resolve-cache/" + WebAddress.encoded(path)
      : faults.location ?? "http://127.0.0.1:\(cdn)/\(path)?Signature=secret"
    return .init(status: bytes.count < 1024 ? 307 : 302, headers: [("Location", place)])
  }

  private static func refusal(_ status: Int, _ code: String) -> WebServer.Answer {
    .init(status: status, headers: [("X-Error-Code", code)])
  }

  /// Pages of two, so that there are several.
  private static func tree(
    _ request: WebServer.Request, _ files: [String: [UInt8]]
  ) -> WebServer.Answer {
    let at = Int(request.path.split(separator: "cursor=").dropFirst().first ?? "0") ?? 0
    let page = files.keys.sorted()[at...].prefix(2).map { path -> JSONValue in
      let bytes = files[path]!
      let entry: JSONValue = [
        "type": "file", "path": .string(path), "size": .int(bytes.count),
        "oid": .string(gitHash(bytes)),
      ]
      guard bytes.count >= 1024 else { return entry }
      return entry.setting(
        "lfs", ["oid": .string(FileDigest(of: bytes).sha256), "size": .int(bytes.count)])
    }
    var answer = WebServer.Answer(body: Array(JSONValue.array(page).text(.compact).utf8))
    if at + 2 < files.count {
      let next = "http://\(request.headers["host"]!)\(request.path.split(separator: "?")[0])"
      answer.headers = [("Link", "<\(next)?recursive=true&cursor=\(at + 2)>; rel=\"next\"")]
    }
    return answer
  }

  private static func cdn(
    _ request: WebServer.Request, _ files: [String: [UInt8]], _ state: State
  ) -> WebServer.Answer {
    let path = String(request.path.split(separator: "?")[0].dropFirst())
    guard var bytes = files[path] else { return .init(status: 404) }
    let (faults, cuts) = state.values.withLock { state in
      defer {
        state.faults.flips -= 1
        state.faults.expired -= 1
      }
      return (state.faults, state.cut.insert(path).inserted && state.faults.cut != nil)
    }
    if faults.expired > 0 { return .init(status: 403) }
    if faults.flips > 0 { bytes[bytes.count / 2] ^= 1 }
    var answer = WebServer.Answer(body: bytes)
    let start = request.headers["range"].flatMap { Int($0.dropFirst(6).dropLast()) }
    if let start, !faults.ignoresRange {
      guard start < bytes.count else { return .init(status: 416) }
      answer.status = 206
      answer.headers = [("Content-Range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)")]
      answer.body = Array(bytes[start...])
    }
    if cuts { answer.end = faults.cut }
    if faults.isShort { answer.end = answer.body.count - 1 }
    return answer
  }

  static func gitHash(_ bytes: [UInt8]) -> String {
    var hash = SHA1()
    Array("blob \(bytes.count)\0".utf8).withUnsafeBytes { hash.update($0) }
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.hexadecimal
  }
}
