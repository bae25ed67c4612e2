import TaskKit

/// Reads files of rows: one JSON object a line (JSON Lines), or one JSON array of objects.
enum ConversationFile {
  /// A row, or why it cannot be used; its file and line.
  typealias Row = (content: Result<ConversationRow, PluginError>, place: String)

  /// The rows of all `paths`, one file after the other. A row that cannot be used does not keep the
  /// others from being read: whoever asks for it hears why.
  static func rows(of paths: [String]) throws -> [Row] {
    var rows: [Row] = []
    for path in paths {
      try RowFile(path).forEachRow { value, place in
        let content = value.flatMap { value -> Result<ConversationRow, PluginError> in
          do { return .success(try ConversationRow(value, place: place)) } catch {
            return .failure(
              error as? PluginError ?? PluginError(.internal, "\(place): \(error)"))
          }
        }
        rows.append((content, place))
      }
    }
    return rows
  }
}
