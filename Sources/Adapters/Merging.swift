public import Formats
import Layers
public import Tensors

/// What sits on a place and can become a part of the base's stored weights.
public protocol Merging: Seated {
  /// Whether it only adds something, so that a share of it, or its opposite, means something.
  var isAdditive: Bool { get }
  /// The tensors of the base's files that are others with it in them. `share` scales what is added; it is
  /// 1 where nothing is.
  func merged(share: Float) throws(FormatError) -> [MergedTensor]
  /// The same as a product of low rank; nil where no such product is the same.
  var product: LowRankProduct? { get }
}

extension Merging {
  /// A weight is taken the place of.
  public var isAdditive: Bool { false }
  /// There is none.
  public var product: LowRankProduct? { nil }
}

/// scale · B · A on the projection at `path`.
public struct LowRankProduct {
  /// The module's path.
  public let path: String
  /// [rank, inputs] and [outputs, rank].
  public let a: Tensor, b: Tensor
  /// What the product is multiplied with.
  public let scale: Float
}

/// A tensor of a base's files that another one takes the place of.
public struct MergedTensor {
  /// Its name in the files.
  public let name: String
  /// The axes that it has there.
  public let shape: [Int]
  /// Whether it follows from the one that was there; a tensor of the adapter's file does not.
  public let isDerived: Bool
  /// Its numbers in f32, not yet rounded to what a file stores, made of those that are there: the base's
  /// (nil), or what an adapter before has made of them.
  public let values: (Weight?) throws(FormatError) -> Tensor

  /// Names a tensor.
  public init(
    name: String, shape: [Int], isDerived: Bool,
    values: @escaping (Weight?) throws(FormatError) -> Tensor
  ) {
    self.name = name
    self.shape = shape
    self.isDerived = isDerived
    self.values = values
  }
}

extension WholeWeight: Merging {
  /// The adapter's own.
  func merged(share: Float) -> [MergedTensor] {
    let own = own
    return [
      MergedTensor(name: path + ".weight", shape: layer.axes, isDerived: false) { _ in
        own.tensor()
      }
    ]
  }
}

extension AdapterSet {
  /// Every tensor of the base's files that is another one with these adapters in it, `share` of what
  /// they add. What cannot be taken in parts is refused where a part is asked for.
  public func merged(share: Float = 1) throws(FormatError) -> [MergedTensor] {
    var tensors: [MergedTensor] = []
    for seated in seated {
      guard let part = seated as? any Merging else {
        throw FormatError(
          .unsupported, AdapterConfig.fileName,
          "\(config.method.title) is no part of any weight, so that it cannot be merged; serve it with its base: "
            + "host generate --adapter")
      }
      guard share == 1 || part.isAdditive else {
        throw FormatError(
          .usage, "--weight",
          "what the adapter holds for '\(seated.path)' adds nothing to the base but changes it "
            + "otherwise; there is no part of that: use a weight of 1")
      }
      tensors += try part.merged(share: share)
    }
    return tensors
  }

  /// The adapters as products of low rank, for readers that know no others. What has no such form is
  /// refused, with what can be done instead.
  public func products() throws(FormatError) -> [LowRankProduct] {
    var products: [LowRankProduct] = []
    for seated in seated {
      guard let product = (seated as? any Merging)?.product else {
        let advice =
          seated is any Merging
          ? "merge it into its base (host merge) and serve that"
          : "serve it with its base: host generate --adapter"
        throw FormatError(
          .unsupported, AdapterConfig.fileName,
          "\(config.method.title) has on '\(seated.path)' what is no product of low rank, which this reader does not "
            + "know; \(advice)")
      }
      products.append(product)
    }
    return products
  }
}
