import TaskKit

/// What is wrong with a clip, as one sentence that names its file.
struct ClipFault: Sendable, Hashable {
  var message: String
  /// Whether the clip can be used all the same.
  var isWarning = false
}

/// What the random change of a training clip follows from.
struct RowPlace: Sendable, Hashable {
  var index: Int, epoch: Int, seed: UInt64
}

/// What the dataset needs of the audio front; tests read no audio.
protocol ClipReader: Sendable {
  /// What is wrong with the clip at `path`; nil: nothing.
  func fault(at path: String) -> ClipFault?
  /// The log-mel features [mel bins, frames + 2] of the clip at `path`, changed as the settings ask
  /// for at `place`; nil, in evaluation: unchanged.
  func features(at path: String, perturbedAt place: RowPlace?) throws -> MediaTensor
}

/// The audio front with its settings.
struct FrontReader: ClipReader {
  private let front: AudioFront
  private let perturb: PerturbationSettings?

  init(_ settings: AudioSettings, host: HostServices) {
    front = AudioFront(settings, host: host)
    perturb = settings.perturb
  }

  func fault(at path: String) -> ClipFault? {
    front.check(path).map { ClipFault(message: $0.description, isWarning: $0.isWarning) }
  }

  func features(at path: String, perturbedAt place: RowPlace?) throws -> MediaTensor {
    let perturbation = perturb.flatMap { settings in
      place.map { Perturbation(settings, index: $0.index, epoch: $0.epoch, seed: $0.seed) }
    }
    do {
      let features = try front.features(path, perturbation: perturbation)
      return MediaTensor(shape: [LogMel.bins, features.columns], values: features.values)
    } catch { throw PluginError(.data, error.description) }
  }
}
