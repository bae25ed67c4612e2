import Layers
import Tensors

/// A and B of one module, what their product is multiplied with, and the dropout before them.
struct LowRankFactors {
  /// [rank, inputs] and [outputs, rank]
  var a: Tensor, b: Tensor
  var scale: Float, dropoutRate: Float
  /// What B A was subtracted of the base at first (Meng et al. 2024; Büyükakyüz 2024); nil where it was
  /// nothing.
  var start: (a: Tensor, b: Tensor)?

  /// `start` nil: nothing was subtracted.
  init(
    a: Tensor, b: Tensor, scale: Float, dropoutRate: Float, start: (a: Tensor, b: Tensor)? = nil
  ) {
    self.a = a.asLeaf()
    self.b = b.asLeaf()
    self.scale = scale
    self.dropoutRate = dropoutRate
    self.start = start
  }

  /// Those that are published as [A; A₀] and [B, −B₀].
  init(whole a: Tensor, _ b: Tensor, scale: Float, dropoutRate: Float) {
    let rank = a.rows / 2, columns = b.transposed()
    func part(_ x: Tensor, _ rows: Range<Int>) -> Tensor { selectRows(x, Array(rows)) }
    self.init(
      a: part(a, 0..<rank), b: part(columns, 0..<rank).transposed(), scale: scale,
      dropoutRate: dropoutRate,
      start: (part(a, rank..<2 * rank), -1 * part(columns, rank..<2 * rank).transposed()))
  }

  /// The same numbers, which nobody trains.
  func copy() -> LowRankFactors {
    var copy = self
    (copy.a, copy.b) = (a.copy(), b.copy())
    return copy
  }

  /// Both under their names in the file, matrices also where the rank is 1.
  func named(_ path: String, rate: LoRAConfig.Rates) -> [NamedTensor] {
    Self.named(a, b, path, rate)
  }

  /// The plain low-rank part that adds the same to the base: [A; A₀] and [B, −B₀] where a start was
  /// subtracted.
  func published(_ path: String) -> [NamedTensor] {
    let (a, b) = whole
    return Self.named(a.detached, b.detached, path, .init())
  }

  /// What `published` needs beside A and B. A start that the base was quantized without has other names
  /// than one that is subtracted of what the base says: the two are not the same run.
  func kept(_ path: String, isInBase: Bool) -> [NamedTensor] {
    guard let start else { return [] }
    let word = isInBase ? "start_of_residual" : "start"
    return [("lora_A", start.a), ("lora_B", start.b)].map {
      NamedTensor(
        name: AdapterTensors.name($0 + "." + word, of: path), tensor: $1,
        shape: [$1.rows, $1.columns])
    }
  }

  /// A and B, or [A; A₀] and [B, −B₀].
  var whole: (a: Tensor, b: Tensor) {
    guard let start else { return (a, b) }
    return (
      concatenateRows([(a, 0..<a.rows), (start.a, 0..<start.a.rows)]),
      sideBySide(b, -1 * start.b)
    )
  }

  private static func named(
    _ a: Tensor, _ b: Tensor, _ path: String, _ rates: LoRAConfig.Rates
  ) -> [NamedTensor] {
    [("lora_A.weight", a, 1), ("lora_B.weight", b, rates.ofB)].map { name, tensor, rate in
      NamedTensor(
        name: AdapterTensors.name(name, of: path), tensor: tensor,
        shape: [tensor.rows, tensor.columns], rateFactor: rate)
    }
  }
}
