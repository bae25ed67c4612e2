import FoundationEssentials

/// Where a record's clip lies.
struct ClipPath: Sendable, Hashable {
  /// As the record names it.
  let given: String
  /// The places looked at, in order.
  let tried: [String]
  /// The first of them with a file; nil when there is none.
  let found: String?

  /// Looks for `given` as it is, then below `folder`, the record file's own, with ever fewer of its
  /// leading folders: records often name their clips from where they were once made.
  init(_ given: String, beside folder: String) {
    self.given = given
    let names = given.split(separator: "/").filter { $0 != "." }
    let below = names.indices.map { index in
      (folder.isEmpty ? "" : folder + "/") + names[index...].joined(separator: "/")
    }
    var places: [String] = []
    for place in [given] + below where !places.contains(place) { places.append(place) }
    tried = places
    found = places.first { place in
      var isFolder = false
      return FileManager.default.fileExists(atPath: place, isDirectory: &isFolder) && !isFolder
    }
  }

  /// The path to read; the given one where there is no file.
  var path: String { found ?? given }
}
