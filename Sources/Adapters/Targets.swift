import Formats
public import Layers
import Names

extension AdapterConfig {
  /// The seats of which projections and embedding are those that get an adapter. `all-linear` means every
  /// projection but the output head, as in PEFT. A method that names none gets all places.
  public func chosen(of seats: ModelSeats) throws(FormatError) -> ModelSeats {
    guard method.targets != nil else { return seats }
    var chosen = seats.narrowed(to: adapts)
    if targets.isAllLinear || !method.adaptsEnds { chosen.embedding = nil }
    guard !chosen.linears.isEmpty || chosen.embedding != nil else {
      throw FormatError(.unsupported, "target_modules", nothingMatched(seats.linears))
    }
    let heads = chosen.linears.filter { AdapterTargets.isHead($0.path) }
    if let head = heads.first(where: {
      !method.adaptsEnds || $0.path == AdapterTargets.scoreHead || dropout > 0
    }) {
      throw FormatError(
        .unsupported, "target_modules",
        "'\(head.name)' cannot carry an adapter"
          + (method.adaptsEnds && dropout > 0 ? " with lora_dropout above 0" : "")
          + "; name projections of the blocks, or use all-linear")
    }
    return chosen
  }

  /// Refuses what a user wrote to no effect: a name that matches no projection, a layer that does not
  /// exist, an exclusion that excludes nothing, a pattern's key that no adapted projection has.
  func checkEverythingCounts(of seats: ModelSeats) throws(FormatError) {
    guard let targets = method.targets else { return }
    let linears = seats.linears, embedding = method.adaptsEnds ? seats.embedding?.path : nil
    let paths = linears.map(\.path) + (embedding.map { [$0] } ?? [])
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
    try method.check(adapting: paths.filter(adapts))
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
