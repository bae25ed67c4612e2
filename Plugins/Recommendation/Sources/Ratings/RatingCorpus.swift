import Synchronization
import TaskKit

/// A data set's movies, ratings and windows, read once for all splits.
final class RatingCorpus: Sendable {
  let movies: MovieTable, ratings: RatingTable, windows: Windows, means: MeanRatings
  let options: WindowOptions
  /// The files that were read.
  let paths: [String]

  private init(_ source: String, _ options: WindowOptions, host: HostServices) throws {
    self.options = options
    let files = try RatingFiles(source)
    paths = files.paths
    movies = try MovieTable(files.movies, host: host)
    ratings = try RatingTable(files.ratings, movies: movies, host: host)
    windows = try Windows(ratings, options)
    means = MeanRatings(ratings, windows, movies: movies.titles.count)
    let repeats = ratings.repeats
    if repeats > 0 {
      host.log(
        .warning,
        "\(source): \(repeats) ratings are of a movie that the user has rated before, so that some "
          + "histories hold their candidate's rating; is a file in it twice?")
    }
    host.log(
      .info,
      "\(source): \(ratings.count) ratings of \(ratings.users.count) users, "
        + "\(windows.train.count) training, \(windows.validation.count) validation and "
        + "\(windows.test.count) test rows"
        + (windows.idleUsers == 0
          ? ""
          : "; \(windows.idleUsers) users have \(options.historyLength) ratings or fewer, so no row")
    )
  }

  private struct Key: Hashable { var source: String, options: WindowOptions }
  private struct Opened: Sendable { weak var corpus: RatingCorpus? }
  private static let opened = Mutex<[Key: Opened]>([:])

  /// The corpus of `source`: the one that is open already, or a new one.
  static func open(
    _ source: String, _ options: WindowOptions, host: HostServices
  ) throws -> RatingCorpus {
    try opened.withLock { opened in
      let key = Key(source: source, options: options)
      if let corpus = opened[key]?.corpus { return corpus }
      let corpus = try RatingCorpus(source, options, host: host)
      opened[key] = Opened(corpus: corpus)
      return corpus
    }
  }
}
