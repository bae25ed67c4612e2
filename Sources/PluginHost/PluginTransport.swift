import CPluginABI
import FoundationEssentials
import Ranks
import Tasks

/// A plugin's way between processes as the host sees one.
public final class PluginTransport: Transport, @unchecked Sendable {
  // Unchecked: the communication thread alone makes calls, and the group is its own.
  /// The export's name: `openmpi`.
  public let name: String
  /// The version of what it was built with: of the MPI.
  public let version: String
  private let table: tk_transport_v1
  private let user: UnsafeMutableRawPointer?, host: HostTable
  private let joining: Guard
  private var group: UnsafeMutableRawPointer?

  /// The transport `name` of a plugin.
  init(_ name: String, of plugin: Plugin, host: HostTable) throws(TaskError) {
    (table, user) = try functions(.transport, name, of: plugin, as: tk_transport_v1.self)
    guard table.open != nil, table.send != nil, table.receive != nil, table.test != nil,
      table.abort != nil, table.close != nil
    else { throw TaskError(.internal, "\(plugin.name): the transport '\(name)' lacks a function") }
    self.name = name
    version = plugin.version
    self.host = host
    joining = Guard("\(plugin.name): transport '\(name)', open")
  }

  /// Joins the group.
  public func open() throws(RanksError) -> Place {
    var rank: Int32 = 0, count: Int32 = 0
    try joining.run { () throws(RanksError) in
      _ = try call("opened") { table.open(user, host.pointer, &rank, &count, &group, $0) }
    }
    guard count > 0, (0..<count).contains(rank) else {
      throw RanksError(.transport, "the transport '\(name)' says rank \(rank) of \(count)")
    }
    return Place(rank: Int(rank), count: Int(count))
  }

  /// Begins to send.
  public func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, channel: Channel)
    throws(RanksError) -> TransportRequest
  {
    var request: UnsafeMutableRawPointer?
    _ = try call("sends to rank \(rank)") {
      table.send(
        group, Int32(rank), channel.rawValue, bytes.baseAddress, bytes.count, &request, $0)
    }
    return TransportRequest(UInt(bitPattern: request))
  }

  /// Begins to receive.
  public func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, channel: Channel)
    throws(RanksError) -> TransportRequest
  {
    var request: UnsafeMutableRawPointer?
    _ = try call("receives from rank \(rank)") {
      table.receive(
        group, Int32(rank), channel.rawValue, bytes.baseAddress, bytes.count, &request, $0)
    }
    return TransportRequest(UInt(bitPattern: request))
  }

  /// Whether a request is done.
  public func test(_ request: TransportRequest) throws(RanksError) -> Bool {
    let pointer = UnsafeMutableRawPointer(bitPattern: request.handle)
    return try call("moves bytes") { table.test(group, pointer, $0) } != TK_END
  }

  /// Ends all processes.
  public func abort(code: Int32) { table.abort(group, code) }

  /// Leaves.
  public func close() { table.close(group) }

  private func call(
    _ what: @autoclosure () -> String, _ body: (UnsafeMutablePointer<tk_error>) -> tk_status
  ) throws(RanksError) -> tk_status {
    do throws(TaskError) {
      return try checked("the transport '\(name)' cannot be \(what())", body)
    } catch {
      throw RanksError(.transport, error.message)
    }
  }
}

extension PluginCatalog {
  /// What the files of transports are called, as `make transport` does.
  static let transportPrefix = "libtransport_"

  /// The transport `name`: of a file, or of `libtransport_NAME.so` in the search paths.
  public func transport(named name: String) throws(TaskError) -> PluginTransport {
    let path: String
    if let file = Self.file(in: name) {
      path = file.path
    } else if let found = transportFile(named: name) {
      path = found
    } else {
      throw TaskError(.configuration, missing(name))
    }
    let plugin: Plugin
    do throws(SharedObject.Fault) {
      // An MPI takes signals over when it is opened; the crash guard comes with the next plugin.
      plugin = try Plugin(
        opening: path, libraryDirectory: searchPaths.libraryDirectory, installsGuard: false)
    } catch {
      let package = ["openmpi": "openmpi-bin", "mpich": "mpich"][name]
      let isLacking = error.reason.contains("cannot open shared object file")
      throw TaskError(
        .configuration,
        "the transport '\(name)' cannot be opened (\(error.reason))"
          + (isLacking ? package.map { "; install it: apt-get install \($0)" } ?? "" : ""))
    }
    let export = try plugin.exportName(.transport, preferring: "")
    return try PluginTransport(export, of: plugin, host: host)
  }

  /// The file of the transport `name`; nil where there is none.
  public func transportFile(named name: String) -> String? {
    searchPaths.directories.lazy.map { "\($0.path)/\(Self.transportPrefix)\(name).so" }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// The names of the transports that can be found, in alphabetical order; none of them is opened.
  public var transports: [String] {
    let names = searchPaths.directories.flatMap { directory in
      ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
        .filter { $0.hasPrefix(Self.transportPrefix) && $0.hasSuffix(".so") }
        .map { String($0.dropFirst(Self.transportPrefix.count).dropLast(3)) }
    }
    return Set(names).sorted()
  }

  private func missing(_ name: String) -> String {
    let known = transports.map { "'\($0)'" }.joined(separator: ", ")
    return "there is no transport '\(name)'"
      + (known.isEmpty ? "" : ", only \(known)")
      + "; make transport MPICC=mpicc builds one for the MPI whose compiler that is; searched for "
      + "\(Self.transportPrefix)\(name).so in "
      + searchPaths.directories.map(\.path).joined(separator: ", ")
  }
}
