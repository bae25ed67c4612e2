import Tensors

/// Keys and values that every token of a layer's texts sees before those of its own text (Li & Liang
/// 2021). They are asked as they are, without norm or rotation; texts' positions begin behind them.
public protocol AttentionPrefix: AnyObject {
  /// How many there are.
  var count: Int { get }
  /// [count, key heads · width] each, made of leaves anew wherever a pass asks.
  func callAsFunction() -> (keys: Tensor, values: Tensor)
}
