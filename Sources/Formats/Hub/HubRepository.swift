/// A repository of the Hugging Face Hub: `org/name`, or an old one's `name` alone.
public struct HubRepository: Sendable, Hashable {
  /// What it holds.
  public enum Kind: String, Sendable, CaseIterable { case model, dataset }

  /// What it holds.
  public let kind: Kind
  /// `org/name`, or `name`.
  public let name: String

  /// A repository of this name. A name says where files go, so its characters are the Hub's own:
  /// letters, digits, `-`, `_` and `.`, the last two not at its ends nor side by side.
  public init(_ name: String, _ kind: Kind = .model) throws(FormatError) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.allSatisfy(Self.isName) else {
      throw FormatError(
        .usage, name,
        "is no name of a repository, which is org/name in letters, digits, '-', '_' and '.'")
    }
    self.kind = kind
    self.name = name
  }

  private static func isName(_ part: Substring) -> Bool {
    let isPlain = part.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_.".utf8.contains(byte)
      }
    }
    return isPlain && !part.isEmpty && part.count <= 96 && !part.contains("..")
      && !part.contains("--") && !".-".contains(part.first ?? ".") && part.last != "."
  }

  /// The name of its folder in the cache.
  public var folderName: String {
    "\(kind.rawValue)s--" + name.split(separator: "/").joined(separator: "--")
  }

  /// The command that fetches it.
  public var command: String {
    "host download \(name)" + (kind == .dataset ? " --repo-type dataset" : "")
  }
}
