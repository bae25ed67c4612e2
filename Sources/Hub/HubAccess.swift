import Formats

/// How the Hub is reached: its address, who asks, and whether anybody may be asked at all.
public struct HubAccess: Sendable {
  /// The Hub's address, without a slash at its end.
  public var endpoint: String
  /// Sent to the endpoint's own origin, and to no other.
  var token: String?
  /// Whether no connection may be made.
  public var isOffline: Bool
  /// A file of certificates in the place of the system's.
  var authorities: String?
  /// What the program calls itself.
  var agent: String

  /// Access to `endpoint`, whatever the environment says.
  init(endpoint: String, token: String? = nil, isOffline: Bool = false) {
    (self.endpoint, self.token, self.isOffline) = (endpoint, token, isOffline)
    agent = "host/test"
  }

  /// The access that the environment describes: `HF_ENDPOINT`, `HF_TOKEN` and the file where
  /// huggingface_hub keeps it, `HF_HUB_OFFLINE`, `SSL_CERT_FILE`. A file named by `tokenFile` counts more.
  public init(
    version: String, tokenFile: String? = nil, isOffline: Bool = false
  ) throws(FormatError) {
    let address = HubCache.variable("HF_ENDPOINT") ?? Self.publicEndpoint
    endpoint = String(address.reversed().drop { $0 == "/" }.reversed())
    guard WebAddress(endpoint) != nil else {
      throw FormatError(
        .usage, "HF_ENDPOINT", "is '\(endpoint)', which is no web address; give https://host")
    }
    self.isOffline = isOffline || HubCache.isOffline
    authorities =
      HubCache.variable("SSL_CERT_FILE") ?? HubCache.variable("REQUESTS_CA_BUNDLE")
      ?? HubCache.variable("CURL_CA_BUNDLE")
    agent = "host/\(version)"
    token = try Self.token(file: tokenFile)
  }

  /// Where the Hub is for everybody.
  public static let publicEndpoint = "https://huggingface.co"

  private static func token(file: String?) throws(FormatError) -> String? {
    if let file { return try checked(FileSystem.text(of: file), file) }
    // What is not asked for by name is not sent where that is forbidden.
    if HubCache.isSet("HF_HUB_DISABLE_IMPLICIT_TOKEN") { return nil }
    for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
      if let token = HubCache.variable(name)?.trimmed, !token.isEmpty {
        return try checked(token, name)
      }
    }
    let kept = HubCache.variable("HF_TOKEN_PATH") ?? HubCache.home + "/token"
    guard FileSystem.exists(kept), let text = try? FileSystem.text(of: kept),
      !text.trimmed.isEmpty
    else { return nil }
    return try checked(text, kept)
  }

  /// A token goes into a line of the request, which it must not end.
  private static func checked(_ text: String, _ place: String) throws(FormatError) -> String {
    let token = text.trimmed
    guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw FormatError(
        .usage, place, "holds no token, which is one word of letters, digits and signs")
    }
    return token
  }
}
