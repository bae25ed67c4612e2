public import Models
public import Tasks

/// Texts laid out as one packed run, in which what several begin with, a pair's prompt or a clip, is
/// read once. The numbers are those of separate texts.
public struct TextPacking {
  /// The beginning of a text: its first `count` tokens are read.
  public struct Text {
    let ids: [Int32], media: [Sample.Medium], count: Int, rotaryClass: Int

    /// Describes it; texts of different classes (`CausalLanguageModel.rotaryClass`) share nothing.
    public init(_ ids: [Int32], _ media: [Sample.Medium], reading count: Int, rotaryClass: Int) {
      self.ids = ids
      self.media = media
      self.count = count
      self.rotaryClass = rotaryClass
    }
  }

  /// Where what is read stands.
  public let layout: PrefixTree.Layout
  /// For each text the layout's row of every token that is read of it.
  public let rows: [[Int]]

  /// Lays out `texts`.
  public init(_ texts: [Text]) {
    var tree = PrefixTree()
    let keys = texts.map { Array(tree.keys($0.ids, $0.media).prefix($0.count)) }
    for (text, keys) in zip(texts, keys) where !keys.isEmpty {
      tree.insert(keys, rotaryClass: text.rotaryClass)
    }
    let layout = tree.layout()
    rows = zip(texts, keys).map { text, keys in
      tree.rows(of: keys, rotaryClass: text.rotaryClass, in: layout)
    }
    self.layout = layout
  }
}
