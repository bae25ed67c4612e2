import Formats

/// The moments that a checkpoint holds: whole tensors in `optimizer.safetensors`, or what each rank owned,
/// in `optimizer-00000.safetensors` and so on, where `moment.weight@128` begins at the weight's number 128.
struct MomentsReader {
  private typealias Part = (start: Int, name: String, file: SafeTensorsFile)

  private let path: String
  private var parts: [String: [Part]] = [:]

  /// The file of all moments.
  static let whole = "optimizer.safetensors"

  /// The file of a rank's.
  static func part(_ rank: Int) -> String {
    let number = String(rank)
    return "optimizer-" + String(repeating: "0", count: max(0, 5 - number.count)) + number
      + ".safetensors"
  }

  /// What a rank's file calls the numbers from `start` on.
  static func name(_ tensor: String, from start: Int) -> String { "\(tensor)@\(start)" }

  /// Opens what the checkpoint in `folder` holds.
  init(_ folder: String) throws(FormatError) {
    let names = FileSystem.names(in: folder).filter {
      $0.hasPrefix("optimizer-") && $0.hasSuffix(".safetensors")
    }.sorted()
    path = folder + "/" + (names.first ?? Self.whole)
    for name in names.isEmpty ? [Self.whole] : names {
      let file = try SafeTensorsFile(path: folder + "/" + name)
      for entry in file.entries.keys {
        let place = entry.lastIndex(of: "@").flatMap { names.isEmpty ? nil : $0 }
        let start = place.flatMap { Int(entry[entry.index(after: $0)...]) } ?? 0
        parts[String(entry[..<(place ?? entry.endIndex)]), default: []]
          .append((start, entry, file))
      }
    }
  }

  /// The `count` numbers of a tensor.
  func values(_ name: String, count: Int) throws(FormatError) -> [Float] {
    guard let parts = parts[name]?.sorted(by: { $0.start < $1.start }) else {
      throw FormatError(.missing, path, "holds nothing of '\(name)'")
    }
    var values: [Float] = []
    for part in parts {
      guard part.start == values.count else {
        throw FormatError(
          .malformed, part.file.path,
          "'\(name)' goes on at \(part.start), but \(values.count) numbers of it were found before")
      }
      values += try part.file.floats(part.name)
    }
    guard values.count == count else {
      throw FormatError(
        .malformed, path,
        "tensor '\(name)' has \(values.count) numbers, this run needs \(count)")
    }
    return values
  }
}
