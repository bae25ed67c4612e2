/// Whoever is told where a pass through a model's parts is. Parts are numbered in the order in which a pass
/// comes to them.
public protocol PassObserver: AnyObject {
  /// A pass begins.
  func begin()
  /// Part `part` is to be computed: what it reads must be there.
  func enter(_ part: Int)
  /// It is computed.
  func leave(_ part: Int)
  /// The way back has come to what `part` gave: all parts behind it are done, and the gradients of what
  /// they alone read are complete.
  func comesBack(to part: Int, with gradients: inout Gradients)
}

/// Tells an observer when the way back comes by.
struct Milestone: Operation {
  let x: Slot?, part: Int, observer: any PassObserver

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.pass(x, dy)
    observer.comesBack(to: part, with: &g)
  }
}

extension Tensor {
  /// The same value, which is what `part` gave; `observer` hears when the way back comes to it.
  public func reporting(_ part: Int, to observer: any PassObserver) -> Tensor {
    var result = recorded(Milestone(x: slot, part: part, observer: observer), from: slot)
    result.recall = recall
    return result
  }
}
