#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A date and a time of day as a calendar on the wall and a clock beside it show them: what
/// `strftime_now` of chat templates writes. It is a value that rendering is given, never the clock
/// itself, so that the same run has the same rows on any day.
public struct CivilTime: Sendable, Hashable, CustomStringConvertible {
  /// Year of the Gregorian calendar, month from 1, day from 1.
  public let year: Int, month: Int, day: Int
  /// Time of day.
  public let hour: Int, minute: Int, second: Int

  /// A date and a time of day; nil where there is no such day or time.
  public init?(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0
  ) {
    guard (1...9999).contains(year), (1...12).contains(month),
      (1...Self.days(inMonth: month, of: year)).contains(day), (0...23).contains(hour),
      (0...59).contains(minute), (0...59).contains(second)
    else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
    (self.hour, self.minute, self.second) = (hour, minute, second)
  }

  /// Reads `2026-11-30` or `2026-11-30T09:15:00` (a blank in the place of the T is good too); nil
  /// for other texts and for days that do not exist.
  public init?(_ text: String) {
    let halves = text.split(omittingEmptySubsequences: false) { $0 == "T" || $0 == " " }
    guard (1...2).contains(halves.count),
      let date = Self.numbers(halves[0], "-", digits: [4, 2, 2]),
      let time = halves.count == 1 ? [0, 0, 0] : Self.numbers(halves[1], ":", digits: [2, 2, 2])
    else { return nil }
    self.init(
      year: date[0], month: date[1], day: date[2], hour: time[0], minute: time[1], second: time[2])
  }

  /// The local date and time now, to the second.
  public static func now() -> CivilTime {
    var (seconds, parts) = (time(nil), tm())
    localtime_r(&seconds, &parts)
    let time = CivilTime(
      year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
      hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: min(Int(parts.tm_sec), 59))
    guard let time else { preconditionFailure("the system's clock shows no date") }
    return time
  }

  /// Midnight of the local day: the date of a run, which is the same at any time of the day.
  public static func today() -> CivilTime {
    let now = now()
    return CivilTime(year: now.year, month: now.month, day: now.day) ?? now
  }

  /// `2026-11-30`, with `T09:15:00` behind it unless it is midnight.
  public var description: String {
    let time = hour == 0 && minute == 0 && second == 0 ? "" : "T%H:%M:%S"
    let zeros = String(repeating: "0", count: 4 - String(year).count)
    return zeros + formatted("%Y-%m-%d" + time)
  }

  private static func numbers(_ text: Substring, _ separator: Character, digits: [Int]) -> [Int]? {
    let parts = text.split(separator: separator, omittingEmptySubsequences: false)
    guard parts.map(\.count) == digits,
      parts.allSatisfy({ $0.allSatisfy { ("0"..."9").contains($0) } })
    else { return nil }
    return parts.compactMap { Int($0) }
  }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

// MARK: Formats

extension CivilTime {
  /// The date and time in C's `strftime` format, in the C locale, as Python's naive `datetime`
  /// writes it: no fraction of a second (`%f` is 000000) and no time zone (`%z`, `%Z` are empty).
  func formatted(_ format: String) -> String {
    var (rest, plain) = (Substring(format), "")
    while let percent = rest.firstIndex(of: "%") {
      plain += rest[..<percent]
      rest = rest[percent...].dropFirst()
      guard let directive = rest.popFirst() else {
        plain += "%"
        break
      }
      switch directive {
      case "f": plain += "000000"
      case "z", "Z": break
      default: plain += "%\(directive)"
      }
    }
    return written(plain + rest)
  }

  private func written(_ format: String) -> String {
    guard !format.isEmpty else { return "" }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (
      Int32(year) - 1900, Int32(month) - 1, Int32(day)
    )
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (Int32(hour), Int32(minute), Int32(second))
    parts.tm_yday = Int32(dayOfYear - 1)
    parts.tm_wday = Int32(weekday)
    parts.tm_isdst = -1
    // The process never calls setlocale, so its locale is C.
    var buffer = [CChar](repeating: 0, count: 256 + 64 * format.utf8.count)
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private var dayOfYear: Int {
    (1..<month).reduce(day) { $0 + Self.days(inMonth: $1, of: year) }
  }

  /// 0 for Sunday.
  private var weekday: Int {
    let past = year - 1
    return (past * 365 + past / 4 - past / 100 + past / 400 + dayOfYear) % 7
  }
}
