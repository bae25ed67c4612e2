/// The tokens found so far, with their byte ranges where wanted.
struct TokenList {
  var ids: [Int32] = []
  var ranges: [Range<Int>] = []
  let wantsRanges: Bool

  @inline(__always)
  mutating func append(_ id: Int32, _ range: @autoclosure () -> Range<Int>) {
    ids.append(id)
    if wantsRanges { ranges.append(range()) }
  }
}
