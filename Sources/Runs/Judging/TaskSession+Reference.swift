public import Adapters
import Formats
import JSON
public import Models
import Training

extension TaskSession {
  /// What the answers of the adapter in `folder`, which sits on `model`, are weighed against: the
  /// adapter that its run trained against, as the run's receipt tells; else the base below.
  public func reference(
    ofAdapter folder: String, _ adapters: AdapterSet, on model: CausalLanguageModel
  ) throws -> ReferenceLikelihoods {
    guard let place = start(of: folder, .snapshot) else {
      return Judge.reference(model, without: adapters)
    }
    let start = try adapters.withoutAdapters {
      let start = try AdapterSet.load(folder: place, on: model, of: modelFolder, tell: tell)
      start.lift()
      return start
    }
    let snapshot = start.snapshot()
    tell.note("reference the adapter \(place), which the run in \(folder) started from")
    return { texts in
      try adapters.withoutAdapters {
        try start.with(snapshot) { try model.logLikelihoods(of: texts) }
      }
    }
  }

  /// The same of a model that a run has trained as a whole; nil of any other one.
  public func frozenReference() throws -> ReferenceLikelihoods? {
    guard let place = start(of: modelFolder, .frozen) else { return nil }
    let reference = Reference.frozen(try CausalLanguageModel(folder: place))
    tell.note("reference the model \(place), which the run in \(modelFolder) started from")
    return { try reference.logLikelihoods(of: $0) }
  }

  /// Where the weights lie that the run in `folder` trained against, if they are of this kind and still
  /// what they were; where they are not, that is told.
  private func start(of folder: String, _ kind: Reference.Kind) -> String? {
    guard let run = try? JSONValue(readingFile: folder + "/" + RunRecords.receipt),
      run["reference"]?.string == kind.rawValue
    else { return nil }
    let origin = run[kind == .frozen ? "base" : "adapter"]
    guard let place = origin?["path"]?.string else { return nil }
    guard let fault = Self.change(of: place, since: origin?["files"]) else { return place }
    tell.note(
      "warning: the run in \(folder) was trained against \(place), which \(fault); the numbers here are "
        + (kind == .frozen ? "against no reference" : "against the base model without adapters"))
    return nil
  }

  /// What became of the weights in `folder` since a receipt noted their hashes; nil: nothing.
  private static func change(of folder: String, since files: JSONValue?) -> String? {
    let noted = (files?.object ?? [:]).filter { $0.key.hasSuffix(".safetensors") }
    guard !noted.isEmpty, FileSystem.isFolder(folder) else { return "is not there any more" }
    for (name, digest) in noted {
      guard let now = try? FileDigest(ofFile: folder + "/" + name) else {
        return "has lost \(name)"
      }
      if now.json != digest { return "has another \(name) now" }
    }
    return nil
  }
}
