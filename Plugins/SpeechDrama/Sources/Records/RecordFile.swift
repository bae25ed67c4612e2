import TaskKit

/// Reads files of records: one JSON object a line (JSON Lines), or one JSON array of objects.
enum RecordFile {
  /// The records of all `paths`, one file after the other. `kind` overrides the records' own.
  static func read(_ paths: [String], kind: Kind? = nil) throws -> [Record] {
    var records: [Record] = []
    for path in paths {
      let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/")
      try RowFile(path).forEach { value, place in
        records.append(try Record(value, place: place, folder: folder, kind: kind))
      }
    }
    return records
  }
}
