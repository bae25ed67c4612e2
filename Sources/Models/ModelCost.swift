public import Layers
import Tensors

/// What a training step costs a model, part by part.
public struct ModelCost {
  /// The blocks, first to last, and what is kept of each that is computed again on the way back.
  public let blocks: [Cost], recomputed: Int
  /// The last norm, the head and the loss.
  public let head: Cost

  /// Floating-point operations, forward and on the way back.
  public var flops: Double {
    (blocks + [head]).reduce(0) { $0 + $1.forward + $1.backward }
  }

  /// Bytes kept for the way back; where blocks are computed again, their inputs and one block.
  public func kept(usesCheckpointing: Bool) -> Int {
    let kept = blocks.map(\.kept)
    return head.kept
      + (usesCheckpointing
        ? kept.count { $0 > 0 } * recomputed + (kept.max() ?? 0) : kept.reduce(0, +))
  }

  /// The most bytes that operations have beside for a moment.
  public var passing: Int { max(blocks.map(\.passing).max() ?? 0, head.passing) }
}

extension CausalLanguageModel {
  /// What a pass costs in which `scored` tokens are predicted. In the last block those ask alone from
  /// which something is predicted. What lies below the first trained projection passes no gradient.
  public func cost(_ pass: Passage, scored: Int) -> ModelCost {
    var pass = pass
    let costs = blocks.indices.map { index in
      let cost = blocks[index].cost(index == blocks.count - 1 ? pass.narrowed : pass)
      pass.wantsInput =
        pass.wantsInput || pass.givenKeys > 0 || pass.trains(blocks[index].linears)
      return cost
    }
    return ModelCost(
      blocks: costs, recomputed: Buffer.bytes(pass.tokens * config.hiddenSize),
      head: headCost(pass, scored: scored) + pass.making)
  }

  /// The vocabulary passes by in parts: scores of a part, as they are and packed, for 1024 rows at most.
  /// Hidden states before and after the last norm are kept, and their gradient.
  private func headCost(_ pass: Passage, scored: Int) -> Cost {
    var cost = head.cost(scored, on: pass, wantsInput: pass.wantsInput)
    let width = config.hiddenSize, part = min(scored, 1024)
    cost.kept += 3 * Buffer.bytes(scored * width)
    cost.passing =
      2 * Buffer.bytes(part * min(2048, head.weight.rows)) + 2 * Buffer.bytes(part * width)
    return cost
  }

  /// Bytes of the caches of sequences that grow to these lengths, and of their next tokens' logits.
  public func cacheBytes(of lengths: [Int]) -> Int {
    let keys = config.keyValueHeads * config.headDimension
    return lengths.reduce(0) { $0 + 2 * blocks.count * Buffer.bytes($1 * keys) }
      + 2 * Buffer.bytes(lengths.count * config.vocabularySize)
  }
}

extension AudioSide {
  /// What hearing `frames` frames costs, of which the longest clip has `longest`. An encoder of which
  /// nothing is trained, nor of the projector, hears one clip after the other, and keeps nothing.
  public func cost(
    frames: Int, longest: Int, usesCheckpointing: Bool, seat: @escaping (String) -> Seat
  ) -> Cost {
    guard frames > 0 else { return Cost() }
    let probe = Passage(
      tokens: 0, longest: 0, needed: .init(0), wantsInput: false, seat: seat)
    let isTrained = probe.trains(linears)
    let isOpen = linears.allSatisfy { seat($0.path).isOpen }
    let rows = AudioClip.positions(frames: isTrained ? frames : longest)
    var pass = Passage(
      tokens: rows, longest: AudioClip.positions(frames: longest), needed: .init(rows),
      wantsInput: isOpen, seat: seat)
    let blocks = encoder.blocks.map { block in
      let cost = block.cost(pass)
      pass.wantsInput = pass.wantsInput || pass.trains(block.linears)
      return cost
    }
    // Beside the blocks' own, what pooling, the last norm and the projector read.
    let input = Buffer.bytes(rows * encoder.config.width)
    let cost = ModelCost(
      blocks: blocks, recomputed: input, head: Cost(kept: isTrained ? 3 * input : 0))
    var hearing = blocks.reduce(Cost(), +)
    hearing.kept = cost.kept(usesCheckpointing: usesCheckpointing)
    hearing.passing = cost.passing
    return encoder.convolutionCost(rows, isOpen: isOpen) + hearing
  }
}

extension AudioEncoder {
  /// What the convolutions cost that give `rows` positions. Trained ones keep their inputs and what
  /// GELU reads. Their windows lie side by side for a moment.
  fileprivate func convolutionCost(_ rows: Int, isOpen: Bool) -> Cost {
    let bins = config.melBins, width = config.width
    return Cost(
      kept: isOpen
        ? Buffer.bytes(2 * rows * bins) + Buffer.bytes(2 * rows * width)
          + Buffer.bytes(rows * width) : 0,
      passing: 2 * Buffer.bytes(2 * rows * 3 * bins) + 3 * Buffer.bytes(2 * rows * width)
        + 2 * Buffer.bytes(3 * rows * width))
  }
}
