import TaskKit

/// The movies of `movies.csv`.
struct MovieTable: Sendable {
  /// Titles and ids in the order of the file.
  private(set) var titles: [String] = [], ids: [Int] = []
  private var places: [Int: UInt32] = [:]

  /// Reads the columns `movieId` and `title`.
  init(_ source: any ByteSource, host: HostServices) throws {
    try CSVTable(source: source, columns: ["movieId", "title"]).forEachRow(host: host) { row in
      let id = try row.integer(0), title = try row.validText(1)
      guard !title.isEmpty else { throw row.fault("'title' is empty; fill it in") }
      guard places.updateValue(UInt32(titles.count), forKey: id) == nil else {
        throw row.fault("the movie \(id) stands there twice; keep one of the rows")
      }
      titles.append(title)
      ids.append(id)
    }
  }

  /// The place of a movie in `titles`.
  func place(of id: Int) -> UInt32? { places[id] }
}
