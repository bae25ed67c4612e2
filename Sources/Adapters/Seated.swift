import Formats
public import Layers
import Tensors

/// What a method has for one place of a model. It holds its place and its numbers; while it sits, the
/// place works with them.
public protocol Seated: AnyObject {
  /// The path of the module on which it sits.
  var path: String { get }
  /// Everything that it trains, under the names in adapter_model.safetensors; axes and decay are said
  /// here and nowhere else.
  var parameters: [NamedTensor] { get }
  /// What the adapter's file holds of it: what it trains, unless something else is made of that.
  var published: [NamedTensor] { get }
  /// Everything from which training goes on, what it trains among it, where `published` is not that; else
  /// nothing.
  var state: [NamedTensor] { get }
  /// Has the place work with this from now on.
  func sit()
  /// Gives the place back to the base: it computes what it did before, to the last bit.
  func lift()
  /// Does what must follow when `state`, or what it trains, has come from a checkpoint.
  func restored()
  /// The same numbers for the same place in storage of their own, as constants.
  func copy() -> any Seated
}

extension Seated {
  /// What it trains.
  public var published: [NamedTensor] { parameters }
  /// Nothing.
  public func restored() {}
  /// Training goes on from what is published.
  public var state: [NamedTensor] { [] }
}

/// Where the numbers of adapters come from.
public enum AdapterSource {
  /// New ones, as the method begins, functions of the seed and of the module's path.
  case fresh(seed: UInt64)
  /// Those of a file, each asked for once. Whole weights become leaves where they are to be trained on,
  /// else they stay mapped.
  case file(AdapterTensors, trains: Bool)

  /// The matrix `part` of the module at `path`, from the file or, where there is none, from `fresh`.
  func matrix(
    _ part: String, of path: String, _ rows: Int, _ columns: Int, fresh: (Random) -> Tensor
  ) throws(FormatError) -> Tensor {
    switch self {
    case .file(let tensors, _): return try tensors.matrix(part, of: path, rows, columns)
    case .fresh(let seed):
      // The stream has the name that the part had before it was a weight.
      let name = part.hasSuffix(".weight") ? String(part.dropLast(".weight".count)) : part
      return fresh(Random(seed: seed, stream: Random.stream(path + "." + name)))
    }
  }
}

extension Tensor {
  /// Numbers of N(0, deviation²).
  static func normal(_ rows: Int, _ columns: Int, _ random: Random, deviation: Double = 1) -> Tensor
  {
    Tensor(
      rows: rows, columns: columns,
      values: (0..<rows * columns).map { Float(deviation * random.normal($0)) })
  }

  /// Numbers uniform in ±bound.
  static func uniform(_ rows: Int, _ columns: Int, bound: Double, _ random: Random) -> Tensor {
    Tensor(
      rows: rows, columns: columns,
      values: (0..<rows * columns).map { Float((2 * random.uniform($0) - 1) * bound) })
  }
}
