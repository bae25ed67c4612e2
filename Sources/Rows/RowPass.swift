import Tasks
import Tensors

/// The first pass over a dataset: every row is read and encoded once, as epoch 0, on all threads.
struct RowPass {
  let dataset: any Dataset
  let encoding: RowEncoding

  /// Rows that a thread takes at a time, and blocks between two reports: rows that hold minutes of
  /// sound take a second each.
  private static let rowsPerBlock = 8, blocksPerWave = 8

  /// Hands the blocks to `take` in the rows' order, whatever the number of threads, on this thread.
  /// The error is that of the first row that has one.
  func forEachBlock(
    _ take: (EncodedBlock, _ done: Int) throws(TaskError) -> Void
  ) throws(TaskError) {
    let size = Self.rowsPerBlock, wave = Self.blocksPerWave * size
    for first in stride(from: 0, to: dataset.count, by: wave) {
      let starts = Array(stride(from: first, to: min(first + wave, dataset.count), by: size))
      var blocks = [EncodedBlock?](repeating: nil, count: starts.count)
      blocks.withUnsafeMutableBufferPointer { blocks in
        // Each piece writes its own element.
        Parallel.run(starts.count) { index in
          let range = starts[index]..<min(starts[index] + size, dataset.count)
          blocks[index] = EncodedBlock(range, of: dataset, encoding)
        }
      }
      for (start, block) in zip(starts, blocks.compactMap(\.self)) {
        if let error = block.error { throw error }
        try take(block, min(start + size, dataset.count))
      }
    }
  }
}
