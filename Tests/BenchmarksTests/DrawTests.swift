import Testing

@testable import Benchmarks

/// Draws as CPython has them.
@Suite struct DrawTests {
  @Test func wordsAreMersennes() {
    var random = PythonRandom(seed: 1234)
    let words = (0..<5).map { _ in random.word() }
    #expect(words == [4_150_886_329, 3_342_196_574, 1_892_932_127, 501_869_158, 32_175_636])
  }

  @Test(arguments: [
    (
      7473, 5,
      [[6374, 3610, 957, 61, 742], [7462, 6610, 4769, 286, 5501], [5677, 687, 806, 6279, 2905]]
    ),
    (10, 3, [[7, 1, 0], [1, 0, 9], [1, 5, 3]]),
    (8, 4, [[7, 0, 6, 5], [0, 5, 6, 7], [1, 6, 2, 7]]),
    (
      39905, 11,
      [[28883, 7657, 490, 5940, 38156, 2288, 5500, 6450, 23241, 15519, 1142]]
    ),
  ])
  func samplesAreCPythons(bound: Int, count: Int, draws: [[Int]]) {
    var random = PythonRandom(seed: 1234)
    for draw in draws { #expect(random.sample(bound, count) == draw) }
  }
}
