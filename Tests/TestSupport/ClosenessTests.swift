import Testing

@Suite struct ClosenessTests {
  @Test func nothingIsNearWhatIsNoNumber() {
    for bad in [Double.nan, .infinity, -.infinity] {
      #expect(Closeness([0, bad], [0, bad], atol: 1, rtol: 1).failures == 1)
      #expect(Closeness([0, bad, bad], [0, 1, 2], atol: 1, rtol: 1).failures == 2)
      #expect(Closeness([1.0], [bad], atol: 1, rtol: 1).fault != nil)
    }
  }

  @Test func boundsGrowWithWhatIsExpected() {
    #expect(Closeness([100.5], [100.0], atol: 0, rtol: 0.005).fault == nil)
    #expect(Closeness([100.5], [100.0], atol: 0.1, rtol: 0.001).fault != nil)
    #expect(Closeness([0.001, 0.0], [0.0, 0.0], atol: 0.001, rtol: 0).fault == nil)
    let worst = Closeness([1.0, 2.5, 3.1], [1.0, 2.0, 3.0], atol: 0.01, rtol: 0)
    #expect(worst.failures == 2 && worst.worst?.index == 1)
  }

  @Test func anotherNumberOfNumbersIsAFault() {
    #expect(Closeness([1.0], [1.0, 2.0], atol: 1, rtol: 1).fault == "1 numbers, expected 2")
    #expect(Closeness([1.0, 2.0], [1.0], atol: 1, rtol: 1).fault != nil)
    #expect(Closeness([Float](), [Float](), atol: 0, rtol: 0).fault == nil)
  }
}
