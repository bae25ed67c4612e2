import CPluginABI
import Synchronization
import Tasks
import Text

/// What the host offers to plugins beside the log. A run offers its tokenizer and its model as soon
/// as it has them; a plugin that asks earlier is told that there are none.
public final class OfferedServices: Sendable {
  private struct Offers {
    var tokenizer: TokenizerTable?
    var tokenizerFolder: String?
    var model: GenerateTable?
    var modelService: (any ModelService)?
    var score: ScoreTable?
    var scoreService: (any ScoreService)?
  }
  private let offers = Mutex(Offers())
  private let progress: ProgressTable
  /// Hears of plugins' long work; of those in workers, too.
  let showProgress: PluginProgress

  /// Offers no tokenizer and no model yet. `progress` hears how far plugins' long work has come, on
  /// any thread.
  public init(progress: @escaping PluginProgress = { _, _, _ in }) {
    showProgress = progress
    self.progress = ProgressTable(progress)
  }

  /// Offers the tokenizer of the model in `folder`; worker processes open the folder themselves.
  /// The first one stays: plugins may keep its table.
  public func offer(_ tokenizer: Tokenizer, folder: String) {
    offers.withLock { offers in
      guard offers.tokenizer == nil else { return }
      offers.tokenizer = TokenizerTable(tokenizer)
      offers.tokenizerFolder = folder
    }
  }

  /// Offers the tokenizer in `folder`, which is opened when a plugin asks for it.
  func offerTokenizer(inFolder folder: String) {
    offers.withLock { $0.tokenizerFolder = folder }
  }

  /// Offers the run's model. The first one stays.
  public func offer(_ model: any ModelService) {
    offers.withLock { offers in
      guard offers.model == nil else { return }
      offers.model = GenerateTable(model)
      offers.modelService = model
    }
  }

  /// Offers reward models. The first service stays.
  public func offer(_ score: any ScoreService) {
    offers.withLock { offers in
      guard offers.score == nil else { return }
      offers.score = ScoreTable(score)
      offers.scoreService = score
    }
  }

  /// The folder that worker processes open the tokenizer from.
  var tokenizerFolder: String? { offers.withLock { $0.tokenizerFolder } }

  /// The model as workers ask for it.
  var model: (any ModelService)? { offers.withLock { $0.modelService } }

  /// Reward models as workers ask for them.
  var score: (any ScoreService)? { offers.withLock { $0.scoreService } }

  /// The table of the service `id`; nil when it is not offered.
  func table(_ id: String) -> UnsafeRawPointer? {
    offers.withLock { offers in
      switch id {
      case TK_SERVICE_TOKENIZER:
        if offers.tokenizer == nil, let folder = offers.tokenizerFolder {
          // The host has opened this folder before, so that it can be opened.
          offers.tokenizer = (try? Tokenizer(folder: folder)).map(TokenizerTable.init)
        }
        return offers.tokenizer.map { UnsafeRawPointer($0.pointer) }
      case TK_SERVICE_PROGRESS: return UnsafeRawPointer(progress.pointer)
      case TK_SERVICE_GENERATE: return offers.model.map { UnsafeRawPointer($0.pointer) }
      case TK_SERVICE_SCORE: return offers.score.map { UnsafeRawPointer($0.pointer) }
      default: return nil
      }
    }
  }
}
