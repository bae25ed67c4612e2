import Testing

@testable import Tensors

/// The law of sums: who computed which leaf changes no sum, and of n leaves few are held.
@Suite struct SumTreeTests {
  /// A sum that says how it was made.
  struct Spelled: Summand {
    var text: String

    mutating func add(_ right: consuming Spelled) { text = "(\(text)+\(right.text))" }
  }

  private func whole(_ count: Int) -> String? {
    var sum = SumTree<Spelled>()
    for leaf in 0..<count { sum.add(Spelled(text: "\(leaf)"), leaf: leaf) }
    return sum.takeTotal()?.text
  }

  @Test func shapes() {
    #expect(whole(0) == nil)
    #expect(whole(1) == "0")
    #expect(whole(2) == "(0+1)")
    #expect(whole(3) == "((0+1)+2)")
    #expect(whole(5) == "(((0+1)+(2+3))+4)")
    #expect(whole(7) == "(((0+1)+(2+3))+((4+5)+6))")
  }

  /// Ranks with neighbouring leaves, each of which sums what it has for itself.
  @Test(arguments: 1...33) func contiguous(leaves: Int) {
    for ranks in 1...8 {
      var sum = SumTree<Spelled>()
      for rank in 0..<ranks {
        let own = leaves * rank / ranks..<leaves * (rank + 1) / ranks
        var part = SumTree<Spelled>()
        for leaf in own {
          part.add(Spelled(text: "\(leaf)"), leaf: leaf)
          let held = part.nodes.count
          #expect(held <= Int.bitWidth - own.count.leadingZeroBitCount + 1)
        }
        #expect(part.nodes.map(\.place) == SumNode.greatest(of: own))
        for node in part.nodes { sum.add(node.value, node.place) }
      }
      #expect(sum.takeTotal()?.text == whole(leaves), "\(leaves) leaves, \(ranks) ranks")
    }
  }

  @Test func aRankWithAPowerOfTwoHasOneNode() {
    #expect(SumNode.greatest(of: 8..<12) == [SumNode(first: 8, level: 2)])
    #expect(SumNode.greatest(of: 3..<6).map(\.level) == [0, 1])
    #expect(SumNode.greatest(of: 0..<13).map(\.level) == [3, 2, 0])
  }

  /// The same over numbers of which the order of sums decides the last bits.
  @Test(arguments: [1, 2, 3, 5, 8, 13, 33]) func bits(leaves: Int) {
    let random = Random(seed: 3), slots = [Slot(), Slot()]
    func gradient(_ leaf: Int) -> Gradients {
      var gradients = Gradients()
      for (place, slot) in slots.enumerated() where place == 0 || leaf % 3 == 1 {
        let values = (0..<70_000 * (1 - place) + 5).map {
          Float(random.uniform((2 * leaf + place) * 100_000 + $0)) - 0.5
        }
        gradients.add(Tensor(rows: 1, columns: values.count, values: values), for: slot)
      }
      return gradients
    }
    func total(_ ranks: Int) -> [[UInt32]] {
      var sum = SumTree<Gradients>()
      for rank in 0..<ranks {
        var part = SumTree<Gradients>()
        for leaf in leaves * rank / ranks..<leaves * (rank + 1) / ranks {
          part.add(gradient(leaf), leaf: leaf)
        }
        for node in part.nodes { sum.add(node.value, node.place) }
      }
      let total = sum.takeTotal()
      return slots.map { total?[$0]?.values.map(\.bitPattern) ?? [] }
    }
    let expected = total(1)
    for ranks in [2, 3, 4, 8] { #expect(total(ranks) == expected, "\(ranks) ranks") }
  }

  /// A gradient that was passed on to two leaves is one storage.
  @Test func whatIsSharedIsNotAddedToInPlace() {
    let (a, b) = (Slot(), Slot()), shared = Tensor(rows: 1, columns: 2, values: [1, 2])
    func one() -> Gradients {
      var gradients = Gradients()
      gradients.pass(a, shared)
      gradients.pass(b, shared)
      return gradients
    }
    var sum = SumTree<Gradients>()
    for leaf in 0..<4 { sum.add(one(), leaf: leaf) }
    let total = sum.takeTotal()
    #expect(total?[a]?.values == [4, 8] && total?[b]?.values == [4, 8])
    #expect(shared.values == [1, 2])
  }

  @Test(arguments: 1...9) func piecesAreDealtWhole(owners: Int) {
    let pieces = Pieces(counts: [3, 0, 200_000, 65_536, 1, 500_000])
    #expect(pieces.all.allSatisfy { (1...Pieces.size).contains($0.count) })
    let parts = pieces.dealt(to: owners), runs = parts.flatMap(\.self)
    // Cut again into pieces, they are all of them, in order.
    let again = runs.flatMap { run in
      stride(from: run.range.lowerBound, to: run.range.upperBound, by: Pieces.size).map {
        Pieces.Run(
          tensor: run.tensor, range: $0..<min($0 + Pieces.size, run.range.upperBound))
      }
    }
    #expect(again == pieces.all)
    #expect(runs.reduce(0) { $0 + $1.count } == pieces.total)
    let sizes = parts.map { $0.reduce(0) { $0 + $1.count } }
    #expect((sizes.max() ?? 0) <= pieces.total / owners + Pieces.size)
  }
}
