/// A number with exactly `decimals` digits behind the point, rounded half away from zero; `nan` and
/// `inf` as such.
func fixedPoint(_ value: Double, decimals: Int) -> String {
  guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
  let unit = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
  let scaled = (value.magnitude * unit).rounded()
  guard let whole = Int(exactly: scaled) else { return "\(value)" }
  let digits = String(whole)
  let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
  let sign = value < 0 && whole > 0 ? "-" : ""
  guard decimals > 0 else { return sign + padded }
  return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
}
