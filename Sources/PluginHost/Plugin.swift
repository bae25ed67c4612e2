import CHostSupport
import CPluginABI
import Tasks

/// An opened plugin. Its names are copies; its tables live as long as the process.
public struct Plugin: Sendable {
  /// What a plugin offers one of.
  public enum Kind: Int32, Sendable, CaseIterable {
    case task = 1, reward = 2, dataset = 3, evaluator = 4, transport = 5

    /// The kind's name as messages print it.
    public var name: String { "\(self)" }
  }

  /// One thing that a plugin offers.
  public struct Export: Sendable, Hashable {
    /// What it is.
    public let kind: Kind
    /// Its name, unique in the plugin for its kind.
    public let name: String
    /// One sentence; may be empty.
    public let summary: String
  }

  /// The version of the C ABI that this host speaks: major.minor.
  public static let abiVersion = "\(TK_ABI_MAJOR).\(TK_ABI_MINOR)"

  /// The file.
  public let path: String
  /// The plugin's name and version, and what it was built with, in its own words.
  public let name: String, version: String, builtWith: String
  /// What it offers, in its own order; kinds that this host does not know are left out.
  public let exports: [Export]
  let records: [ExportRecord]
  let extensions: Extensions

  /// The plugin's function from an id to a table.
  struct Extensions: @unchecked Sendable {
    // Unchecked: a constant function of a library that is never unloaded; any thread may call it.
    let find: (@convention(c) (UnsafePointer<CChar>?) -> UnsafeRawPointer?)?
  }

  /// The functions of an export.
  struct ExportRecord: @unchecked Sendable {
    // Unchecked: constant tables of a library that is never unloaded.
    let vtable: UnsafeRawPointer
    let user: UnsafeMutableRawPointer?
  }

  /// Opens the plugin at `path`: checks the file, loads it, checks its head, copies its names. The
  /// crash guard is for processes in which nobody else notices that a plugin ends them.
  init(
    opening path: String, libraryDirectory: String, installsGuard: Bool = true
  ) throws(SharedObject.Fault) {
    typealias Fault = SharedObject.Fault
    if installsGuard { hs_guard_install() }
    let entry = try Guard("\(path): loading").run { () throws(Fault) in
      try SharedObject.entry(of: path, libraryDirectory: libraryDirectory)
    }
    let head = Guard("\(path): tk_plugin_entry").run { entry(UInt32(TK_ABI_MAJOR)) }
    try self.init(head: head, path: path)
  }

  /// Reads what an entry function returned.
  init(head: UnsafePointer<tk_plugin_head>?, path: String) throws(SharedObject.Fault) {
    guard let head else {
      throw SharedObject.Fault(
        "the plugin cannot serve a host of plugin ABI \(TK_ABI_MAJOR); rebuild it against this host"
      )
    }
    try Self.check(head.pointee)
    let table = UnsafeRawPointer(head).assumingMemoryBound(to: tk_plugin_v1.self).pointee
    self.path = path
    name = String(borrowed: table.name).printable
    version = String(borrowed: table.version).printable
    builtWith = String(borrowed: table.built_with).printable
    extensions = Extensions(find: table.extension)
    (exports, records) = try Self.exports(of: table)
  }

  private static func check(_ head: tk_plugin_head) throws(SharedObject.Fault) {
    guard head.magic == UInt32(TK_MAGIC) else {
      throw SharedObject.Fault("not a plugin of this host: its table does not begin with TK_MAGIC")
    }
    guard head.abi_major == UInt32(TK_ABI_MAJOR) else {
      throw SharedObject.Fault(
        "built for plugin ABI \(head.abi_major), this host has ABI \(TK_ABI_MAJOR); "
          + "rebuild the plugin"
      )
    }
    guard head.struct_size == UInt32(MemoryLayout<tk_plugin_v1>.size) else {
      throw SharedObject.Fault(
        "its table has \(head.struct_size) bytes, ABI \(TK_ABI_MAJOR) says "
          + "\(MemoryLayout<tk_plugin_v1>.size); rebuild the plugin against this host's header")
    }
  }

  /// More exports than this are a damaged table.
  private static let maximumExportCount = 4096

  private static func exports(of table: tk_plugin_v1) throws(SharedObject.Fault)
    -> ([Export], [ExportRecord])
  {
    guard table.name != nil else { throw SharedObject.Fault("the plugin has no name") }
    guard table.exports != nil || table.export_count == 0 else {
      throw SharedObject.Fault("the plugin says it exports something, and gives no table")
    }
    guard 0...maximumExportCount ~= table.export_count else {
      throw SharedObject.Fault(
        "the plugin says it exports \(UInt(bitPattern: table.export_count)) things; "
          + "more than \(maximumExportCount) cannot be")
    }
    var exports: [Export] = [], records: [ExportRecord] = []
    for record in UnsafeBufferPointer(start: table.exports, count: table.export_count) {
      guard let kind = Kind(rawValue: record.kind) else { continue }
      let export = Export(
        kind: kind, name: String(borrowed: record.name).printable,
        summary: String(borrowed: record.summary).printable)
      guard !export.name.isEmpty, let vtable = record.vtable else {
        throw SharedObject.Fault("export \(exports.count) (\(kind)) has no name or no functions")
      }
      guard !exports.contains(where: { $0.kind == kind && $0.name == export.name }) else {
        throw SharedObject.Fault("it exports the \(kind) '\(export.name)' twice")
      }
      exports.append(export)
      records.append(ExportRecord(vtable: vtable, user: record.user))
    }
    return (exports, records)
  }

  /// The functions of the `kind` named `name`.
  func record(_ kind: Kind, _ name: String) -> ExportRecord? {
    exports.firstIndex { $0.kind == kind && $0.name == name }.map { records[$0] }
  }

  /// Names of all exports of a kind.
  func names(_ kind: Kind) -> [String] { exports.filter { $0.kind == kind }.map(\.name) }
}

extension String {
  /// The text with blanks in the place of control characters: what a plugin says is shown on a
  /// terminal, where they could make it look like something else.
  var printable: String {
    guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      return self
    }
    let scalars = unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
    return String(String.UnicodeScalarView(scalars))
  }

  /// A copy of a C string, invalid UTF-8 replaced; empty for NULL.
  init(borrowed text: UnsafePointer<CChar>?) { self = text.map { String(cString: $0) } ?? "" }

  /// A copy of a text, invalid UTF-8 replaced.
  init(_ text: tk_str) {
    let bytes = UnsafeRawBufferPointer(start: text.ptr, count: text.ptr == nil ? 0 : text.len)
    self.init(decoding: bytes, as: UTF8.self)
  }

  /// Lends the text to `body`.
  func withStr<R, Failure: Error>(_ body: (tk_str) throws(Failure) -> R) throws(Failure) -> R {
    let bytes = utf8CString
    let result: Result<R, Failure> = bytes.withUnsafeBufferPointer { buffer in
      do throws(Failure) {
        return .success(try body(tk_str(ptr: buffer.baseAddress, len: buffer.count - 1)))
      } catch { return .failure(error) }
    }
    return try result.get()
  }
}
