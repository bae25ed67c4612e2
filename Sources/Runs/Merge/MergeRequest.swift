import Tensors

/// What is to be merged into what.
public struct MergeRequest {
  /// The base model's folder.
  public var model: String
  /// Adapters, the first put on the base, each further one on the result; and the share of what each
  /// adds: 1 for all of it, −1 to take it away.
  public var adapters: [(folder: String, share: Float)]
  /// The folder to write.
  public var output: String
  /// How numbers are stored; nil: as the base's are.
  public var dtype: ElementType?
  /// Which numbers of the base the adapter is merged into.
  public var base: Base
  /// How the base was stored while the adapters learned, where no receipt tells.
  public var quantization: Quantization?

  /// Which numbers of the base the adapter is merged into.
  public enum Base: String, CaseIterable, Sendable {
    /// Those that it was trained on: of a base quantized for training, what the codes stand for.
    case trained
    /// Those of the model's files.
    case original
  }

  /// Names everything.
  public init(
    model: String, adapters: [(folder: String, share: Float)], output: String,
    dtype: ElementType? = nil, base: Base = .trained, quantization: Quantization? = nil
  ) {
    self.model = model
    self.adapters = adapters
    self.output = output
    self.dtype = dtype
    self.base = base
    self.quantization = quantization
  }
}
