import FoundationEssentials
import Synchronization
import TaskKit
import Testing

@testable import Recommendation

@Suite struct PythonRandomTests {
  @Test(arguments: Golden.all.shuffles.indices)
  func ordersArePythons(index: Int) {
    let golden = Golden.all.shuffles[index]
    var words = PythonRandom(seed: golden.seed)
    let drawn = (0..<1300).map { _ in words.word() }
    #expect(stride(from: 0, to: 1300, by: 100).map { drawn[$0] } == golden.words)
    var random = PythonRandom(seed: golden.seed)
    for order in golden.orders {
      var values = order.indices.map(UInt32.init)
      random.shuffle(&values)
      #expect(values == order)
    }
  }
}

@Suite struct WindowTests {
  private static let files = [
    "movies.csv": Golden.all.movies_csv, "ratings.csv": Golden.all.ratings_csv,
  ]

  /// The rows of a split: user, movie, answer, CRC-32 of the question.
  private func rows(
    _ folder: String, _ settings: [String: JSON], _ split: Split
  ) throws -> [JSON] {
    let configuration = JSON.object(settings.merging(["source": .string(folder)]) { $1 })
    let dataset = try #require(
      try RecommendationDataset(configuration: configuration, split: split))
    return try (0..<dataset.count).map { index in
      let example = try dataset.example(at: index, epoch: 0, seed: 1)
      let metadata = try example.metadata.decoded(as: RowMetadata.self)
      #expect(example.reference == metadata.label)
      var crc = CRC32()
      Array(question(example).utf8).withUnsafeBytes { crc.add($0) }
      return [
        metadata.user_id ?? -1, .int(metadata.movie_id ?? -1), .string(metadata.label),
        .int(Int(crc.value)),
      ]
    }
  }

  /// The user's turn without the instruction before it.
  private func question(_ example: Example) -> String {
    let text = example.turns.first { $0.role == "user" }?.text ?? ""
    return text.ranges(of: "\n\n").first.map { String(text[$0.upperBound...]) } ?? text
  }

  @Test(arguments: Golden.all.windows.indices)
  func countsAndOrderAreThoseOfOtherTools(index: Int) throws {
    let golden = Golden.all.windows[index]
    var settings: [String: JSON] = [
      "history_length": .int(golden.length), "shuffle_seed": .int(Int(golden.seed)),
    ]
    settings["max_per_user"] = golden.most.map(JSON.int)
    try withFolder(texts: Self.files) { folder in
      for split in Split.allCases {
        let found = try rows(folder, settings, split)
        #expect(found == golden.splits[split.rawValue], "\(split)")
      }
    }
  }

  @Test func aRowHasChoicesAndMetadata() throws {
    let golden = Golden.all.windows[0]
    try withFolder(texts: Self.files) { folder in
      let settings: JSON = ["source": .string(folder), "system": "S", "instruction": "I"]
      let split = try #require(Split(rawValue: golden.last))
      let dataset = try #require(try RecommendationDataset(configuration: settings, split: split))
      let example = try dataset.example(at: dataset.count - 1, epoch: 0, seed: 1)
      #expect(example.turns.map(\.role) == ["system", "user", "assistant"])
      #expect(example.turns[0].text == "S")
      #expect(example.turns[1].text == "I\n\n" + golden.question)
      #expect(example.choices == ["Yes", "No"])
      #expect(
        example.turns[2].parts == [.choice(weights: golden.answer == "Yes" ? [1, 0] : [0, 1])])
      #expect(example.metadata["history_ratings"]?.array?.count == 15)
      #expect(example.metadata["history_titles"]?.array?.count == 15)
    }
  }

  @Test func readingTellsItsSourcesAndItsProgress() throws {
    let seen = Mutex<[String: [Int]]>([:])
    let host = HostServices(progress: { label, done, total in
      seen.withLock { $0[label] = [done, total] }
    })
    try withFolder(texts: Self.files) { folder in
      let dataset = try #require(
        try RecommendationDataset(
          configuration: ["source": .string(folder)], split: .test, host: host))
      #expect(dataset.sources == [folder + "/ratings.csv", folder + "/movies.csv"])
      #expect(!dataset.variesByEpoch)
    }
    let expected = Dictionary(
      uniqueKeysWithValues: Self.files.map { ("reading \($0)", [$1.utf8.count, $1.utf8.count]) })
    #expect(seen.withLock { $0 } == expected)
  }

  @Test func answersOfSeveralTokensAreTurns() throws {
    let host = HostServices(
      tokenizer: Tokenizer(encode: { $0.utf8.map(Int32.init) }, decode: { _ in "" }))
    try withFolder(texts: Self.files) { folder in
      let dataset = try #require(
        try RecommendationDataset(
          configuration: ["source": .string(folder)], split: .test, host: host))
      let example = try dataset.example(at: 0, epoch: 0, seed: 1)
      #expect(example.turns.last?.parts == [.text(example.metadata["label"]?.string ?? "")])
      #expect(example.choices == ["Yes", "No"])
    }
  }

  @Test func validationCanBeCapped() throws {
    try withFolder(texts: Self.files) { folder in
      let all = try rows(folder, [:], .validation)
      #expect(try rows(folder, ["max_eval": 2], .validation) == Array(all.prefix(2)))
      #expect(
        try rows(folder, ["max_eval": 2], .test).count
          == Golden.all.windows[0].splits["test"]?.count)
    }
  }

  // MARK: Other splits

  /// A table of users with `counts` ratings each; user u's k-th rating is at the time 10 k + u.
  private func table(_ counts: [Int]) throws -> RatingTable {
    var text = "userId,movieId,rating,timestamp\n"
    for (user, count) in counts.enumerated() {
      for event in 0..<count { text += "\(user),1,3.0,\(10 * event + user)\n" }
    }
    return try withFolder(texts: ["movies.csv": "movieId,title\n1,A\n", "ratings.csv": text]) {
      let files = try RatingFiles($0)
      let movies = try MovieTable(files.movies, host: .none)
      return try RatingTable(files.ratings, movies: movies, host: .none)
    }
  }

  @Test func leaveLastOutHoldsOutOneEach() throws {
    let table = try table([6, 3, 4, 2])
    let options = WindowOptions(historyLength: 2, split: .leaveLastOut)
    let windows = try Windows(table, options)
    #expect(windows.test.sorted() == [5, 8, 12])
    #expect(windows.validation.sorted() == [4, 11])
    #expect(windows.train.sorted() == [2, 3])
    #expect(windows.trainingEnds == [4, 8, 11, 15])
    #expect(windows.idleUsers == 1)
  }

  @Test func globalTimeKeepsTheLatestForTest() throws {
    let table = try table([12, 12, 5])
    var options = WindowOptions(historyLength: 2, split: .globalTime)
    (options.validationFraction, options.testFraction) = (0.2, 0.2)
    let windows = try Windows(table, options)
    func times(_ events: [UInt32]) -> [Int64] { events.map { table.times[Int($0)] }.sorted() }
    // 23 windows, of which 4 and 4 are held out.
    #expect(times(windows.test) == [100, 101, 110, 111])
    #expect(times(windows.validation) == [80, 81, 90, 91])
    #expect(windows.train.count == 15)
    #expect(times(windows.train).allSatisfy { $0 < 80 })
    #expect(windows.trainingEnds == [8, 20, 29])
  }

  @Test func equalTimesStayInTheFilesOrder() throws {
    let rows = ["2,3,1.0,7", "1,1,2.0,9", "2,1,3.0,7", "1,2,4.0,9", "2,2,5.0,6", "1,3,0.5,8"]
    let text = "userId,movieId,rating,timestamp\n" + rows.joined(separator: "\n")
    let movies = "movieId,title\n1,A\n2,B\n3,C\n"
    try withFolder(texts: ["movies.csv": movies, "ratings.csv": text]) { folder in
      let files = try RatingFiles(folder)
      let table = try RatingTable(
        files.ratings, movies: MovieTable(files.movies, host: .none), host: .none)
      #expect(table.users == [1, 2])
      #expect(table.ratings == [0.5, 2, 4, 5, 1, 3])
      #expect(table.movies == [2, 0, 1, 1, 2, 0])
      #expect((0..<6).map(table.user(of:)) == [0, 0, 0, 1, 1, 1])
    }
  }

  @Test func meansKnowTrainingRatingsOnly() throws {
    let movies = "movieId,title\n1,A\n2,B\n"
    let rows = [(1, 4.0), (2, 2.0), (1, 3.0), (2, 5.0), (1, 0.5)]
    let text = rows.enumerated().map { "9,\($1.0),\($1.1),\($0)\n" }.joined()
    try withFolder(texts: [
      "movies.csv": movies, "ratings.csv": "userId,movieId,rating,timestamp\n" + text,
    ]) { folder in
      let settings: JSON = ["source": .string(folder), "history_length": 1]
      let dataset = try #require(try RecommendationDataset(configuration: settings, split: .test))
      let row = try dataset.example(at: 0, epoch: 0, seed: 0).metadata
      // Held out are the last (test) and the one before it (validation).
      #expect(row["item_mean"] == 3.5)
      #expect(row["user_mean"] == 3.0)
      #expect(row["overall_mean"] == 3.0)
    }
  }
}
