import Layers
import Ranks
import Tensors

/// Which numbers of the trained tensors each rank sums and updates. Tensors are sent part by part; of
/// each part the tensors' pieces are dealt to the ranks as contiguous runs of about equal size.
struct Ownership {
  let group: Group
  /// What is sent at once: of each parcel the runs of each rank.
  let parcels: [[[Pieces.Run]]]
  /// The parcels of each part, and its tensors.
  let parts: [Range<Int>], tensors: [[Int]]

  /// The most pieces of a run, and of what a rank has of a parcel that is cut: 16 MiB.
  static let size = 64 * Pieces.size

  /// Of `parameters` in these parts, each the places of tensors; nil: in one. A part that is `whole` is
  /// one parcel; of others each rank has a portion in a parcel, so that little memory is needed for what
  /// is under way.
  init(
    _ group: Group, of parameters: [NamedTensor], parts: [[Int]]? = nil,
    whole: (Int) -> Bool = { _ in false }
  ) {
    self.group = group
    tensors = parts ?? [Array(parameters.indices)]
    var parcels: [[[Pieces.Run]]] = [], ranges: [Range<Int>] = []
    for (number, tensors) in tensors.enumerated() {
      let pieces = Pieces(counts: tensors.map { parameters[$0].tensor.count })
      let portions = pieces.dealt(to: group.count).map { runs -> [[Pieces.Run]] in
        let runs = runs.map { Pieces.Run(tensor: tensors[$0.tensor], range: $0.range) }
        return whole(number) ? [runs.flatMap(Self.portions)] : Self.cut(runs)
      }
      let first = parcels.count
      for place in 0..<(portions.map(\.count).max() ?? 0) {
        parcels.append(portions.map { $0.indices.contains(place) ? $0[place] : [] })
      }
      ranges.append(first..<parcels.count)
    }
    (self.parcels, self.parts) = (parcels, ranges)
  }

  /// As a step's sums are shared out: whole where they are sent once, else part by part, blocks as one
  /// parcel each.
  init(_ share: StepShare, of parameters: [NamedTensor], parts: [[Int]]) {
    guard share.isDealt else {
      self.init(share.group, of: parameters)
      return
    }
    // Embedding, norm and head are at the ends, and what belongs to no part behind them.
    let blocks = 1..<max(parts.count - 3, 1)
    self.init(share.group, of: parameters, parts: parts, whole: blocks.contains)
  }

  /// The runs of a rank, parcel after parcel.
  func runs(of rank: Int) -> [Pieces.Run] { parcels.flatMap { $0[rank] } }

  /// The runs of this rank.
  var own: [Pieces.Run] { runs(of: group.rank) }

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

  /// Sends what this rank owns to all others, as `type`: `tensor` says of a run of this rank where its numbers lie,
  /// `place` what becomes of one of another rank. Tensors that are not `moved` stay where they are.
  func handOut(
    _ label: String, as type: ElementType = .f32, moved: [Bool],
    own tensor: (_ index: Int) -> (Tensor, Range<Int>),
    others place: (Pieces.Run, UnsafeRawBufferPointer) -> Void
  ) throws {
    var index = 0
    for parcel in parcels {
      func numbers(_ rank: Int) -> Int {
        parcel[rank].reduce(0) { $0 + (moved[$1.tensor] ? $1.count : 0) }
      }
      let sent = Staging(numbers: numbers(group.rank), as: type)
      for run in parcel[group.rank] {
        if moved[run.tensor] {
          let (tensor, range) = tensor(index)
          sent.append(tensor, range)
        }
        index += 1
      }
      let received = (0..<group.count).map {
        Staging(numbers: $0 == group.rank ? 0 : numbers($0), as: type)
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
        for run in parcel[rank] where moved[run.tensor] {
          place(run, received[rank].take(run.count))
        }
      }
    }
  }
}
