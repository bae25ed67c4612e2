import Foundation
import TaskKit
import Testing

@testable import Instruct

/// Files of rows as people have them: folders, patterns, packed files, tables of separated texts.
@Suite struct RowFilesTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "rows-\(UUID().uuidString)")

  private func write(_ text: String, _ name: String) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  private func files(_ path: String) throws -> [String] {
    try Paths([folder.path + path]).files().map { String($0.dropFirst(folder.path.count)) }
  }

  @Test func foldersAndPatternsNameTheirFiles() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["a/2.jsonl", "a/1.json", "a/3.CSV", "a/.x.jsonl", "a/notes.txt", "b/4.jsonl.gz"] {
      try write("", name)
    }
    #expect(try files("/a") == ["/a/1.json", "/a/2.jsonl", "/a/3.CSV"])
    #expect(try files("/a/") == ["/a/1.json", "/a/2.jsonl", "/a/3.CSV"])
    #expect(try files("/*/?.json*") == ["/a/1.json", "/a/2.jsonl", "/b/4.jsonl.gz"])
    #expect(try files("/a/2.jsonl") == ["/a/2.jsonl"])
    // What is not there is said where it is read.
    #expect(try files("/none.jsonl") == ["/none.jsonl"])
    for (path, why) in [
      ("/a/*.parquet", "no file's path fits"), ("/none/*", "no file's path fits"),
    ] {
      let error = #expect(throws: PluginError.self) { try files(path) }
      #expect(error?.message.contains(why) == true)
    }
    try write("", "c/notes.txt")
    let error = #expect(throws: PluginError.self) { try files("/c") }
    #expect(error?.message.contains("the folder holds no file of rows") == true)
  }

  private func rows(_ name: String) throws -> [String] {
    var rows: [String] = []
    try RowFile(folder.path + "/" + name).forEachRow { row in
      let place = row.place.dropFirst(folder.path.count + 1)
      switch row.value {
      case .success(let value): rows.append("\(place) \(value.text)")
      case .failure(let error):
        rows.append(String(error.message.dropFirst(folder.path.count + 1)))
      }
    }
    return rows
  }

  @Test func tablesOfSeparatedTextsAreRows() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write(
      "prompt,completion,note\r\n\"a \"\"b\"\", c\",\"two\nlines\",\r\nq,a\n\nd,e,f", "x.csv")
    #expect(
      try rows("x.csv") == [
        #"x.csv:2 {"completion":"two\nlines","prompt":"a \"b\", c"}"#,
        "x.csv:4: has 2 fields, and the first line names 3 columns",
        #"x.csv:6 {"completion":"e","note":"f","prompt":"d"}"#,
      ])
    try write("prompt\tcompletion\na, b\tc\n", "x.tsv")
    #expect(try rows("x.tsv") == [#"x.tsv:2 {"completion":"c","prompt":"a, b"}"#])
    for (text, why) in [("a,a\n1,2", "stands twice"), ("a\n\"open", "is never closed")] {
      try write(text, "bad.csv")
      let error = #expect(throws: PluginError.self) { try rows("bad.csv") }
      #expect(error?.message.contains(why) == true)
    }
    try write("prompt,completion\nhi,ho\n", "y.csv")
    let row = try #require(try ConversationFile.rows(of: [folder.path + "/y.csv"]).first)
    #expect(try row.content.get().turns.map(\.text) == ["hi", "ho"])
  }

  /// gzip's own output of two members, one behind the other, and what is cut off of it.
  @Test func packedFilesAreUnpacked() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write("", "x.jsonl")
    let packed = Data(
      base64Encoded:
        "H4sIAAAAAAAC/6tWSlSyUjCs5QIA+qFHXAkAAAAfiwgAAAAAAAL/q1ZKUrJSMKrlAgA+BelvCQAAAA==")
    let bytes = try #require(packed)
    let file = folder.appending(path: "x.jsonl.gz")
    try bytes.write(to: file)
    #expect(
      try rows("x.jsonl.gz") == [#"x.jsonl.gz:1 {"a":1}"#, #"x.jsonl.gz:2 {"b":2}"#])
    for count in [1, 8, 20] {
      try bytes.dropLast(count).write(to: file)
      let error = #expect(throws: PluginError.self) { try rows("x.jsonl.gz") }
      #expect(error?.message.contains("the gzip stream") == true)
    }
  }
}
