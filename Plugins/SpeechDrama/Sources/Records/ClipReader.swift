import TaskKit

/// What the dataset needs of the audio front; tests read no audio.
protocol ClipReader: Sendable {
  /// Why the clip at `path` cannot be used, as one sentence without the path; nil where it can.
  func fault(at path: String) -> String?
  /// The log-mel features [mel bins, frames + 2] of the clip at `path`. `random` perturbs them, so
  /// far as the settings ask for it; nil in evaluation.
  func features(at path: String, perturbedBy random: RowGenerator?) throws -> MediaTensor
}
