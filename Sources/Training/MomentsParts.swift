import Formats
import Ranks
import Tensors

/// Each rank's own file of moments, for checkpoints on a file system that all ranks share.
struct MomentsParts {
  private let optimizer: AdamW, group: Group

  init(_ optimizer: AdamW, _ group: Group) { (self.optimizer, self.group) = (optimizer, group) }

  /// What a rank has written.
  private struct Written: Parcel {
    var size: Int, hash: String

    init(_ digest: FileDigest) { (size, hash) = (digest.size, digest.sha256) }

    func pack(into bytes: inout ParcelWriter) {
      bytes.add(size)
      bytes.add(hash)
    }

    init(from bytes: inout ParcelReader) { (size, hash) = (bytes.take(), bytes.take()) }
  }

  /// Rank 0's side: has each rank write what it owns into the new checkpoint, and counts those files among
  /// the checkpoint's. Where a rank cannot, all throw that.
  func write(into folder: DurableFolder) throws {
    // The folder is there.
    try group.barrier("the checkpoint's folder")
    let written = try collect { name throws(FormatError) in
      try folder.write(name) { (sink) throws(FormatError) in try write(into: sink) }
    }
    for (rank, written) in written.enumerated().dropFirst() {
      guard let written else { continue }
      folder.add(
        MomentsReader.part(rank), FileDigest(size: written.size, sha256: written.hash))
    }
  }

  /// The others' side: `path` is the checkpoint, as this rank sees it.
  func write(into path: String) throws {
    try group.barrier("the checkpoint's folder")
    _ = try collect { name throws(FormatError) in
      try DurableFolder.write(name, into: path) { (sink) throws(FormatError) in
        try write(into: sink)
      }
    }
  }

  /// What all have written, by rank; nothing of those that own nothing.
  private func collect(
    _ write: (String) throws(FormatError) -> FileDigest
  ) throws -> [Written?] {
    try group.inOrder("the parts of a checkpoint", of: group.count) {
      let owns = optimizer.ownership != nil || group.isFirst
      let digest = owns && !optimizer.runs.isEmpty ? try write(MomentsReader.part(group.rank)) : nil
      return [(group.rank, digest.map(Written.init))]
    }
  }

  private func write(into sink: FileSink) throws(FormatError) {
    let sources = optimizer.runs.enumerated().flatMap { index, run in
      [false, true].map { isVariance in
        let name = optimizer.parameters[run.tensor].name
        return TensorSource(
          name: MomentsReader.name(
            (isVariance ? "variance." : "moment.") + name, from: run.range.lowerBound),
          type: .f32, shape: [run.count]
        ) { (sink) throws(FormatError) in
          let moments = try optimizer.moments(of: index)
          try (isVariance ? moments.variance : moments.moment).withBytes(of: 0..<run.count) {
            (bytes) throws(FormatError) in try sink.write(bytes)
          }
        }
      }
    }
    try SafeTensorsWriter.write(sources, into: sink)
  }
}
