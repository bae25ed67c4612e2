import Formats
import Layers

extension CausalLanguageModel {
  /// Tensors of `folder` that belong to the language model by their place, but are no part of it:
  /// biases that config.json does not ask for, layers beyond the last, another task's head.
  public func unreadTensors(of folder: SafeTensorsFolder) -> [String] {
    var read: Set<String> = [], modules: Set<String> = []
    let parts = self.modules
    for path in [parts.embedding.path] + parts.norms.map(\.path) { read.insert(path + ".weight") }
    for linear in parts.linears {
      // A quantized matrix lies in several tensors below its path.
      modules.insert(linear.path + ".")
      if linear.bias != nil { read.insert(linear.path + ".bias") }
    }
    let known = Set(read.map(folder.stored)), below = Set(modules.map(folder.stored))
    return folder.names.filter { name in
      guard !known.contains(name), ModelPart(of: name) == .languageModel else { return false }
      // A language model's head is none of a reward model's.
      if givesScores, name.hasPrefix("lm_head.") { return false }
      if name.hasSuffix(".rotary_emb.inv_freq") || name.hasSuffix(".masked_bias") { return false }
      return name.hasSuffix(".bias") || !below.contains { name.hasPrefix($0) }
    }
  }
}
