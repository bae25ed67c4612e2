import Formats
import Layers
import Ranks
import Tensors

/// Tensors as a file has them, whole, and the ways of their numbers to that file and from it, whoever owns
/// them. Rank 0 alone reads and writes; nothing of ranks stands in the file.
struct SpreadFile {
  /// A tensor of the file, as large as a parameter.
  struct Entry {
    let name: String, parameter: Int
    /// The numbers of a run by its place among those that are here.
    let value: (_ run: Int) throws(FormatError) -> Tensor
    let set: (_ value: Tensor, _ run: Int) throws(FormatError) -> Void
  }

  /// A run of a parameter: who owns it, and its place among what that rank owns.
  private typealias Part = (rank: Int, run: Pieces.Run, index: Int)

  private let label: String, group: Group
  private let parameters: [NamedTensor], entries: [Entry]
  /// Whether each rank has all numbers.
  private let isEverywhere: Bool
  /// Each parameter's runs in order.
  private let parts: [[Part]]

  /// `entries` of `parameters`, of which each rank owns its `runs`; where there are those of one rank
  /// alone, all ranks have them.
  init(
    _ label: String, _ group: Group, _ parameters: [NamedTensor], _ runs: [[Pieces.Run]],
    _ entries: [Entry]
  ) {
    self.label = label
    self.group = group
    self.parameters = parameters
    self.entries = entries
    isEverywhere = runs.count < group.count
    var parts: [[Part]] = parameters.map { _ in [] }
    for (rank, runs) in runs.enumerated() {
      for (index, run) in runs.enumerated() { parts[run.tensor].append((rank, run, index)) }
    }
    self.parts = parts
  }

  /// For rank 0's file: what others own is received while it is written.
  func sources(as type: ScalarType = .f32) -> [TensorSource] {
    entries.map { entry in
      TensorSource(
        name: entry.name, type: type, shape: parameters[entry.parameter].shape
      ) { (sink) throws(FormatError) in
        for part in parts[entry.parameter] {
          let value = try value(part, entry, for: sink)
          var failure: FormatError?
          func write(_ bytes: UnsafeRawBufferPointer) {
            do throws(FormatError) { try sink.write(bytes) } catch { failure = error }
          }
          if type == .bf16 { value.bf16.withUnsafeBytes(write) } else { value.withBytes(write) }
          if let failure { throw failure }
        }
      }
    }
  }

  private func value(
    _ part: Part, _ entry: Entry, for sink: FileSink
  ) throws(FormatError) -> Tensor {
    guard part.rank != 0 else { return try entry.value(part.index) }
    do {
      return try group.receive(label, from: part.rank).withUnsafeBytes { Tensor(bytes: $0) }
    } catch { throw FormatError(.unwritable, sink.path, error.message) }
  }

  /// What other ranks do while rank 0 writes a file of tensors of one type.
  func send() throws {
    let known = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    for source in SafeTensorsWriter.inOrder(sources()) {
      guard let entry = known[source.name] else { continue }
      for part in parts[entry.parameter] where part.rank == group.rank {
        try group.send(label, entry.value(part.index).withBytes { [UInt8]($0) }, to: 0)
      }
    }
  }

  /// Takes the numbers back that `path` holds, which only rank 0 opens.
  func restore(from path: String) throws {
    let file = group.isFirst ? try SafeTensorsFile(path: path) : nil
    try restore { entry in try file.map { try values(entry, in: $0, path) } }
  }

  /// Takes the numbers back that a checkpoint holds of moments, which only rank 0 opens.
  func restore(from reader: MomentsReader?) throws {
    try restore { entry in
      let count = parameters[entry.parameter].tensor.count
      return try reader.map {
        Tensor(rows: 1, columns: count, values: try $0.values(entry.name, count: count))
      }
    }
  }

  private func restore(_ values: (Entry) throws -> Tensor?) throws {
    for entry in entries {
      let whole = try values(entry)
      guard !isEverywhere else {
        try restoreEverywhere(entry, whole)
        continue
      }
      for part in parts[entry.parameter] {
        if part.rank == group.rank {
          try entry.set(whole?.copy(part.run.range) ?? received(part.run.count), part.index)
        } else if let whole {
          let bytes = whole.copy(part.run.range).withBytes { [UInt8]($0) }
          try group.send(label, bytes, to: part.rank)
        }
      }
    }
  }

  /// Where every rank has all numbers.
  private func restoreEverywhere(_ entry: Entry, _ whole: Tensor?) throws {
    let bytes = try group.broadcast(label, whole?.withBytes { [UInt8]($0) } ?? [], from: 0)
    let values = bytes.withUnsafeBytes { Tensor(bytes: $0) }
    for part in parts[entry.parameter] {
      try entry.set(values.copy(part.run.range), part.index)
    }
  }

  /// A row of `count` numbers that rank 0 sends.
  private func received(_ count: Int) throws -> Tensor {
    let bytes = try group.receive(label, from: 0)
    precondition(bytes.count == 4 * count, "\(label): \(bytes.count) bytes for \(count) numbers")
    return bytes.withUnsafeBytes { Tensor(bytes: $0) }
  }

  private func values(
    _ entry: Entry, in file: SafeTensorsFile, _ path: String
  ) throws(FormatError) -> Tensor {
    let values = try file.floats(entry.name)
    let count = parameters[entry.parameter].tensor.count
    guard values.count == count else {
      throw FormatError(
        .malformed, path,
        "tensor '\(entry.name)' has \(values.count) numbers, this run needs \(count)")
    }
    return Tensor(rows: 1, columns: count, values: values)
  }
}
