import Layers
import Tensors

/// Packed tokens as the blocks read them: a prompt of virtual ones, where the model has one, is among
/// them.
struct Reading {
  let segments: Segments
  /// Which segments go on from one another, or begin behind keys that are given; nil where none does.
  let shared: SharedPrefix?
  let positions: [Int], classes: [Int]
  /// What stands behind one another: rows of the tokens with ids, or the prompt where nil.
  private let parts: [Range<Int>?], prompt: Int

  /// `segments`, of which number i continues `parents[i]`. All texts of a class begin with one prompt,
  /// a segment that they share; behind a `stem` there is none, since it holds the prompt's keys.
  init(
    _ segments: Segments, continuing parents: [Int?]?, classes: [Int]?, behind stem: Stem? = nil,
    by model: CausalLanguageModel
  ) {
    let given = stem?.count ?? model.givenKeys
    let prompt = stem == nil ? model.virtualTokens - given : 0
    let parents = parents ?? (given > 0 ? segments.unconnected : nil)
    self.prompt = prompt
    let own = parents.map { SharedPrefix(segments, continuing: $0, behind: given) }
    var positions = own?.positions ?? segments.positions
    if prompt > 0 { positions = positions.map { $0 + prompt } }
    let classes = classes ?? model.classes(segments, positions)
    guard prompt > 0 else {
      (self.segments, self.positions, self.classes) = (segments, positions, classes)
      (shared, parts) = (own, [0..<segments.tokens])
      return
    }
    let tree = parents ?? segments.unconnected
    var roots: [Int] = []
    for (parent, kind) in zip(tree, classes) where parent == nil && !roots.contains(kind) {
      roots.append(kind)
    }
    let prompts = Array(repeating: prompt, count: roots.count)
    let all = Segments(lengths: prompts + segments.lengths)
    self.segments = all
    shared = SharedPrefix(
      all,
      continuing: roots.map { _ in nil }
        + zip(tree, classes).map { $0.map { $0 + roots.count } ?? roots.firstIndex(of: $1) },
      behind: given)
    self.positions = prompts.flatMap { given..<given + $0 } + positions
    self.classes = roots + classes
    parts = roots.map { _ in nil } + [0..<segments.tokens]
  }

  /// `segments`, of which number i goes on from `past[i]` tokens that a cache holds. Sequences of which
  /// nothing has been read begin with a prompt of their own.
  init(_ segments: Segments, goingOnFrom past: [Int], by model: CausalLanguageModel) {
    let given = model.givenKeys, prompt = model.virtualTokens - given
    let before = past.map { $0 == given ? prompt : 0 }
    self.prompt = prompt
    let all = Segments(lengths: zip(before, segments.lengths).map { $0 + $1 })
    self.segments = all
    positions = zip(past, all.lengths).flatMap { $0..<$0 + $1 }
    classes = model.classes(all, positions)
    shared = nil
    parts = before.enumerated().flatMap { $1 > 0 ? [nil, segments[$0]] : [segments[$0]] }
  }

  private var hasPrompt: Bool { parts.contains { $0 == nil } }

  /// Embedded tokens with the prompt's rows where it stands.
  func prompted(_ x: Tensor, by rows: Tensor?) -> Tensor {
    guard let rows, hasPrompt else { return x }
    return concatenateRows(parts.map { part in part.map { (x, $0) } ?? (rows, 0..<prompt) })
  }

  /// Where `rows` of the tokens with ids stand, all of these where it is nil; nil for all there are.
  func places(of rows: [Int]?) -> [Int]? {
    guard hasPrompt else { return rows }
    var places: [Int] = [], next = 0
    for part in parts {
      places += (part ?? 0..<0).indices.map { next + $0 - (part?.lowerBound ?? 0) }
      next += part?.count ?? prompt
    }
    return rows.map { $0.map { places[$0] } } ?? places
  }
}

extension CausalLanguageModel {
  /// The classes of texts that end where the segments do.
  fileprivate func classes(_ segments: Segments, _ positions: [Int]) -> [Int] {
    (0..<segments.count).map { rotary.lengthClass(positions[segments[$0].upperBound - 1] + 1) }
  }
}

extension Segments {
  fileprivate var lengths: [Int] { (0..<count).map { self[$0].count } }
  /// Segments that go on from none.
  fileprivate var unconnected: [Int?] { Array(repeating: nil, count: count) }
}
