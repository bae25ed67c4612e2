import Formats
import JSON
import Rows
public import Tasks
import Tensors
import Training

extension TaskSession {
  /// What is minimized.
  var terms: [Term] { [Term](recipe.objective) }

  /// What the objective asks of rows.
  public var rowKind: RowKind { terms.rows }

  /// What the objective compares with; nil where it compares with nothing.
  var referenceKind: Reference.Kind? {
    guard terms.useReference else { return nil }
    guard recipe.peft.method != .full else { return .frozen }
    return recipe.peft.adapterPath == nil ? .base : .snapshot
  }

  /// All that decides the numbers of `reference` on the rows of `dataset`, to the last bit.
  func key(of reference: Reference, over dataset: EncodedDataset) -> JSONValue {
    [
      "version": 1, "rows": .string(dataset.statistics.digest),
      "scores_prompts": .bool(terms.contains { $0.objective.scoresPrompts }),
      "reference": .string(reference.kind.rawValue), "model": Self.weights(of: modelFolder),
      "adapter": reference.kind == .snapshot
        ? recipe.peft.adapterPath.map(Self.weights) ?? .null : .null,
      "quantization": recipe.quantization?.kind.map { .string($0.name) } ?? .null,
      "engine": [
        "kernels": .string(Engine.instructionSet), "products": .string(GemmEngine.chosen.rawValue),
        "bf16": .bool(Engine.usesBF16),
      ],
    ]
  }

  /// The SHA-256 of the files in `folder` that decide what a model or an adapter computes.
  private static func weights(of folder: String) -> JSONValue {
    var files: JSONValue = .emptyObject
    for name in ModelFolder.parts(of: folder).sorted() {
      files = files.setting(
        name, (try? FileDigest(ofFile: folder + "/" + name)).map { .string($0.sha256) } ?? .null)
    }
    return files
  }
}
