import Foundation
import JSON
import Testing

@testable import Formats

/// Where may be written: locks, guards, and what belongs to a model.
@Suite struct OutputPlaceTests {
  private func make(_ path: String, _ text: String = "{}") throws {
    try DurableFile.createFolder(DurableFile.split(path).folder)
    try DurableFile.write(text, to: path)
  }

  @Test func aFolderHasOneLock() throws {
    try withFolder { parent in
      let folder = parent + "/new/run"
      var lock: FolderLock? = try FolderLock(folder)
      #expect(lock?.isKnownToSystem == true)
      #expect(FileSystem.names(in: folder) == [FolderLock.fileName])
      let fault = #expect(throws: FolderLock.Fault.self) { try FolderLock(folder + "/.") }
      #expect(fault == .isHeld(by: "pid \(getpid())"))
      lock = nil
      // Nothing came into the folders that were made for it.
      #expect(FileSystem.names(in: parent).isEmpty)
      lock = try FolderLock(folder)
      try make(folder + "/kept")
      lock = nil
      #expect(FileSystem.names(in: folder) == ["kept"])
    }
  }

  /// The file that a killed process leaves is no lock, and its pid is nobody's.
  @Test func aLeftFileHoldsNothing() throws {
    try withFolder { folder in
      try make(folder + "/" + FolderLock.fileName, "pid 1 on another machine, and more\n")
      let lock = try FolderLock(folder)
      let fault = #expect(throws: FolderLock.Fault.self) { try FolderLock(folder) }
      #expect(fault == .isHeld(by: "pid \(getpid())"))
      withExtendedLifetime(lock) {}
    }
  }

  @Test func aFolderThatCannotBeMadeIsNamed() throws {
    try withFolder { folder in
      try make(folder + "/file")
      let fault = #expect(throws: FolderLock.Fault.self) { try FolderLock(folder + "/file/run") }
      if case .unwritable = fault { return }
      Issue.record("\(String(describing: fault))")
    }
  }

  @Test(arguments: ["m", "m/", "m/.", "x/../m", "link", "link/sub", "m/sub/deeper", "./m"])
  func aModelsFolderIsRefusedHoweverItIsSpelled(spelling: String) throws {
    try withFolder { folder in
      try make(folder + "/m/config.json")
      try make(folder + "/x/y")
      try FileSystem.link(folder + "/link", to: "m")
      var reads = OutputGuard()
      reads.add("model", folder + "/m", .model)
      for effect in [OutputGuard.Effect.adds, .replacesRun, .replacesAll] {
        let objection = reads.objection(toFolder: folder + "/" + spelling, effect)
        #expect(objection?.key == "model", "\(spelling)")
      }
      #expect(reads.objection(toFile: folder + "/" + spelling + "/new.json") != nil)
      for free in ["out", "mm", "x", "x/m", "."] {
        #expect(reads.objection(toFolder: folder + "/" + free, .adds) == nil, "\(free)")
      }
    }
  }

  /// What a run writes or removes by name may be a model, too.
  @Test func aModelWithinARunIsSpared() throws {
    try withFolder { folder in
      for name in ["checkpoint-4", "stage"] { try make(folder + "/run/\(name)/config.json") }
      try FileSystem.link(folder + "/run/best", to: "checkpoint-4")
      for (name, adds, replaces) in [
        ("checkpoint-4", true, true), ("best", true, true), ("stage", false, true),
      ] {
        var reads = OutputGuard()
        reads.add("model", folder + "/run/" + name, .model)
        #expect((reads.objection(toFolder: folder + "/run", .adds) != nil) == adds, "\(name)")
        #expect(
          (reads.objection(toFolder: folder + "/run", .replacesRun) != nil) == replaces, "\(name)")
      }
    }
  }

  /// In Hugging Face's cache a snapshot's names lead to files elsewhere.
  @Test func theFilesBehindASnapshotAreSpared() throws {
    try withFolder { folder in
      try make(folder + "/models--a--b/blobs/1234")
      let snapshot = folder + "/models--a--b/snapshots/c0ffee"
      try DurableFile.createFolder(snapshot)
      try FileSystem.link(snapshot + "/config.json", to: "../../blobs/1234")
      var reads = OutputGuard()
      reads.add("model", snapshot, .model)
      let blobs = folder + "/models--a--b/blobs"
      #expect(reads.objection(toFolder: blobs, .adds)?.reason.contains("holds the files") == true)
      #expect(reads.objection(toFile: blobs + "/1234") != nil)
      #expect(reads.objection(toFolder: folder + "/out", .adds) == nil)
    }
  }

  /// A file is written to where its link leads.
  @Test func aModelIsSparedBehindLinks() throws {
    try withFolder { folder in
      try make(folder + "/m/config.json")
      try make(folder + "/run/kept")
      try FileSystem.link(folder + "/run/tokenizer.json", to: "../m/config.json")
      var reads = OutputGuard()
      reads.add("model", folder + "/m", .model)
      #expect(
        reads.objection(toFolder: folder + "/run", .adds)?.reason.hasPrefix("holds links") == true)
    }
  }

  @Test func rowsAreSparedWhereTheyWouldBeHarmed() throws {
    try withFolder { folder in
      for name in ["rewards.jsonl", "train.jsonl", "corpus/a.jsonl"] {
        try make(folder + "/" + name)
      }
      func objects(_ data: String, _ output: String, _ effect: OutputGuard.Effect) -> Bool {
        var reads = OutputGuard()
        reads.add("data.train", folder + "/" + data, .data)
        return reads.objection(toFolder: folder + output, effect) != nil
      }
      // A run writes rewards.jsonl beside its checkpoints, but no train.jsonl.
      #expect(objects("rewards.jsonl", "", .adds) && !objects("train.jsonl", "", .replacesRun))
      #expect(objects("train.jsonl", "", .replacesAll))
      #expect(objects("corpus", "/corpus", .adds) && !objects("corpus", "/corpus/run", .adds))
      var reads = OutputGuard()
      reads.add("data.train", folder + "/train.jsonl", .data)
      reads.add("data.corpus", folder + "/corpus", .data)
      try FileSystem.link(folder + "/other.jsonl", to: "train.jsonl")
      for file in ["train.jsonl", "other.jsonl", "corpus/a.jsonl", "corpus/../train.jsonl"] {
        #expect(reads.objection(toFile: folder + "/" + file) != nil, "\(file)")
      }
      for file in ["new.jsonl", "corpus/new.jsonl"] {
        #expect(reads.objection(toFile: folder + "/" + file) == nil, "\(file)")
      }
    }
  }

  @Test func canonicalPathsNeedNotExist() throws {
    try withFolder { folder in
      let real = FileSystem.resolved(folder)
      try DurableFile.createFolder(folder + "/a")
      try FileSystem.link(folder + "/link", to: "a")
      for (path, expected) in [
        ("link/new/deep", "/a/new/deep"), ("a/no/../b", "/a/b"), ("link/./x/", "/a/x"),
        ("link/..", ""),
      ] {
        #expect(FileSystem.canonical(folder + "/" + path) == real + expected, "\(path)")
      }
    }
  }

  @Test func companionsAreAllButWeightsAndRecords() throws {
    try withFolder { folder in
      let kept = [
        "LICENSE", "added_tokens.json", "additional_chat_templates/tool_use.jinja",
        "chat_template.json", "generation_config.json", "merges.txt", "preprocessor_config.json",
        "processor_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer.model",
        "voices/deep/a.json",
      ]
      let left = [
        "config.json", "model.safetensors", "model-00001-of-00002.safetensors",
        "model.safetensors.index.json", "pytorch_model.bin", "model.gguf", "tf_model.h5",
        "flax_model.msgpack", "onnx/model.onnx", "onnx/config.json", "original/params.json",
        "original/consolidated.00.pth", "README.md", ".gitattributes", ".cache/x", "run.json",
        "metrics.jsonl", "checkpoint-4/run.json", "logs/events", "report.html", "summary.csv",
        "adapter_config.json", "adapter_model.safetensors", "manifest.json",
      ]
      for name in kept + left { try make(folder + "/" + name) }
      try FileSystem.link(folder + "/last", to: "checkpoint-4")
      #expect(ModelFolder.companions(of: folder).sorted() == kept)
      #expect(
        ModelFolder.promptFiles(of: folder).sorted() == kept.filter { $0 != "LICENSE" })
    }
  }

  @Test func whatAFolderHoldsIsSaid() throws {
    try withFolder { folder in
      #expect(ModelFolder.content(of: folder) == nil)
      try make(folder + "/config.json")
      #expect(ModelFolder.content(of: folder) == nil)
      try make(folder + "/model.safetensors")
      #expect(ModelFolder.content(of: folder) == "a model (config.json, model.safetensors)")
      try make(folder + "/adapter_config.json")
      #expect(ModelFolder.content(of: folder)?.hasPrefix("an adapter (adapter_config.json") == true)
      try make(folder + "/run.json")
      #expect(ModelFolder.content(of: folder) == nil)
    }
  }

  @Test func aDurableFolderHasFoldersBelow() throws {
    try withFolder { parent in
      try make(parent + "/source", "text")
      try DurableFolder.write(to: parent + "/c") { (folder) throws(FormatError) in
        try folder.copy("a/b/c.txt", from: parent + "/source")
        try folder.write("d.txt", "more")
      }
      try DurableFolder.verify(parent + "/c")
      #expect(try readFile(parent + "/c/a/b/c.txt") == Array("text".utf8))
    }
  }
}
