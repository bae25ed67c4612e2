import Formats
import FoundationEssentials
import Glibc

/// What ranks leave of a lost one to the process that has started them: it alone outlives them, and
/// speaks when all are gone.
struct LastWords {
  private static let variable = "HOST_LAST_WORDS"
  private let path: String

  /// A place for them.
  init() {
    let folder = FileManager.default.temporaryDirectory.path
    path = "\(folder)/host-\(getpid())-last-words"
    unlink(path)
  }

  /// What tells ranks of it.
  var environment: (name: String, value: String) { (Self.variable, path) }

  /// Takes what was left; nil where nothing was.
  func take() -> String? {
    defer { unlink(path) }
    let text = try? FileSystem.text(of: path)
    return text.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Leaves a sentence; false where nobody waits for one.
  static func leave(_ sentence: String) -> Bool {
    guard let path = ProcessInfo.processInfo.environment[variable] else { return false }
    return (try? DurableFile.write(sentence, to: path)) != nil
  }
}
