public import Formats
public import Layers
import Tensors

extension LoRAConfig {
  /// New ones change nothing at first, up to rounding where the beginning says so.
  public func seat(on seats: ModelSeats, from source: AdapterSource) throws(FormatError)
    -> [any Seated]
  {
    var seated: [any Seated] = []
    if let embedding = seats.embedding {
      seated += try source.baseLayer(embedding)
      seated.append(try adapter(on: embedding, from: source))
    }
    for linear in seats.linears {
      if AdapterTargets.isHead(linear.path) { seated += try source.baseLayer(linear) }
      seated.append(try adapter(on: linear, from: source))
    }
    return seated + (try biases(of: seats, from: source))
  }

  private func adapter(on linear: Linear, from source: AdapterSource) throws(FormatError)
    -> any Seated
  {
    let path = linear.path, outputs = linear.weight.rows
    let factors = try factors(on: linear, from: source)
    if usesDoRA {
      return DoRA(
        on: linear, factors,
        magnitude: try source.stored("lora_magnitude_vector", of: path, outputs), rates: rates)
    }
    let offset =
      hasLoRABias
      ? try source.stored("lora_B.bias", of: path, outputs)
        ?? Tensor(rows: 1, columns: outputs, repeating: 0) : nil
    return LoRA(
      on: linear, factors, offset: offset, rates: rates, residual: beginning.residual)
  }

  private func factors(on linear: Linear, from source: AdapterSource) throws(FormatError)
    -> LowRankFactors
  {
    let path = linear.path, rank = rank(of: path), scale = scale(of: path)
    let (outputs, inputs) = (linear.weight.rows, linear.weight.columns)
    if beginning.residual != nil, case .file(let tensors, _) = source {
      return LowRankFactors(
        whole: try tensors.matrix("lora_A.weight", of: path, 2 * rank, inputs),
        try tensors.matrix("lora_B.weight", of: path, outputs, 2 * rank), scale: scale,
        dropoutRate: Float(dropout))
    }
    let new = try beginning.factors(on: linear, rank: rank, scale: scale, source)
    let a = try source.matrix("lora_A.weight", of: path, rank, inputs) { _ in new.a }
    let b = try source.matrix("lora_B.weight", of: path, outputs, rank) { _ in new.b }
    return LowRankFactors(
      a: a, b: b, scale: scale, dropoutRate: Float(dropout),
      start: beginning.startsAsBase ? nil : (a.copy(), b.copy()))
  }

  private func adapter(on embedding: Embedding, from source: AdapterSource) throws(FormatError)
    -> any Seated
  {
    let path = embedding.path, rank = rank(of: path)
    let (vocabulary, hidden) = (embedding.weight.rows, embedding.weight.columns)
    guard !usesDoRA, !hasLoRABias, beginning.startsAsBase else {
      throw FormatError(
        .unsupported, "target_modules",
        "'\(path)' takes a plain adapter alone: use_dora, lora_bias and beginnings that change the base "
          + "are not computed of an embedding")
    }
    return EmbeddingLoRA(
      on: embedding,
      a: try source.matrix("lora_embedding_A", of: path, rank, vocabulary) { _ in
        Tensor(rows: rank, columns: vocabulary, repeating: 0)
      },
      b: try source.matrix("lora_embedding_B", of: path, hidden, rank) {
        .normal(hidden, rank, $0)
      }, scale: scale(of: path), rates: rates)
  }

  /// `bias`: every one of the model, or those of adapted projections, which PEFT calls the base layer's.
  private func biases(of seats: ModelSeats, from source: AdapterSource) throws(FormatError)
    -> [TrainedBias]
  {
    guard bias != .none else { return [] }
    let adapted = Set(seats.linears.map(\.path))
    var biases: [TrainedBias] = []
    for layer in seats.biased where bias == .all || adapted.contains(layer.path) {
      guard let base = layer.offset else { continue }
      let name = adapted.contains(layer.path) ? "base_layer.bias" : "bias"
      biases.append(
        TrainedBias(
          of: layer, base, named: name, own: try source.stored(name, of: layer.path, base.count),
          rateFactor: rates.ofB))
    }
    if biases.isEmpty, case .fresh = source {
      throw FormatError(
        .unsupported, "bias",
        "is \(bias.rawValue), but "
          + (bias == .all
            ? "this model has no biases" : "no adapted projection of this model has one"))
    }
    return biases
  }
}

extension AdapterSource {
  /// The vector `part` of the module at `path` as the file has it; nil for a new adapter.
  func stored(_ part: String, of path: String, _ count: Int) throws(FormatError) -> Tensor? {
    guard case .file(let tensors, _) = self else { return nil }
    return try tensors.vector(part, of: path, count)
  }

  /// The base's own weight, where PEFT has saved it beside an adapter on it.
  func baseLayer(_ layer: any Substitutable) throws(FormatError) -> [WholeWeight] {
    guard case .file(let tensors, _) = self, tensors.holds("base_layer.weight", of: layer.path)
    else { return [] }
    return [
      WholeWeight(
        layer, try tensors.weight("base_layer.weight", of: layer.path, like: layer.stored))
    ]
  }
}
