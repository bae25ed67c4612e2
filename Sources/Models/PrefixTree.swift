public import Tasks
public import Tensors

/// Texts laid out as segments that go on from one another: what several begin with is read once. Texts
/// of different classes share nothing (`CausalLanguageModel.rotaryClass`).
public struct PrefixTree: Sendable {
  /// A token as texts are compared by: places of one clip are alike, those of two clips are not,
  /// though their ids are.
  public enum Key: Hashable, Sendable {
    case token(Int32)
    case clip(Int, offset: Int, id: Int32)

    var id: Int32 {
      switch self {
      case .token(let id), .clip(_, _, let id): id
      }
    }
  }

  private struct Node: Sendable {
    var keys: ArraySlice<Key>
    var children: [Int] = []
  }

  // The roots, one for each class in the order of their first texts, read nothing.
  private var nodes: [Node] = [], roots: [(rotaryClass: Int, node: Int)] = []
  private var clips: [MediaTensor] = [], clipIndex: [MediaTensor: Int] = [:]

  /// A tree of no text.
  public init() {}

  /// A text and its clips, as this tree compares it.
  public mutating func keys(_ ids: [Int32], _ media: [Sample.Medium]) -> [Key] {
    var keys = ids.map(Key.token)
    for medium in media {
      let clip = clipIndex[medium.features] ?? clips.count
      if clip == clips.count {
        clips.append(medium.features)
        clipIndex[medium.features] = clip
      }
      for place in medium.places {
        keys[place] = .clip(clip, offset: place - medium.places.lowerBound, id: ids[place])
      }
    }
    return keys
  }

  /// Adds a text of at least one token.
  public mutating func insert(_ text: [Key], rotaryClass: Int = 0) {
    var node = root(rotaryClass), rest = text[...]
    if node == nodes.count {
      roots.append((rotaryClass, node))
      nodes.append(Node(keys: []))
    }
    while let first = rest.first {
      guard let slot = nodes[node].children.firstIndex(where: { nodes[$0].keys.first == first })
      else {
        nodes[node].children.append(nodes.count)
        nodes.append(Node(keys: rest))
        return
      }
      let child = nodes[node].children[slot]
      let common = zip(nodes[child].keys, rest).prefix { $0 == $1 }.count
      if common < nodes[child].keys.count {
        let upper = Node(keys: nodes[child].keys.prefix(common), children: [child])
        nodes[child].keys = nodes[child].keys.dropFirst(common)
        nodes[node].children[slot] = nodes.count
        nodes.append(upper)
      }
      node = nodes[node].children[slot]
      rest = rest.dropFirst(common)
    }
  }

  /// The root of a class's texts; the next node where there is none.
  private func root(_ rotaryClass: Int) -> Int {
    roots.first { $0.rotaryClass == rotaryClass }?.node ?? nodes.count
  }

  /// All texts as packed segments, each behind the one that it continues.
  public struct Layout: Sendable {
    /// The tokens; each segment's length, and the one that it continues.
    public fileprivate(set) var ids: [Int32] = [], lengths: [Int] = [], parents: [Int?] = []
    /// The class of each segment's texts.
    public fileprivate(set) var classes: [Int] = []
    /// Clips, by rising places.
    public fileprivate(set) var media: [Sample.Medium] = []
    /// The first row of each node.
    fileprivate var starts: [Int: Int] = [:]

    /// Which segments go on from one another; nil where none does.
    public var shared: SharedPrefix? {
      parents.contains { $0 != nil }
        ? SharedPrefix(Segments(lengths: lengths), continuing: parents) : nil
    }
  }

  /// Where each segment stands once all texts are in.
  public func layout() -> Layout {
    var layout = Layout()
    for (rotaryClass, root) in roots { add(root, rotaryClass, to: &layout) }
    return layout
  }

  private func add(_ root: Int, _ rotaryClass: Int, to layout: inout Layout) {
    var stack: [(node: Int, parent: Int?)] = nodes[root].children.reversed().map { ($0, nil) }
    while let (node, parent) = stack.popLast() {
      let index = layout.lengths.count, start = layout.ids.count
      layout.classes.append(rotaryClass)
      layout.starts[node] = start
      layout.lengths.append(nodes[node].keys.count)
      layout.parents.append(parent)
      for (offset, key) in nodes[node].keys.enumerated() {
        layout.ids.append(key.id)
        guard case .clip(let clip, let place, _) = key else { continue }
        let row = start + offset
        if place == 0 {
          layout.media.append(.init(places: row..<row + 1, features: clips[clip]))
        } else if var last = layout.media.popLast() {
          last.places = last.places.lowerBound..<row + 1
          layout.media.append(last)
        }
      }
      stack += nodes[node].children.reversed().map { ($0, index) }
    }
  }

  /// The row of each of a text's tokens; the text, or one that begins with it, has been inserted.
  public func rows(of text: [Key], rotaryClass: Int = 0, in layout: Layout) -> [Int] {
    var node = root(rotaryClass), rows: [Int] = []
    while rows.count < text.count {
      let next = text[rows.count]
      guard let child = nodes[node].children.first(where: { nodes[$0].keys.first == next }),
        let start = layout.starts[child]
      else { preconditionFailure("prefix tree: the text of \(text.count) tokens is not in it") }
      rows += start..<start + min(nodes[child].keys.count, text.count - rows.count)
      node = child
    }
    return rows
  }
}
