import Formats
import Layers

extension AdapterConfig {
  /// The projections whose path ends with one of the target names, in the model's order. `all-linear`
  /// means every projection but the output head, as in PEFT.
  func targets(among linears: [Linear]) throws(FormatError) -> [Linear] {
    if targetModules == ["all-linear"] { return linears.filter { $0.path != "lm_head" } }
    let matched = linears.filter { linear in
      targetModules.contains { linear.path == $0 || linear.path.hasSuffix("." + $0) }
    }
    for target in targetModules.sorted()
    where !matched.contains(where: { $0.path == target || $0.path.hasSuffix("." + target) }) {
      let names = Set(linears.map(\.name)).sorted().joined(separator: ", ")
      throw FormatError(
        .unsupported, "target_modules",
        "'\(target)' matches no projection of this model; it has \(names)")
    }
    // The loss multiplies with the head's own weight, so an adapter there would train on nothing.
    guard !matched.contains(where: { $0.path == "lm_head" }) else {
      throw FormatError(
        .unsupported, "target_modules",
        "'lm_head' cannot carry an adapter; name projections of the blocks, or use all-linear")
    }
    return matched
  }
}
