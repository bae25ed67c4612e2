import TaskKit

/// All ratings, by user and then by time; equal times stay in the order of the file.
struct RatingTable: Sendable {
  /// The users' ids, ascending.
  let users: [Int]
  /// Where each user's ratings begin; one more: where they end.
  let starts: [Int]
  /// Of each rating: the movie's place in the movie table, the stars, when.
  let movies: [UInt32], ratings: [Float], times: [Int64]

  /// The number of ratings.
  var count: Int { movies.count }

  /// The places of a user's ratings.
  func events(of user: Int) -> Range<Int> { starts[user]..<starts[user + 1] }

  /// The user whose rating stands at `event`.
  func user(of event: Int) -> Int {
    var low = 0, high = users.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= event { low = middle } else { high = middle }
    }
    return low
  }

  /// Reads `ratings.csv`: `userId`, `movieId`, `rating`, `timestamp`.
  init(_ source: any ByteSource, movies table: MovieTable, host: HostServices) throws {
    var columns = Columns()
    let file = CSVTable(source: source, columns: ["userId", "movieId", "rating", "timestamp"])
    try file.forEachRow(host: host) { row in
      let id = try row.integer(1)
      guard let movie = table.place(of: id) else {
        throw row.fault("the movie \(id) is not in movies.csv; add it there or take the row out")
      }
      columns.add(
        user: try row.integer(0), movie: movie, rating: try Self.stars(row),
        time: Int64(try row.integer(3)))
    }
    guard !columns.movies.isEmpty else {
      throw PluginError(.data, "\(source.name): there is no rating in it, only the header")
    }
    (users, starts) = columns.users()
    let order = columns.order(starts)
    movies = order.map { columns.movies[Int($0)] }
    ratings = order.map { columns.ratings[Int($0)] }
    times = order.map { columns.times[Int($0)] }
  }

  /// How many ratings are of a movie that their user has rated before.
  var repeats: Int {
    // By movie, the last user who rated it.
    var last = Array(repeating: -1, count: 1 + Int(movies.max() ?? 0)), repeats = 0
    for user in users.indices {
      for movie in movies[events(of: user)] {
        if last[Int(movie)] == user { repeats += 1 }
        last[Int(movie)] = user
      }
    }
    return repeats
  }

  /// The scale of ratings.
  static let scale: ClosedRange<Float> = 0.5...5

  private static func stars(_ row: CSVTable.Row) throws -> Float {
    let bytes = row[2], first = bytes.startIndex
    // As good as every file writes 3.5: one digit, a point, one digit.
    if bytes.count == 3, bytes[first + 1] == UInt8(ascii: ".") {
      let tenths = 10 * Int(bytes[first]) + Int(bytes[first + 2]) - 11 * 48
      if 48...57 ~= bytes[first], 48...57 ~= bytes[first + 2], 5...50 ~= tenths {
        return Float(tenths) / 10
      }
    }
    let text = row.text(2)
    let isDecimal = bytes.allSatisfy { 48...57 ~= $0 || $0 == UInt8(ascii: ".") }
    guard isDecimal, let value = Float(text), scale.contains(value) else {
      throw row.fault(
        "'rating' is '\(text)'; it must be a number of 0.5 to 5 stars, so convert other scales")
    }
    return value
  }
}

/// Ratings in the order of their file.
private struct Columns {
  private(set) var movies: [UInt32] = [], ratings: [Float] = [], times: [Int64] = []
  /// Of each rating its user's place in `ids`.
  private var owners: [UInt32] = []
  private var ids: [Int] = [], counts: [Int] = []
  private var places: [Int: UInt32] = [:]

  mutating func add(user: Int, movie: UInt32, rating: Float, time: Int64) {
    // Files are grouped by user as a rule: ask for the last one first.
    var owner = owners.last ?? 0
    if ids.isEmpty || ids[Int(owner)] != user {
      owner = places[user] ?? UInt32(ids.count)
      if Int(owner) == ids.count {
        places[user] = owner
        ids.append(user)
        counts.append(0)
      }
    }
    owners.append(owner)
    counts[Int(owner)] += 1
    movies.append(movie)
    ratings.append(rating)
    times.append(time)
  }

  /// The ids, ascending, and where each user's ratings begin once they are sorted.
  func users() -> (ids: [Int], starts: [Int]) {
    let sorted = ids.indices.sorted { ids[$0] < ids[$1] }
    var starts = [0]
    for user in sorted { starts.append(starts[starts.count - 1] + counts[user]) }
    return (sorted.map { ids[$0] }, starts)
  }

  /// The places of the ratings by user, then by time, then by place.
  func order(_ starts: [Int]) -> [UInt32] {
    let sorted = ids.indices.sorted { ids[$0] < ids[$1] }
    var next = [Int](repeating: 0, count: ids.count)
    for (rank, user) in sorted.enumerated() { next[user] = starts[rank] }
    var order = [UInt32](repeating: 0, count: owners.count)
    for (place, owner) in owners.enumerated() {
      order[next[Int(owner)]] = UInt32(place)
      next[Int(owner)] += 1
    }
    for user in 0..<ids.count {
      order[starts[user]..<starts[user + 1]].sort { a, b in
        let earlier = times[Int(a)], later = times[Int(b)]
        return earlier != later ? earlier < later : a < b
      }
    }
    return order
  }
}
