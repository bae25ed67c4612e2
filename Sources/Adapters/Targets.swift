import Formats
import Layers

extension AdapterConfig {
  /// The projections that the targets mean, in the model's order. `all-linear` means every projection
  /// but the output head, as in PEFT.
  func targets(among linears: [Linear]) throws(FormatError) -> [Linear] {
    let matched = linears.filter { targets.contains($0.path) }
    guard targetModules != ["all-linear"] else { return matched }
    for name in targets.names
    where !matched.contains(where: {
      AdapterTargets.matches($0.path, name, isByPart: targets.isByPart)
    }) {
      throw FormatError(.unsupported, "target_modules", complaint(name, linears))
    }
    // The loss multiplies with the head's own weight, so an adapter there would train on nothing.
    guard !matched.contains(where: { $0.name == "lm_head" }) else {
      throw FormatError(
        .unsupported, "target_modules",
        "'lm_head' cannot carry an adapter; name projections of the blocks, or use all-linear")
    }
    return matched
  }

  /// Why `name` is refused: it is nowhere, or only in a part that it does not say.
  private func complaint(_ name: String, _ linears: [Linear]) -> String {
    if let linear = linears.first(where: { ModulePath.matches($0.path, name) }) {
      let part = ModelPart(of: linear.path)
      return "'\(name)' matches no projection of the language model; for the \(part.title) write "
        + "'\(part.rawValue).\(name)'"
    }
    let names = Set(linears.map(\.name)).sorted().joined(separator: ", ")
    return "'\(name)' matches no projection of this model; it has \(names)"
  }
}
