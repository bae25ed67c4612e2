import CKernels

/// An operation on the way back: it keeps what its pullback needs and nothing else.
public protocol Operation {
  /// Adds this operation's share to the gradients of its inputs, given its output's.
  func pullback(_ dy: Tensor, into gradients: inout Gradients)
}

/// The place a value's gradient goes, and the edge of the tape: a slot knows the operation that made
/// its value and the slots of that operation's inputs.
public final class Slot {
  fileprivate(set) var operation: (any Operation)?
  fileprivate(set) var inputs: [Slot]
  /// The shape of the operation's output: a reshaped value's gradient comes back in another one.
  fileprivate let rows: Int, columns: Int

  /// A leaf: a parameter's slot.
  public init() {
    operation = nil
    inputs = []
    (rows, columns) = (0, 0)
  }

  init(_ operation: any Operation, _ inputs: [Slot], rows: Int, columns: Int) {
    self.operation = operation
    self.inputs = inputs
    self.rows = rows
    self.columns = columns
  }
}

/// Whether operations are recorded. Off while generating, evaluating, and inside a checkpoint.
public enum Recording {
  @TaskLocal static var isOn = true

  /// Runs `body` without recording: its results are constants.
  public static func off<Result>(_ body: () throws -> Result) rethrows -> Result {
    try $isOn.withValue(false, operation: body)
  }

  static func on<Result>(_ body: () throws -> Result) rethrows -> Result {
    try $isOn.withValue(true, operation: body)
  }
}

extension Tensor {
  /// This value as the output of `operation`; a constant when no input wants a gradient.
  public func recorded(_ operation: @autoclosure () -> any Operation, from inputs: Slot?...)
    -> Tensor
  {
    recorded(operation(), from: inputs)
  }

  /// The same from any number of inputs.
  func recorded(_ operation: @autoclosure () -> any Operation, from inputs: [Slot?]) -> Tensor {
    let wanting = inputs.compactMap { $0 }
    guard !wanting.isEmpty, Recording.isOn else { return self }
    return Tensor(
      rows: rows, columns: columns, buffer: buffer,
      slot: Slot(operation(), wanting, rows: rows, columns: columns))
  }

  /// This value as a leaf that collects a gradient.
  public func asLeaf(_ slot: Slot = Slot()) -> Tensor {
    Tensor(rows: rows, columns: columns, buffer: buffer, slot: slot)
  }
}

/// Gradients by slot. `add` and `pass` are the only places that allocate, skip and accumulate.
public struct Gradients {
  // The slot is kept beside its gradient: identities are unique only among living objects.
  private var table: [ObjectIdentifier: (slot: Slot, value: Tensor)] = [:]

  /// No gradients.
  public init() {}

  /// The gradient collected for a leaf; nil when nothing has reached it.
  public subscript(slot: Slot) -> Tensor? { table[ObjectIdentifier(slot)]?.value }

  /// Lets `write` compute dx := beta · dx + …, with beta 0 for the first share and 1 after. Skipped
  /// when nobody wants the gradient.
  mutating func add(
    _ slot: Slot?, _ rows: Int, _ columns: Int,
    _ write: (_ dx: UnsafeMutablePointer<Float>, _ beta: Float) -> Void
  ) {
    guard let slot else { return }
    let key = ObjectIdentifier(slot)
    guard var old = table.removeValue(forKey: key)?.value else {
      let fresh = Tensor(rows, columns)
      write(fresh.start, 0)
      table[key] = (slot, fresh)
      return
    }
    precondition(
      old.count == rows * columns, "gradient: \(old.shape) and [\(rows), \(columns)] in one slot")
    // A gradient that was passed through is shared; adding in place would change the other's.
    if !isKnownUniquelyReferenced(&old.buffer) { old = old.copy() }
    write(old.start, 1)
    table[key] = (slot, old)
  }

  /// Passes `dy` on unchanged, sharing its storage while it is the only share.
  mutating func pass(_ slot: Slot?, _ dy: Tensor) {
    guard let slot else { return }
    let key = ObjectIdentifier(slot)
    if table[key] == nil {
      table[key] = (slot, dy.detached)
    } else {
      add(slot, dy.rows, dy.columns) { dx, beta in
        axpby(dx, dy.start, 1, beta, dy.count)
      }
    }
  }

  /// Adds `value` to the gradient of `slot`.
  public mutating func add(_ value: Tensor, for slot: Slot) {
    let key = ObjectIdentifier(slot)
    guard var sum = table.removeValue(forKey: key)?.value else {
      table[key] = (slot, value)
      return
    }
    sum.accumulate(value)
    table[key] = (slot, sum)
  }

  /// All gradients, in no order; none is left here.
  mutating func takeAll() -> [(slot: Slot, value: Tensor)] {
    defer { table = [:] }
    return Array(table.values)
  }

  fileprivate mutating func take(_ slot: Slot) -> Tensor? {
    table.removeValue(forKey: ObjectIdentifier(slot))?.value
  }
}

extension Tensor {
  /// Walks the tape back from this value, adding seed · ∂self/∂leaf to each leaf's gradient. The tape
  /// is consumed: operations are released as soon as they have been pulled back.
  public func backward(seed: Float = 1, into gradients: inout Gradients) {
    backward(from: Tensor(rows: rows, columns: columns, repeating: seed), into: &gradients)
  }

  /// The same from a given gradient of this value.
  func backward(from dy: Tensor, into gradients: inout Gradients) {
    guard let slot else { return }
    var consumers = Self.consumers(of: slot)
    gradients.pass(slot, dy)
    var ready = [slot]
    while let next = ready.popLast() {
      guard let operation = next.operation else { continue }
      let inputs = next.inputs
      if let dy = gradients.take(next) {
        Stopwatch.time("\(type(of: operation))", .backward) {
          operation.pullback(
            dy.reshaped(rows: next.rows, columns: next.columns), into: &gradients)
        }
      }
      next.operation = nil
      next.inputs = []
      for input in inputs {
        let key = ObjectIdentifier(input)
        consumers[key, default: 0] -= 1
        if consumers[key] == 0 { ready.append(input) }
      }
    }
  }

  /// How many operations between here and the leaves read each slot.
  private static func consumers(of slot: Slot) -> [ObjectIdentifier: Int] {
    var counts: [ObjectIdentifier: Int] = [:]
    var stack = [slot]
    while let next = stack.popLast() {
      for input in next.inputs {
        let key = ObjectIdentifier(input)
        if counts[key] == nil { stack.append(input) }
        counts[key, default: 0] += 1
      }
    }
    return counts
  }
}

func axpby(
  _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ a: Float, _ beta: Float,
  _ count: Int
) {
  Parallel.ranges(count, grain: 1 << 16) { range in
    k_axpby_f32(y + range.lowerBound, x + range.lowerBound, a, beta, Int64(range.count))
  }
}

extension Gradients {
  /// Drops a leaf's gradient.
  public mutating func forget(_ slot: Slot) { _ = take(slot) }
}
