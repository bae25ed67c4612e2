import JSON

extension Table {
  /// `{"name", "columns": [title], "rows": [[text, number or null]]}`
  var json: JSONValue {
    let lines = rows.map { JSONValue.array($0.map(\.json)) }
    return [
      "name": .string(name), "columns": .array(columns.map(JSONValue.string)),
      "rows": .array(lines),
    ]
  }

  /// Reads a report's "tables", none where there are none.
  static func list(_ json: JSONValue?) throws(TaskError) -> [Table] {
    guard let json, !json.isNull else { return [] }
    var tables: [Table] = []
    for member in try ReportMember(json, "the report's 'tables'").elements() {
      let table = try Table(member)
      guard !tables.contains(where: { $0.name == table.name }) else {
        throw member.fault("has the name '\(table.name)' of another table")
      }
      tables.append(table)
    }
    return tables
  }

  private init(_ json: ReportMember) throws(TaskError) {
    let name = try json.text("name")
    guard Self.isFileName(name) else {
      throw json.fault(
        "has the name '\(name)'; letters, digits, '_' and '-' make a file's name, up to 64")
    }
    let columns = try json.member("columns").texts()
    guard !columns.isEmpty, Set(columns).count == columns.count else {
      throw json.fault("'\(name)' needs columns whose titles differ")
    }
    self.init(name: name, columns: columns)
    for row in try json.member("rows").elements() {
      var cells: [Cell] = []
      for cell in try row.elements() { cells.append(try Cell(cell)) }
      guard cells.count == columns.count else {
        throw row.fault("has \(cells.count) cells for \(columns.count) columns")
      }
      rows.append(cells)
    }
  }

  private static func isFileName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

extension Table.Cell {
  var json: JSONValue {
    switch self {
    case .text(let text): .string(text)
    case .number(let value): value.isFinite ? .double(value) : .null
    case .absent: .null
    }
  }

  fileprivate init(_ member: ReportMember) throws(TaskError) {
    if let text = member.value.string {
      self = .text(text)
    } else if let number = member.value.double {
      self = .number(number)
    } else if member.value.isNull {
      self = .absent
    } else {
      throw member.fault("must be a text, a number or null, not \(member.value.kind)")
    }
  }
}
