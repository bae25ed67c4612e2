import Evaluation
import Formats
import JSON

extension ReportFiles {
  /// Writes every file into `folder`, which is made if need be, in the place of an earlier report's;
  /// each file whole or not at all. Returns the path of the page.
  @discardableResult
  public func write(to folder: String) throws -> String {
    try DurableFile.createFolder(folder)
    Self.removeEarlier(from: folder)
    for (name, text) in files { try DurableFile.write(text, to: folder + "/" + name) }
    return folder + "/report.html"
  }

  /// Removes what an earlier `write` has left in `folder`: the next report may have fewer tables.
  public static func removeEarlier(from folder: String) {
    guard let report = try? JSONValue(readingFile: folder + "/report.json") else { return }
    let tables = (report["tables"]?.array ?? []).compactMap { $0["name"]?.string }
    let stems = Set(tables + Comparison.tableNames + [answersName])
    let files = FileSystem.names(in: folder).filter { name in
      let parts = name.split(separator: ".").map(String.init)
      return (2...3).contains(parts.count) && parts.last == "csv" && stems.contains(parts[0])
    }
    for name in files + ["report.json", "report.html"] {
      DurableFolder.remove(folder + "/" + name)
    }
  }
}
