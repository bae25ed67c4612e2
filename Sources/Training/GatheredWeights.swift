import Models
import Ranks
import Tensors

/// Has the weights of a model's parts come from the ranks that own them while a pass needs them. All
/// passes come to the parts in one order, which is known before, so that the next part's weights are on
/// their way while one is computed; ranks without work walk the same way without arithmetic.
public final class GatheredWeights {
  private let masters: Masters, parts: ModelParts
  /// Of each parcel the place of this rank's first run among all of its runs.
  private let firstRuns: [Int]
  /// The parts in the order of this pass, and how many of them it has come to.
  private var schedule: [Int] = [], reached = 0
  /// What is on its way.
  private var arrival: Arrival?
  /// Whether a pass goes back.
  private var isLearning = false
  /// Whether all ranks compute passes now, so that the model can be asked.
  public private(set) var isTogether = false
  /// Where the gradients leave that are complete.
  var exchange: GradientExchange?
  /// What has gone wrong within a pass, where nothing can be thrown.
  private var fault: (any Error)?

  /// Weights on their way: rounded ones lie apart until they have come.
  private struct Arrival {
    let transfer: Transfer, received: [(runs: [Pieces.Run], bytes: Staging)]
  }

  private var ownership: Ownership { masters.ownership }
  private var group: Group { ownership.group }
  /// The parts on the way forward.
  private var forward: [Int] { Array(parts.embedding...parts.norm) + [parts.head] }

  init(_ masters: Masters, _ parts: ModelParts) {
    self.masters = masters
    self.parts = parts
    var first = 0
    firstRuns = masters.ownership.parcels.map { parcel in
      defer { first += parcel[masters.ownership.group.rank].count }
      return first
    }
  }

  // MARK: Passes of all ranks

  /// Runs `body`, in which there may be any number of passes forward, while other ranks run theirs;
  /// returns once all have done.
  func together<Result>(_ body: () throws -> Result) throws -> Result {
    if isTogether { return try body() }
    isTogether = true
    defer { isTogether = false }
    // Where `body` fails others still go on: they must not wait.
    let result: Swift.Result<Result, any Error>
    do { result = .success(try checked(body)) } catch let error as RanksError { throw error } catch
    {
      result = .failure(error)
    }
    while try group.any("whether a pass follows", false) {
      open()
      try checked { walk() }
    }
    return try result.get()
  }

  /// Runs `body`, in which there is one pass forward and back, or none; ranks do this at the same time.
  /// Afterwards `gradients` hold what has not left.
  func learning(
    _ gradients: inout Gradients, isEmpty: Bool, _ body: (inout Gradients) throws -> Void
  ) throws {
    isLearning = true
    defer { isLearning = false }
    try checked {
      try body(&gradients)
      guard isEmpty else { return }
      open()
      walk()
      for part in stride(from: parts.norm, through: parts.embedding, by: -1) {
        comesBack(to: part, with: &gradients)
      }
    }
  }

  /// Runs `body`; what has gone wrong between ranks is thrown before what follows from it.
  private func checked<Result>(_ body: () throws -> Result) throws -> Result {
    let result: Result
    do { result = try body() } catch { throw fault ?? error }
    finish()
    if let fault { throw fault }
    return result
  }

  /// The way forward without arithmetic.
  private func walk() {
    for part in forward {
      enter(part)
      leave(part)
    }
  }

  // MARK: Parts

  private func open() {
    schedule = forward
    if isLearning { schedule += (1..<parts.norm).reversed() }
    reached = 0
    fetch(schedule[0])
  }

  /// Goes the rest of a pass that has ended before its last part.
  private func finish() {
    while reached < schedule.count {
      let part = schedule[reached]
      enter(part)
      masters.letGo(part)
    }
    schedule = []
    reached = 0
  }

  /// Begins to gather a part.
  private func fetch(_ part: Int) {
    masters.hold(part)
    guard fault == nil else { return }
    let parcels = ownership.parts[part], own = group.rank, type = masters.type
    var sent: [UnsafeRawBufferPointer] = [], kept: [Any] = []
    for parcel in parcels {
      for (place, run) in ownership.parcels[parcel][own].enumerated() {
        let (value, range) = masters.place(firstRuns[parcel] + place, run)
        let tensor = masters.parameters[run.tensor].tensor
        if type == .f32 {
          value.withBytes(of: range) { bytes in
            tensor.assign(bytes, to: run.range)
            sent.append(bytes)
          }
        } else {
          let rounded = Staging(value, as: type)
          tensor.assign(rounded.whole, as: type, to: run.range)
          sent.append(rounded.whole)
          kept.append(rounded)
        }
      }
    }
    let others = (0..<group.count).filter { $0 != own }
    var received: [(runs: [Pieces.Run], bytes: Staging)] = []
    var places: [(rank: Int, bytes: UnsafeMutableRawBufferPointer)] = []
    for other in others {
      for run in parcels.flatMap({ ownership.parcels[$0][other] }) {
        guard type != .f32 else {
          places.append((other, masters.parameters[run.tensor].tensor.place(of: run.range)))
          continue
        }
        let staging = Staging(numbers: run.count, as: type)
        received.append(([run], staging))
        places.append((other, staging.bytes))
      }
    }
    let transfer = group.start(
      "the weights of part \(part)",
      sending: others.flatMap { other in sent.map { (rank: other, bytes: $0) } },
      receiving: places, keeping: (kept, masters))
    arrival = Arrival(transfer: transfer, received: received)
  }

  /// Waits for what is on its way.
  private func arrive() {
    guard let coming = arrival else { return }
    arrival = nil
    do { try coming.transfer.wait() } catch {
      fault = fault ?? error
      return
    }
    for (runs, staging) in coming.received {
      for run in runs {
        masters.parameters[run.tensor].tensor.assign(
          staging.whole, as: masters.type, to: run.range)
      }
    }
  }
}

extension GatheredWeights: PassObserver {
  /// A pass that only goes forward says so to the other ranks.
  public func begin() {
    if !isLearning {
      finish()
      do {
        guard isTogether else {
          throw TrainingError(
            .refused,
            "the model was asked while other ranks do something else; this is a fault of the program, "
              + "please report it")
        }
        if fault == nil { _ = try group.any("whether a pass follows", true) }
      } catch { fault = fault ?? error }
    }
    open()
  }

  /// Waits for the part's weights; those of the next one come meanwhile.
  public func enter(_ part: Int) {
    guard reached < schedule.count else { return }
    precondition(schedule[reached] == part, "pass: part \(part) before \(schedule[reached])")
    arrive()
    reached += 1
    if reached < schedule.count { fetch(schedule[reached]) }
  }

  /// A way back begins with the head and the norm, whose weights stay until then.
  public func leave(_ part: Int) {
    guard reached > 0, !(isLearning && reached > parts.norm) else { return }
    masters.letGo(part)
  }

  /// Weights behind `part` go; those that are read below it are awaited; then gradients leave.
  public func comesBack(to part: Int, with gradients: inout Gradients) {
    masters.letGo(part == parts.norm ? parts.head : part + 1)
    if (1..<parts.norm).contains(part) { enter(part) }
    exchange?.comesBack(to: part, with: &gradients)
  }
}

extension Masters {
  fileprivate func hold(_ part: Int) {
    for tensor in ownership.tensors[part] { parameters[tensor].tensor.hold() }
  }

  fileprivate func letGo(_ part: Int) {
    for tensor in ownership.tensors[part] { parameters[tensor].tensor.letGo() }
  }
}

extension CausalLanguageModel {
  /// Where its weights come from while a pass needs them; nil where they are all here.
  public var gathered: GatheredWeights? { observer as? GatheredWeights }

  /// Runs `body`, in which there may be any number of passes forward, while other ranks that share its
  /// weights run theirs.
  public func together<Result>(_ body: () throws -> Result) throws -> Result {
    try gathered?.together(body) ?? body()
  }
}
