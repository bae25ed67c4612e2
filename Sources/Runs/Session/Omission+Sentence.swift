import Tasks

extension Omission {
  /// `3 rows, 4 turns, 1,240 characters`.
  public func sentence(rows: Int?) -> String {
    func count(_ number: Int, _ noun: String) -> String {
      "\(Format.grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }
    let counts = [(turns, "turn"), (characters, "character")].map(count)
    return ((rows.map { [count($0, "row")] } ?? []) + counts).joined(separator: ", ")
  }
}
