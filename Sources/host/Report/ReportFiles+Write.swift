import Evaluation
import Formats

extension ReportFiles {
  /// Writes every file into `folder`, which is made if need be; each file whole or not at all.
  /// Returns the path of the page.
  @discardableResult
  func write(to folder: String) throws -> String {
    try DurableFile.createFolder(folder)
    for (name, text) in files { try DurableFile.write(text, to: folder + "/" + name) }
    return folder + "/report.html"
  }
}
