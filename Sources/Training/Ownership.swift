import Layers
import Ranks
import Tensors

/// Which numbers of the trained tensors each rank sums and updates. The tensors' pieces are dealt as
/// contiguous parts of about equal size; a part is sent in portions, so that little memory is needed for
/// what is under way.
struct Ownership {
  let group: Group
  /// Each rank's part, in portions of runs.
  let portions: [[[Pieces.Run]]]

  /// The most pieces of a portion: 16 MiB.
  static let size = 64 * Pieces.size

  init(_ group: Group, of parameters: [NamedTensor]) {
    self.group = group
    let pieces = Pieces(counts: parameters.map(\.tensor.count))
    portions = pieces.dealt(to: group.count).map(Self.cut)
  }

  /// The runs of this rank, portion after portion.
  var own: [Pieces.Run] { portions[group.rank].flatMap(\.self) }

  /// How many portions the largest part has.
  var count: Int { portions.map(\.count).max() ?? 0 }

  /// The runs of portion `number` of a rank; none where its part is smaller.
  func runs(_ number: Int, of rank: Int) -> [Pieces.Run] {
    portions[rank].indices.contains(number) ? portions[rank][number] : []
  }

  /// A run in parts of a portion's size.
  static func portions(_ run: Pieces.Run) -> [Pieces.Run] {
    cut([run]).joined() + (run.count == 0 ? [run] : [])
  }

  private static func cut(_ runs: [Pieces.Run]) -> [[Pieces.Run]] {
    var portions: [[Pieces.Run]] = [], room = 0
    for run in runs {
      var first = run.range.lowerBound
      while first < run.range.upperBound {
        if room == 0 {
          portions.append([])
          room = size
        }
        let end = min(run.range.upperBound, first + room)
        portions[portions.count - 1].append(.init(tensor: run.tensor, range: first..<end))
        // Runs begin with a piece, also behind one that was shorter.
        room -= (end - first + Pieces.size - 1) / Pieces.size * Pieces.size
        first = end
      }
    }
    return portions
  }

  /// Sends what this rank owns to all others: `tensor` says of a run of this rank where its numbers lie,
  /// `place` what becomes of one of another rank. Tensors that are not `moved` stay where they are.
  func handOut(
    _ label: String, moved: [Bool], own tensor: (_ index: Int) -> (Tensor, Range<Int>),
    others place: (Pieces.Run, UnsafeRawBufferPointer) -> Void
  ) throws {
    var index = 0
    for number in 0..<count {
      let sent = Staging(numbers: numbers(number, of: group.rank, moved))
      for run in runs(number, of: group.rank) {
        if moved[run.tensor] {
          let (tensor, range) = tensor(index)
          sent.append(tensor, range)
        }
        index += 1
      }
      let received = (0..<group.count).map { rank in
        Staging(numbers: rank == group.rank ? 0 : numbers(number, of: rank, moved))
      }
      let none = UnsafeRawBufferPointer(start: nil, count: 0)
      try group.start(
        label,
        sending: (0..<group.count).map {
          $0 == group.rank ? none : UnsafeRawBufferPointer(sent.bytes)
        },
        receiving: received.map(\.bytes), keeping: (sent, received)
      ).wait()
      for rank in 0..<group.count where rank != group.rank {
        for run in runs(number, of: rank) where moved[run.tensor] {
          place(run, received[rank].take(run.count))
        }
      }
    }
  }

  private func numbers(_ number: Int, of rank: Int, _ moved: [Bool]) -> Int {
    runs(number, of: rank).reduce(0) { $0 + (moved[$1.tensor] ? $1.count : 0) }
  }
}
