import Adapters
import Formats
import Layers

extension AdapterSet {
  /// The adapters of a PEFT folder on the model in the folder `base`. Shapes decide whether they fit;
  /// where they name another base model than this one seems to be, that is said.
  static func load(
    folder: String, on linears: [Linear], of base: String
  ) throws(FormatError) -> AdapterSet {
    let set = try load(folder: folder, on: linears)
    let named = set.config.baseModel ?? ""
    if !named.isEmpty, !FileSystem.isSame(named, base) {
      let (theirs, ours) = (modelName(named), modelName(base))
      // A quantized copy is called after its model as a rule: Qwen3-0.6B-nf4.
      if !ours.hasPrefix(theirs), !theirs.hasPrefix(ours) {
        Console.note(
          "warning: the adapter \(folder) was trained on \(named); the model here is \(base)")
      }
    }
    return set
  }

  /// The last part of a folder or of org/name, or the name in a Hugging Face cache folder
  /// (models--org--name/snapshots/HASH), in small letters.
  private static func modelName(_ place: String) -> String {
    let parts = place.split(separator: "/").map { $0.lowercased() }
    let cached = parts.last { $0.hasPrefix("models--") }
    guard let cached, let mark = cached.ranges(of: "--").last else { return parts.last ?? place }
    return String(cached[mark.upperBound...])
  }
}
