/// A column, or a group of them, of a Parquet file.
struct ParquetNode {
  /// How its values are stored.
  struct Leaf {
    /// Its place among the columns.
    let column: Int
    let type: Int
    let isUnsigned: Bool
    /// Why its values cannot be read; nil where they can.
    let fault: String?
  }
  enum Content {
    case leaf(Leaf)
    case group([ParquetNode])
  }

  let name: String
  /// 0: always there, 1: perhaps null, 2: any number of times.
  let repetition: Int
  /// The levels at which a value is there, and at which another one of the same list begins.
  let definition: Int, repeats: Int
  /// Whether its one child stands for a list's elements.
  let isList: Bool
  let content: Content

  /// The first column below it, whose levels tell whether it is there.
  var firstColumn: Int {
    switch content {
    case .leaf(let leaf): leaf.column
    case .group(let children): children[0].firstColumn
    }
  }
}

/// All columns of a file.
struct ParquetSchema {
  let fields: [ParquetNode]
  /// The columns, in the order in which row groups hold them; each with its path.
  private(set) var leaves: [(path: String, node: ParquetNode)] = []

  /// Reads the schema's elements, which stand depth first.
  init(_ elements: [ThriftValue]) throws(ParquetError) {
    guard let root = elements.first, elements.count <= 10_000,
      case let count = root[5]?.int ?? 0, 0..<elements.count ~= count
    else { throw Self.damaged }
    var rest = elements.dropFirst(), leaves: [(path: String, node: ParquetNode)] = []
    var fields: [ParquetNode] = []
    for _ in 0..<count {
      fields.append(try Self.node(&rest, [], (0, 0), depth: 0, &leaves))
    }
    guard rest.isEmpty else { throw Self.damaged }
    self.fields = fields
    self.leaves = leaves
  }

  private static let damaged = ParquetError(
    "does not describe its columns as a Parquet file does; it is damaged")

  private static func node(
    _ rest: inout ArraySlice<ThriftValue>, _ path: [String],
    _ levels: (definition: Int, repeats: Int), depth: Int,
    _ leaves: inout [(path: String, node: ParquetNode)]
  ) throws(ParquetError) -> ParquetNode {
    guard depth < 32, let element = rest.popFirst(), let name = element[4]?.text,
      case let repetition = element[3]?.int ?? 0, 0...2 ~= repetition
    else { throw damaged }
    let path = path + [name]
    let definition = levels.definition + (repetition > 0 ? 1 : 0)
    let repeats = levels.repeats + (repetition == 2 ? 1 : 0)
    let children = element[5]?.int ?? 0
    let content: ParquetNode.Content
    if children > 0 {
      var nodes: [ParquetNode] = []
      for _ in 0..<children {
        nodes.append(try node(&rest, path, (definition, repeats), depth: depth + 1, &leaves))
      }
      content = .group(nodes)
    } else {
      guard let type = element[1]?.int else { throw damaged }
      let converted = element[6]?.int
      content = .leaf(
        .init(
          column: leaves.count, type: type,
          isUnsigned: converted.map { (11...14).contains($0) } ?? false,
          fault: fault(type, converted: converted, logical: element[10])))
    }
    let result = ParquetNode(
      name: name, repetition: repetition, definition: definition, repeats: repeats,
      isList: isList(element, content), content: content)
    if case .leaf = content { leaves.append((path.joined(separator: "."), result)) }
    return result
  }

  /// Whether the element is marked as a list or a map, which has one child that repeats.
  private static func isList(_ element: ThriftValue, _ content: ParquetNode.Content) -> Bool {
    guard case .group(let children) = content, children.count == 1, children[0].repetition == 2
    else { return false }
    let converted = element[6]?.int.map { 1...3 ~= $0 } ?? false
    return converted || element[10]?[2] != nil || element[10]?[3] != nil
  }

  /// Why values of a type are not read.
  private static func fault(_ type: Int, converted: Int?, logical: ThriftValue?) -> String? {
    if converted == 5 || logical?[5] != nil { return "decimal numbers" }
    switch type {
    case 0, 1, 2, 4, 5, 6: return nil
    case 3: return "timestamps of 96 bits"
    case 7: return "values of a fixed number of bytes"
    default: return "values of the unknown type \(type)"
    }
  }
}
