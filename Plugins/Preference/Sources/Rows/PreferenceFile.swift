import FoundationEssentials
import TaskKit

/// All rows of a split's files.
struct PreferenceFile {
  /// A row, or why it cannot be used.
  typealias Row = Result<PreferenceRow, PluginError>

  private(set) var rows: [Row] = []
  /// The file and line of each of `rows`.
  private(set) var places: [String] = []
  private var skipped = SkippedRows()

  /// Reads `paths` one after the other. A row that cannot be used does not keep the others from
  /// being read: whoever asks for it hears why.
  init(_ paths: [String], score: String, policy: BadPairPolicy) throws {
    for path in paths {
      let name = URL(fileURLWithPath: path).lastPathComponent
      try RowFile(path).forEachRow { value, place in
        do {
          let row = try PreferenceRow(value.get(), place: place, file: name, score: score)
          append(.success(row), place)
        } catch let bad as BadPair {
          if policy == .skip {
            skipped.add(bad, at: place)
          } else {
            append(.failure(bad.fault(at: place)), place)
          }
        } catch {
          let fault = error as? PluginError ?? PluginError(.internal, "\(place): \(error)")
          append(.failure(fault), place)
        }
      }
    }
    guard !rows.isEmpty else {
      throw PluginError(.data, "no row is left: \(skipped.note(of: skipped.count) ?? "none")")
    }
  }

  private mutating func append(_ row: Row, _ place: String) {
    rows.append(row)
    places.append(place)
  }

  /// Which rows were skipped; nil where none was.
  var skips: String? { skipped.note(of: rows.count + skipped.count) }

  /// The number of each row's prompt, by first appearance; a row that cannot be used has its own.
  var prompts: [Int] {
    var numbers: [String: Int] = [:], next = 0
    return rows.map { row in
      let id = try? row.get().promptID
      if let known = id.flatMap({ numbers[$0] }) { return known }
      if let id { numbers[id] = next }
      next += 1
      return next - 1
    }
  }
}
