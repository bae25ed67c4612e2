import TaskKit

/// How windows are dealt out to training, validation and test.
enum WindowSplit: String, CaseIterable, Sendable, Hashable {
  /// Of each user the latest windows are for test, those before them for validation.
  case perUser = "per_user"
  /// Of each user the latest window is for test, the one before it for validation.
  case leaveLastOut = "leave_last_out"
  /// The latest windows of all users are for test, so that training sees nothing of their time.
  case globalTime = "global_time"
}

/// The settings that decide which windows there are and in which order.
struct WindowOptions: Sendable, Hashable {
  /// Movies before the candidate.
  var historyLength = 15
  /// How windows are dealt out, and the shares of the held-out ones.
  var split = WindowSplit.perUser
  var validationFraction = 0.05, testFraction = 0.1
  /// At most so many windows of each user, the earliest; at most so many validation rows, the first
  /// in the shuffled order.
  var mostPerUser: Int?, mostValidation: Int?
  /// The seed of the shuffle.
  var seed: UInt64 = 13

  /// Whether no window is asked for in `split`.
  func leavesOut(_ split: Split) -> Bool {
    guard self.split != .leaveLastOut else { return false }
    return (split == .validation && validationFraction == 0)
      || (split == .test && testFraction == 0)
  }
}

/// Sliding windows over ratings: a candidate and the ratings before it, all of one user. A window is
/// known by its candidate's place in the rating table.
struct Windows: Sendable {
  /// The candidates of each split, shuffled.
  private(set) var train: [UInt32] = [], validation: [UInt32] = [], test: [UInt32] = []
  /// Of each user: where the ratings end that training may know. What comes later is, or follows,
  /// a held-out candidate.
  let trainingEnds: [Int]
  /// Users with too few ratings for any window.
  let idleUsers: Int

  init(_ table: RatingTable, _ options: WindowOptions) throws {
    let dealt = Dealing(table, options)
    trainingEnds = dealt.trainingEnds
    idleUsers = dealt.idleUsers
    var random = PythonRandom(seed: options.seed)
    var candidates = dealt.candidates
    guard !candidates.isEmpty else {
      throw PluginError(
        .data,
        "no user has more than \(options.historyLength) ratings, so there is no row; set a smaller "
          + "'data.history_length'")
    }
    random.shuffle(&candidates)
    for candidate in candidates {
      switch dealt.parts[Int(candidate)] {
      case .train: train.append(candidate)
      case .validation: validation.append(candidate)
      case .test: test.append(candidate)
      }
    }
    if let most = options.mostValidation { validation = Array(validation.prefix(most)) }
  }

  /// The candidates of `split`.
  func candidates(_ split: Split) -> [UInt32] {
    switch split {
    case .train: train
    case .validation: validation
    case .test: test
    }
  }
}

/// Windows as they are dealt out, in the order of users and times.
private struct Dealing {
  enum Part: UInt8 { case train, validation, test }

  private(set) var candidates: [UInt32] = []
  /// By place in the rating table; only candidates' places mean something.
  private(set) var parts: [Part]
  private(set) var trainingEnds: [Int] = []
  private(set) var idleUsers = 0

  init(_ table: RatingTable, _ options: WindowOptions) {
    parts = Array(repeating: .train, count: table.count)
    for user in table.users.indices {
      let events = table.events(of: user)
      let windows = events.dropFirst(options.historyLength).prefix(options.mostPerUser ?? .max)
      if windows.isEmpty { idleUsers += 1 }
      candidates += windows.map(UInt32.init)
      trainingEnds.append(events.upperBound)
      if options.split != .globalTime {
        deal(windows, options, at: user)
      }
    }
    if options.split == .globalTime { deal(byTimeOf: table, options) }
  }

  /// The last windows of one user are held out.
  private mutating func deal(_ windows: Range<Int>, _ options: WindowOptions, at user: Int) {
    guard !windows.isEmpty else { return }
    let isLastOnly = options.split == .leaveLastOut
    let test = isLastOnly ? 1 : Self.held(options.testFraction, of: windows.count)
    let validation = isLastOnly ? 1 : Self.held(options.validationFraction, of: windows.count)
    let testStart = windows.upperBound - min(test, windows.count)
    let validationStart = max(windows.lowerBound, testStart - validation)
    for event in validationStart..<testStart { parts[event] = .validation }
    for event in testStart..<windows.upperBound { parts[event] = .test }
    trainingEnds[user] = validationStart
  }

  /// The last windows of all are held out; of equal times all go to the later split.
  private mutating func deal(byTimeOf table: RatingTable, _ options: WindowOptions) {
    let times = candidates.map { table.times[Int($0)] }.sorted()
    guard !times.isEmpty else { return }
    let test = Self.held(options.testFraction, of: times.count)
    let validation = Self.held(options.validationFraction, of: times.count)
    let ends = times + [.max]
    let testTime = ends[max(0, times.count - test)]
    let validationTime = ends[max(0, times.count - test - validation)]
    for candidate in candidates {
      let time = table.times[Int(candidate)]
      if time >= validationTime {
        parts[Int(candidate)] = time >= testTime ? .test : .validation
      }
    }
    for user in table.users.indices {
      let events = table.events(of: user)
      trainingEnds[user] = events.first { table.times[$0] >= validationTime } ?? events.upperBound
    }
  }

  /// A share of `count` windows, at least one; none only where none is asked for.
  private static func held(_ fraction: Double, of count: Int) -> Int {
    fraction == 0 ? 0 : max(1, Int(fraction * Double(count)))
  }
}
