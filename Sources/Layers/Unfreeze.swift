import Tensors

// Full fine-tuning: a layer's stored weights become trained f32 leaves. Shared weights (a tied head)
// are handed over, so that they stay one leaf.

extension Linear {
  /// Makes the weight and bias leaves and returns them under their names in the files. With `shared`
  /// the weight becomes that one and is not returned.
  public func unfreeze(sharing shared: Weight? = nil) -> [NamedTensor] {
    var leaves: [NamedTensor] = []
    if let shared {
      weight = shared
    } else {
      let leaf = weight.leaf()
      weight = .tensor(leaf)
      leaves.append(
        NamedTensor(name: path + ".weight", tensor: leaf, shape: [leaf.rows, leaf.columns]))
    }
    if let old = bias {
      let leaf = old.copy().asLeaf()
      bias = leaf
      leaves.append(NamedTensor(name: path + ".bias", tensor: leaf))
    }
    return leaves
  }
}

extension RMSNorm {
  /// Makes the weight a leaf and returns it under its name in the files.
  public func unfreeze() -> [NamedTensor] {
    weight = weight.copy().asLeaf()
    return [NamedTensor(name: path + ".weight", tensor: weight)]
  }
}

extension Embedding {
  /// Makes the weight a leaf and returns it under its name in the files.
  public func unfreeze() -> [NamedTensor] {
    let leaf = weight.leaf()
    weight = .tensor(leaf)
    return [NamedTensor(name: path + ".weight", tensor: leaf)]
  }
}

extension Weight {
  /// The numbers in f32, as a leaf with storage of its own.
  fileprivate func leaf() -> Tensor {
    if case .tensor(let tensor) = self { return tensor.copy().asLeaf() }
    // Nobody reads the file any more.
    defer { if case .dense(let stored) = self { stored.release() } }
    return tensor().asLeaf()
  }
}
