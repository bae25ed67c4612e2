import Generation
import Text

/// How context and continuation become tokens: both are encoded together and cut by the number of the
/// context's tokens, so that a word that spans the border is one.
struct TokenRule {
  private let tokenizer: Tokenizer
  /// The token that begins a text, or else ends one.
  private let first: (text: String, id: Int32)?
  /// The most tokens that the model reads.
  private let limit: Int

  init(_ tokenizer: Tokenizer, contextLength: Int) {
    self.tokenizer = tokenizer
    limit = contextLength
    first = (tokenizer.bosToken ?? tokenizer.eosToken).flatMap { text in
      tokenizer.id(of: text).map { (text, $0) }
    }
  }

  /// The ids of a whole text. One that begins with the first token already, as a chat template writes
  /// it, gets nothing more.
  func encode(_ text: String) -> [Int32] {
    if let first, text.utf8.starts(with: first.text.utf8) { return tokenizer.encode(text) }
    return tokenizer.encodeAlone(text)
  }

  /// The tokens to weigh, and whether the context lost its beginning to the model's limit.
  func pair(
    _ context: String, _ continuation: String, at place: String
  ) throws(BenchmarkError) -> (text: Continuation, isCut: Bool) {
    // White space at the context's end belongs to the token that follows.
    let space = PythonText.trailingSpace(of: context)
    let moved = context.unicodeScalars.suffix(space)
    let front = String(context.unicodeScalars.dropLast(space))
    let ending = String(String.UnicodeScalarView(moved)) + continuation
    var ids: [Int32], start: Int
    if front.isEmpty {
      guard let first else {
        throw BenchmarkError(place, "the prompt is empty, and the model has no token to begin with")
      }
      ids = [first.id] + tokenizer.encode(ending)
      start = 1
    } else {
      ids = encode(front + ending)
      start = encode(front).count
    }
    // Where a merge takes the border in, nothing may be left.
    guard start < ids.count, start > 0 else {
      throw BenchmarkError(place, "'\(continuation)' has no token of its own after its prompt")
    }
    let count = ids.count - start
    guard count <= limit else {
      throw BenchmarkError(
        place,
        "a choice has \(count) tokens, but the model's context is \(limit); leave the row out")
    }
    let excess = ids.count - (limit + 1)
    guard excess > 0 else { return (Continuation(ids: ids, start: start), false) }
    ids.removeFirst(excess)
    start -= excess
    guard start > 0 else {
      throw BenchmarkError(
        place, "a choice fills the model's context of \(limit) tokens; leave the row out")
    }
    return (Continuation(ids: ids, start: start), true)
  }

  /// A prompt for an answer of `room` tokens, and whether it lost its beginning.
  func prompt(
    _ text: String, room: Int, at place: String
  ) throws(BenchmarkError) -> (ids: [Int32], isCut: Bool) {
    guard room < limit else {
      throw BenchmarkError(
        place, "an answer of \(room) tokens leaves no room in the model's context of \(limit)")
    }
    let ids = encode(text)
    return (Array(ids.suffix(limit - room)), ids.count > limit - room)
  }
}
