import Formats
import Layers
import Ranks
import Tensors

/// The moments of all parameters as a file has them, whole, as `moment.<parameter>` and
/// `variance.<parameter>`; and their ways to that file and from it, whoever owns them. Rank 0 alone
/// reads and writes; nothing of ranks stands in the file.
struct MomentsFile {
  private let optimizer: AdamW, group: Group
  /// Each rank's runs.
  private let runs: [[Pieces.Run]]
  private let entries: [Entry]

  /// One of the two moments of a parameter.
  private struct Entry {
    let name: String, parameter: Int, isVariance: Bool
  }

  init(_ optimizer: AdamW, _ group: Group) {
    self.optimizer = optimizer
    self.group = group
    runs =
      optimizer.isSharded
      ? Ownership(group, of: optimizer.parameters).portions.map { $0.flatMap(\.self) }
      : (0..<group.count).map { $0 == 0 ? optimizer.runs : [] }
    entries = optimizer.parameters.indices.flatMap { index in
      let name = optimizer.parameters[index].name
      return [
        Entry(name: "moment." + name, parameter: index, isVariance: false),
        Entry(name: "variance." + name, parameter: index, isVariance: true),
      ]
    }
  }

  /// For rank 0's file: what others own is received while it is written.
  var sources: [TensorSource] {
    entries.map { entry in
      TensorSource(
        name: entry.name, type: .f32, shape: optimizer.parameters[entry.parameter].shape
      ) { (sink) throws(FormatError) in
        try put(entry, into: sink)
      }
    }
  }

  private func put(_ entry: Entry, into sink: FileSink) throws(FormatError) {
    for (rank, run, index) in all(entry) {
      if rank == 0 {
        try moment(index, entry).withBytes(of: 0..<run.count) { (bytes) throws(FormatError) in
          try sink.write(bytes)
        }
        continue
      }
      let bytes: [UInt8]
      do { bytes = try group.receive("the moments", from: rank) } catch {
        throw FormatError(.unwritable, sink.path, error.message)
      }
      try bytes.withUnsafeBytes { bytes in
        Result { () throws(FormatError) in try sink.write(bytes) }
      }.get()
    }
  }

  /// What other ranks do while rank 0 writes.
  func send() throws {
    let places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
    for source in SafeTensorsWriter.inOrder(sources) {
      guard let entry = places[source.name].map({ entries[$0] }) else { continue }
      for (rank, _, index) in all(entry) where rank == group.rank {
        try group.send("the moments", moment(index, entry).withBytes { Array($0) }, to: 0)
      }
    }
  }

  /// Takes the moments back that `path` holds, which only rank 0 opens.
  func restore(from path: String) throws {
    let file = group.isFirst ? try SafeTensorsFile(path: path) : nil
    for entry in entries {
      let whole = try file.map { try values(entry, in: $0, path) }
      guard optimizer.isSharded || group.isAlone else {
        try restoreEverywhere(entry, whole)
        continue
      }
      for (rank, run, index) in all(entry) {
        if rank == group.rank {
          let part = try whole?.copy(run.range) ?? Tensor(received: group, run.count)
          moment(index, entry).assign(part)
        } else if let whole {
          try group.send("the moments", whole.copy(run.range).withBytes { Array($0) }, to: rank)
        }
      }
    }
  }

  /// Where every rank has all moments.
  private func restoreEverywhere(_ entry: Entry, _ whole: Tensor?) throws {
    let bytes = try group.broadcast("the moments", whole?.withBytes { Array($0) } ?? [], from: 0)
    let moment = moment(entry.parameter, entry)
    bytes.withUnsafeBytes { moment.assign($0, to: 0..<moment.count) }
  }

  private func values(
    _ entry: Entry, in file: SafeTensorsFile, _ path: String
  ) throws(FormatError) -> Tensor {
    let values = try file.floats(entry.name)
    let count = optimizer.parameters[entry.parameter].tensor.count
    guard values.count == count else {
      throw FormatError(
        .malformed, path,
        "tensor '\(entry.name)' has \(values.count) numbers, this run needs \(count)")
    }
    return Tensor(rows: 1, columns: count, values: values)
  }

  /// A parameter's runs in order, with their ranks and their places among what a rank owns.
  private func all(_ entry: Entry) -> [(rank: Int, run: Pieces.Run, index: Int)] {
    runs.enumerated().flatMap { rank, runs in
      runs.enumerated().filter { $1.tensor == entry.parameter }.map { (rank, $1, $0) }
    }
  }

  private func moment(_ index: Int, _ entry: Entry) -> Tensor {
    entry.isVariance ? optimizer.variances[index] : optimizer.moments[index]
  }
}

extension Tensor {
  /// A row of `count` numbers that rank 0 sends.
  fileprivate init(received group: Group, _ count: Int) throws {
    let bytes = try group.receive("the moments", from: 0)
    precondition(bytes.count == 4 * count, "moments: \(bytes.count) bytes for \(count) numbers")
    self = bytes.withUnsafeBytes { Tensor(bytes: $0) }
  }
}

extension [NamedTensor] {
  /// Gives all ranks the numbers that rank 0 has.
  func spread(in group: Group) throws {
    guard !group.isAlone else { return }
    for named in self {
      let tensor = named.tensor
      let bytes = try group.broadcast(
        "'\(named.name)'", tensor.withBytes { [UInt8]($0) }, from: 0)
      if !group.isFirst { bytes.withUnsafeBytes { tensor.assign($0, to: 0..<tensor.count) } }
    }
  }
}
