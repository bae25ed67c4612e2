/// Rendered text, with the message each stretch of it was written for.
struct TemplateOutput {
  /// A stretch of text up to byte `end` and the message its loop iteration ran over.
  struct Piece {
    let message: Int?
    var end: Int
  }

  private(set) var text = ""
  private(set) var pieces: [Piece] = []
  /// What `{% generation %}` blocks wrote, by message.
  private(set) var generated: [(message: Int?, range: Range<Int>)] = []

  var count: Int { text.utf8.count }

  mutating func write(_ part: String, for message: Int?) {
    guard !part.isEmpty else { return }
    text += part
    if let last = pieces.last, last.message == message {
      pieces[pieces.count - 1].end = count
    } else {
      pieces.append(Piece(message: message, end: count))
    }
  }

  /// Text generated outside the loop (an end token after it) belongs to the last message before.
  mutating func markGenerated(from start: Int, for message: Int?) {
    guard start < count else { return }
    let owner = message ?? pieces.last { $0.message != nil }?.message
    generated.append((owner, start..<count))
  }

  /// The stretches as ranges.
  var stretches: [(message: Int?, range: Range<Int>)] {
    var start = 0
    return pieces.map { piece in
      defer { start = piece.end }
      return (piece.message, start..<piece.end)
    }
  }
}
