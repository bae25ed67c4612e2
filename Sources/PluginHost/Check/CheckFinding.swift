import Tasks

/// One line of what a check found.
public struct CheckFinding: Sendable, Hashable {
  /// What the line says.
  public enum Mark: UInt8, Sendable {
    /// It is in order.
    case ok
    /// Something to know; no fault.
    case note
    /// The export could not be called, and why; no fault.
    case uncalled
    /// A fault of the plugin's.
    case fails
  }

  /// How it went.
  public var mark: Mark
  /// What was checked (`reward 'brevity'`; empty for the plugin itself), and which of its sides.
  public var subject: String, side: String
  /// One sentence: what was tried, or what is wrong and how to mend it.
  public var text: String

  /// Creates a finding.
  public init(_ mark: Mark, _ subject: String, _ side: String, _ text: String) {
    self.mark = mark
    self.subject = subject
    self.side = side
    self.text = text
  }
}

/// Why a side of a plugin is not simply in order.
enum CheckFault: Error {
  case fails(String)
  case note(String)
  case uncalled(String)

  var mark: CheckFinding.Mark {
    switch self {
    case .fails: .fails
    case .note: .note
    case .uncalled: .uncalled
    }
  }

  var text: String {
    switch self {
    case .fails(let text), .note(let text), .uncalled(let text): text
    }
  }
}

/// What a plugin says of itself; copies, so that the file need not be open.
public struct PluginSummary: Sendable, Hashable {
  /// The file; the plugin's name and version, and what it was built with, in its own words.
  public let path: String, name: String, version: String, builtWith: String
  /// What it offers, in its own order; kinds that this host does not know are left out.
  public let exports: [Plugin.Export]

  /// The names of its exports of a kind.
  func names(_ kind: Plugin.Kind) -> [String] {
    exports.filter { $0.kind == kind }.map(\.name)
  }
}

extension Plugin {
  /// What it says of itself.
  public var summary: PluginSummary {
    PluginSummary(
      path: path, name: name, version: version, builtWith: builtWith, exports: exports)
  }
}
