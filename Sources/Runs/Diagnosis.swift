import Benchmarks
import Formats
import Generation
import Hub
import JSON
import PluginHost
import Ranks
import Tasks
import Tensors
import Text
import Training

/// Why a verb ends early: one sentence and the exit code.
public struct Diagnosis: Error, CustomStringConvertible {
  /// 1: the run failed.
  public static let failed: Int32 = 1
  /// 64: bad usage.
  public static let usage: Int32 = 64
  /// 65: bad data or recipe.
  public static let data: Int32 = 65

  /// The exit code.
  public let code: Int32
  /// The sentence.
  public let description: String

  /// A sentence with its exit code.
  public init(_ code: Int32, _ sentence: String) {
    self.code = code
    description = sentence
  }

  /// Whose fault each module's error is.
  public init(_ error: any Error) {
    self =
      switch error {
      case let error as Diagnosis: error
      case let error as FormatError: Diagnosis(Self.code(error), "\(error)")
      case let error as TaskError: Diagnosis(Self.code(error), error.message)
      case let error as TrainingError:
        Diagnosis(error.kind == .refused ? Self.data : Self.failed, error.message)
      case let error as RanksError: Diagnosis(error.exitCode, error.message)
      case let error as GenerationError: Diagnosis(Self.code(error), error.message)
      case let error as HubError: Diagnosis(Self.code(error), error.message)
      case is TokenizerError, is TemplateError, is JSONError, is MapError, is BenchmarkError:
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

  private static func code(_ error: HubError) -> Int32 {
    switch error.kind {
    case .refused: data
    case .failed: failed
    case .cancelled: 130
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
}
