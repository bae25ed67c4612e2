import ArgumentParser
import Formats
import FoundationEssentials
import Generation
import JSON
import PluginHost
import Tasks
import Tensors
import Text
import Tracking
import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why the program ends early: one sentence and the exit code.
struct Diagnosis: Error, CustomStringConvertible {
  /// 1: the run failed.
  static let failed: Int32 = 1
  /// 64: bad usage.
  static let usage: Int32 = 64
  /// 65: bad data or recipe.
  static let data: Int32 = 65

  let code: Int32
  let description: String

  init(_ code: Int32, _ sentence: String) {
    self.code = code
    description = sentence
  }

  /// Whose fault each module's error is.
  init(_ error: any Error) {
    self =
      switch error {
      case let error as Diagnosis: error
      case let error as FormatError: Diagnosis(Self.code(error), "\(error)")
      case let error as TaskError: Diagnosis(Self.code(error), error.message)
      case let error as TrainingError:
        Diagnosis(error.kind == .refused ? Self.data : Self.failed, error.message)
      case let error as GenerationError: Diagnosis(Self.code(error), error.message)
      case is TokenizerError, is TemplateError, is JSONError, is MapError:
        Diagnosis(Self.data, "\(error)")
      default: Diagnosis(Self.failed, "\(error)")
      }
  }

  private static func code(_ error: FormatError) -> Int32 {
    switch error.kind {
    case .usage: usage
    case .unwritable: failed
    case .missing, .malformed, .unsupported: data
    }
  }

  private static func code(_ error: TaskError) -> Int32 {
    switch error.kind {
    case .configuration, .data, .unsupported: data
    case .internal, .cancelled: failed
    }
  }

  private static func code(_ error: GenerationError) -> Int32 {
    switch error.kind {
    case .configuration: usage
    case .prompt: data
    case .diverged: failed
    }
  }

  /// Says the sentence and ends the program.
  func exit() -> Never {
    Console.note("host: " + description)
    Self.leave(code)
  }

  /// Ends the program as `error` asks: help and versions are no errors, and bad usage gets a hint.
  static func exit(with error: any Error) -> Never {
    if let code = error as? ExitCode { leave(code.rawValue) }
    let code = HostCommand.exitCode(for: error)
    if code.isSuccess {
      Console.output.write(HostCommand.fullMessage(for: error) + "\n")
      leave(0)
    }
    guard code == .validationFailure else { Diagnosis(error).exit() }
    var lines = HostCommand.fullMessage(for: error)
    if lines.hasPrefix("Error: ") { lines.removeFirst("Error: ".count) }
    Diagnosis(usage, lines).exit()
  }

  private static func leave(_ code: Int32) -> Never { Glibc.exit(code) }
}
