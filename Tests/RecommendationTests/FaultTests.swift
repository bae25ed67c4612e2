import Foundation
import Synchronization
import TaskKit
import Testing

@testable import Recommendation

@Suite struct FaultTests {
  private static let movies = "movieId,title,genres\n1,A (1990),Drama\n2,B (1991),Drama\n"
  private static let header = "userId,movieId,rating,timestamp\n"

  /// What opening the training rows of a folder with these files says.
  private func fault(_ files: [String: String], _ settings: [String: JSON] = [:]) throws -> String {
    try withFolder(texts: files) { folder in
      let data = settings.merging(["source": .string(folder)]) { given, _ in given }
      return message {
        _ = try RecommendationDataset(configuration: .object(data), split: .train)
      }
    }
  }

  static let badRatings: [(String, String)] = [
    ("userId,movieId,timestamp\n1,1,7\n", "ratings.csv, row 1: no column 'rating'; the header is"),
    ("userId,movieId,rating,rating,timestamp\n", "row 1: several columns 'rating'"),
    (
      header + "1,1,4.0,7\n1,1,5.5,7\n", "row 3: 'rating' is '5.5'; it must be a number of 0.5 to 5"
    ),
    (header + "1,1,0.0,7\n", "row 2: 'rating' is '0.0'"),
    (header + "1,1,good,7\n", "row 2: 'rating' is 'good'"),
    (header + "1,1,nan,7\n", "row 2: 'rating' is 'nan'"),
    (header + "1,9,4.0,7\n", "row 2: the movie 9 is not in movies.csv; add it there"),
    (header + ",1,4.0,7\n", "row 2: 'userId' is empty; fill it in"),
    (header + "x,1,4.0,7\n", "row 2: 'userId' is 'x'; it must be a whole number"),
    (header + "1,1,4.0,soon\n", "row 2: 'timestamp' is 'soon'"),
    (header + "1,1,4.0\n", "row 2: 3 fields, but the header has 4; is the row cut off?"),
    (header + "1,1,0x1p1,7\n", "row 2: 'rating' is '0x1p1'"),
    (header, "there is no rating in it, only the header"),
    ("", "ratings.csv: the file is empty; it needs the header userId,movieId,rating,timestamp"),
    (header + "1,1,4.0,7\n", "no user has more than 15 ratings"),
    (",\u{FEFF}userId,movieId,rating,timestamp\n", "row 1: no column 'userId'"),
    (header + "1234567890123456789,1,4.0,7\n", "a whole number of at most 18 digits"),
  ]

  @Test(arguments: badRatings)
  func badRatingsNameFileRowAndCure(ratings: String, expected: String) throws {
    let said = try fault(["ratings.csv": ratings, "movies.csv": Self.movies])
    #expect(said.contains(expected), "\(said)")
  }

  static let badMovies: [(String, String)] = [
    ("movieId,name\n1,A\n", "movies.csv, row 1: no column 'title'"),
    ("movieId,title\n1,A\n1,B\n", "movies.csv, row 3: the movie 1 stands there twice"),
    ("movieId,title\n1,\n", "movies.csv, row 2: 'title' is empty"),
    ("movieId,title\n1,A, the\n", "movies.csv, row 2: 3 fields, but the header has 2; quote"),
    ("movieId,title\ntt1,A\n", "movies.csv, row 2: 'movieId' is 'tt1'"),
  ]

  @Test(arguments: badMovies)
  func badMoviesNameFileRowAndCure(movies: String, expected: String) throws {
    let said = try fault(["ratings.csv": Self.header + "1,1,4.0,7\n", "movies.csv": movies])
    #expect(said.contains(expected), "\(said)")
  }

  @Test func titlesMustBeUTF8() throws {
    let latin = Data("movieId,title\n1,Am".utf8) + [0xE9] + Data("lie\n".utf8)
    let said = try withFolder(["ratings.csv": Data(Self.header.utf8), "movies.csv": latin]) {
      folder in
      message {
        _ = try RecommendationDataset(configuration: ["source": .string(folder)], split: .train)
      }
    }
    #expect(said.contains("movies.csv, row 2: 'title' is not UTF-8; convert the file"))
  }

  /// Nobody writes into the pipe, and nobody waits for it.
  @Test func aPipeIsNoFile() throws {
    try withFolder(texts: ["movies.csv": Self.movies]) { folder in
      #expect(mkfifo(folder + "/ratings.csv", 0o600) == 0)
      let said = message {
        _ = try RecommendationDataset(configuration: ["source": .string(folder)], split: .train)
      }
      #expect(said.contains("/ratings.csv: it is not a file"))
    }
  }

  @Test func repeatedRatingsAreWarnedOf() throws {
    let said = Mutex<[String]>([])
    let host = HostServices(log: { level, text in
      if level == .warning { said.withLock { $0.append(text) } }
    })
    let rows = (0..<5).map { "1,\($0 % 2 + 1),4.0,\($0)\n" }.joined()
    try withFolder(texts: ["ratings.csv": Self.header + rows, "movies.csv": Self.movies]) {
      folder in
      _ = try RecommendationDataset(
        configuration: ["source": .string(folder), "history_length": 1], split: .train, host: host)
    }
    #expect(said.withLock { $0.count } == 1)
    #expect(said.withLock { $0.first?.contains(": 3 ratings are of a movie") } == true)
  }

  @Test func missingFilesAreNamed() throws {
    let ratings = ["ratings.csv": Self.header], movies = ["movies.csv": Self.movies]
    #expect(
      try fault(movies).contains("/ratings.csv: there is no such file, or it cannot be read;"))
    #expect(
      try fault(ratings).contains("/movies.csv: there is no such file, or it cannot be read;"))
    try withFolder(texts: movies) { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/ratings.csv", withIntermediateDirectories: false)
      let said = message {
        _ = try RecommendationDataset(configuration: ["source": .string(folder)], split: .train)
      }
      #expect(said.contains("/ratings.csv: it is not a file"))
    }
    #expect(try fault([:], ["source": "/nowhere"]).contains("/nowhere: no such folder or archive"))
  }

  @Test(
    arguments: [
      (["split": "random"], "'data.split' does not know 'random'; known: per_user, leave_last_out"),
      (["history_length": 0], "'data.history_length' is 0; it must be greater than 0"),
      (["max_per_user": -1], "'data.max_per_user' is -1"),
      (["max_eval": 0], "'data.max_eval' is 0"),
      (["threshold": 6], "'data.threshold' is 6.0; it must lie in 0.5...5"),
      (["test_fraction": 1], "'data.test_fraction' is 1.0; it must lie in 0..<1"),
      (["test_fraction": 0.6, "validation_fraction": 0.4], "leave nothing to learn from"),
      (["split": "leave_last_out", "test_fraction": 0.1], "means nothing where 'split' is"),
      (["train": "rows.json"], "'data' has 'source' and files of ready-made rows too"),
      (["dataset": "x"], "'data' has 'source' and files of ready-made rows too"),
      (["history_lenght": 5], "unknown key 'history_lenght'; did you mean 'history_length'?"),
    ] as [([String: JSON], String)])
  func badSettingsAreNamed(settings: [String: JSON], expected: String) throws {
    let said = try fault(["ratings.csv": Self.header, "movies.csv": Self.movies], settings)
    #expect(said.contains(expected), "\(said)")
  }

  @Test(
    arguments: [
      ([:], "'data.source' is required"),
      (
        ["train": "rows.json", "history_length": 3], "'data.history_length' is about 'data.source'"
      ),
      (["train": "rows.json", "dataset": "x"], "'data.dataset' needs 'data.dataset_info'"),
      (["dataset_info": "info", "train": "rows.json"], "leave out 'train'"),
    ] as [([String: JSON], String)])
  func badChoicesOfRowsAreNamed(settings: [String: JSON], expected: String) {
    let said = message {
      _ = try RecommendationDataset(configuration: .object(settings), split: .train)
    }
    #expect(said.contains(expected), "\(said)")
  }

  @Test func aSplitThatIsNotAskedForIsNone() throws {
    let rows = (0..<20).map { "1,\(1 + $0 % 2),4.0,\($0)\n" }.joined()
    let files = ["ratings.csv": Self.header + rows, "movies.csv": Self.movies]
    try withFolder(texts: files) { folder in
      let settings: JSON = [
        "source": .string(folder), "validation_fraction": 0, "test_fraction": 0.2,
      ]
      let counts = try Split.allCases.map {
        try RecommendationDataset(configuration: settings, split: $0)?.count
      }
      #expect(counts == [4, nil, 1])
    }
  }

  @Test func aCancelledReadingEnds() throws {
    let files = ["ratings.csv": Self.header + "1,1,4.0,7\n", "movies.csv": Self.movies]
    try withFolder(texts: files) { folder in
      _ = #expect(throws: PluginError(.cancelled, "cancelled")) {
        try RecommendationDataset(
          configuration: ["source": .string(folder)], split: .train,
          host: HostServices(isCancelled: { true }))
      }
    }
  }
}
