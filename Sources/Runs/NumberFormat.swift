import FoundationEssentials

/// Numbers as people read them.
public enum Format {
  /// `value` with a fixed number of decimals.
  public static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let rounded = (abs(value) * scale).rounded(), whole = Int(rounded / scale)
    let sign = value < 0 && rounded > 0 ? "-" : ""
    guard decimals > 0 else { return sign + "\(whole)" }
    let fraction = String(Int(rounded - Double(whole) * scale))
    return sign + "\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  /// Four significant digits, with an exponent where the value is tiny: a loss, a learning rate.
  public static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    if abs(value) < 1e-3 {
      var mantissa = value, exponent = 0
      while abs(mantissa) < 1 {
        mantissa *= 10
        exponent -= 1
      }
      return fixed(mantissa, 2) + "e\(exponent)"
    }
    return fixed(value, abs(value) < 10 ? 4 : abs(value) < 1000 ? 2 : 0)
  }

  /// `12345678` as `12,345,678`.
  public static func grouped(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (value < 0 ? "-" : "") + text
  }

  /// Bytes in KiB, MiB or GiB.
  public static func bytes(_ count: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(count), unit = 0
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return fixed(value, unit == 0 ? 0 : 1) + " " + units[unit]
  }

  /// Seconds as `7 s`, `3:05` or `1:02:33`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "?" }
    let whole = Int(seconds.rounded()), two = { (n: Int) in n < 10 ? "0\(n)" : "\(n)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60):" + two(whole % 60) }
    return "\(whole / 3600):" + two(whole / 60 % 60) + ":" + two(whole % 60)
  }

  /// A share as a percentage with one decimal.
  public static func percent(_ share: Double) -> String { fixed(100 * share, 1) + " %" }
}
