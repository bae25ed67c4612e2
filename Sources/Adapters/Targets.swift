import Formats
import Layers
import Names

extension AdapterConfig {
  /// The projections that get an adapter, in the model's order. `all-linear` means every projection
  /// but the output head, as in PEFT.
  public func targets(among linears: [Linear]) throws(FormatError) -> [Linear] {
    let matched = linears.filter { adapts($0.path) }
    guard !matched.isEmpty else {
      throw FormatError(.unsupported, "target_modules", nothingMatched(linears))
    }
    // The loss multiplies with the head's own weight, so an adapter there would train on nothing.
    if let head = matched.first(where: { AdapterTargets.isHead($0.path) }) {
      throw FormatError(
        .unsupported, "target_modules",
        "'\(head.name)' cannot carry an adapter; name projections of the blocks, or use all-linear")
    }
    return matched
  }

  /// Refuses what a user wrote to no effect: a name that matches no projection, a layer that does not
  /// exist, an exclusion that excludes nothing, a pattern's key that no adapted projection has.
  func checkEverythingCounts(among linears: [Linear]) throws(FormatError) {
    let paths = linears.map(\.path)
    func fault(_ key: String, _ message: String) -> FormatError {
      FormatError(.unsupported, key, message)
    }
    if !targets.isAllLinear {
      for name in targets.names
      where !paths.contains(where: {
        AdapterTargets.matches($0, name, isByPart: targets.isByPart)
      }) { throw fault("target_modules", complaint(name, linears)) }
    }
    if targets.layers != nil, targets.isByPart {
      throw fault(
        "layers_to_transform",
        "a model of several parts has layers in more than one of them; write "
          + "target_modules as a regular expression that says which")
    }
    let lacking = targets.layers.map { layers in
      layers.indices.filter { index in
        !paths.contains { LayerChoice([index], lists: layers.lists).contains($0) }
      }
    }
    if let index = lacking?.first {
      throw fault("layers_to_transform", "there is no layer \(index) in this model")
    }
    if let excluded = targets.excluded {
      let choices: [ModuleChoice] =
        if case .names(let names) = excluded { names.map { .names([$0]) } } else { [excluded] }
      if let idle = choices.first(where: { !paths.contains(where: $0.contains) }) {
        throw fault("exclude_modules", "'\(idle.text)' matches no projection of this model")
      }
    }
    let adapted = paths.filter(adapts)
    if let key = rankPattern.unused(among: adapted).first {
      throw fault("rank_pattern", "'\(key)' matches no projection that gets an adapter")
    }
    if let key = alphaPattern.unused(among: adapted).first {
      throw fault("alpha_pattern", "'\(key)' matches no projection that gets an adapter")
    }
  }

  private func nothingMatched(_ linears: [Linear]) -> String {
    let names = names(linears)
    switch targets.chosen {
    case .names(let chosen):
      let all = chosen.map { "'\($0)'" }.joined(separator: ", ")
      return "of \(all) nothing is left in this model; it has \(names)"
    case .pattern(let pattern):
      return "'\(pattern.text)' matches no whole path of a projection of this model, such as "
        + "\(linears.first?.path ?? "none"); a text is a regular expression, names stand in a list"
    }
  }

  /// Why `name` is refused: it is nowhere, or only in a part that it does not say.
  private func complaint(_ name: String, _ linears: [Linear]) -> String {
    if let linear = linears.first(where: { ModulePath.matches($0.path, name) }) {
      let part = ModelPart(of: linear.path)
      return "'\(name)' matches no projection of the language model; for the \(part.title) write "
        + "'\(part.rawValue).\(name)'"
    }
    let near =
      nearestName(to: name, among: linears.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
    return "'\(name)' matches no projection of this model; it has \(names(linears))" + near
  }

  private func names(_ linears: [Linear]) -> String {
    Set(linears.map(\.name)).sorted().joined(separator: ", ")
  }
}
