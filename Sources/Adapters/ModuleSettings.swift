import Formats

extension AdapterConfig {
  /// The modules that carry an adapter, by the names of a file's tensors, in their order.
  public func modules(in names: [String]) -> [String] {
    var paths: [String] = []
    for name in names where name.hasPrefix(AdapterTensors.prefix) {
      let parts = name.dropFirst(AdapterTensors.prefix.count).split(separator: ".")
      guard let end = parts.firstIndex(where: { $0.hasPrefix("lora_") || $0.hasPrefix("ia3_") })
      else { continue }
      let path = parts[..<end].joined(separator: ".")
      if !paths.contains(path) { paths.append(path) }
    }
    return paths
  }
}

extension LoRAConfig {
  /// Rank, α and the scale that follows from them.
  public func settings(at path: String) -> [(name: String, text: String)] {
    let alpha = alphaPattern.value(for: path) ?? alpha
    return [
      ("rank", "\(rank(of: path))"), ("alpha", Double(alpha).text),
      ("scale", Double(scale(of: path)).text),
    ]
  }
}

extension Double {
  /// Without a fraction where there is none.
  fileprivate var text: String { Int(exactly: self).map(String.init) ?? "\(Float(self))" }
}
