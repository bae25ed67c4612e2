import Formats
import FoundationEssentials
import JSON
import Tasks
import Text

extension TaskSession {
  /// All that decides the tokens of `split`'s rows and is known before the dataset is opened, beside
  /// what `EncodedDataset` adds itself.
  func rowsKey(_ split: Split) -> JSONValue {
    let plugin = task.rowsPlugin
    var tokenizer: JSONValue = .emptyObject
    for name in Tokenizer.files { tokenizer = tokenizer.setting(name, digest(modelFolder, name)) }
    return [
      "task": .string(task.description.name), "split": .string(split.rawValue),
      "dataset": .string(recipe.dataset ?? task.description.dataset),
      "plugin": [
        "name": .string(plugin.name), "version": .string(plugin.version),
        "sha256": (try? FileDigest(ofFile: plugin.path)).map { .string($0.sha256) } ?? .null,
      ],
      "data": recipe.dataConfiguration, "tokenizer": tokenizer, "program": Self.program,
    ]
  }

  private func digest(_ folder: String, _ name: String) -> JSONValue {
    (try? FileDigest(ofFile: folder + "/" + name)).map { .string($0.sha256) } ?? .null
  }

  /// This build of the program, which encodes: its version, and its file's size and time.
  private static var program: JSONValue {
    let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let file = try? FileManager.default.attributesOfItem(atPath: path)
    let size = file?[.size] as? Int ?? 0
    let built = (file?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    return [
      "version": .string(HostVersion.current), "size": .int(size), "built": .double(built),
    ]
  }
}
