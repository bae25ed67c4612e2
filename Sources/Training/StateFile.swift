import Formats
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An optimizer's moments in a scratch file: each run's pair lies together. The file has no name, so that
/// it goes with the process; what must last stands in checkpoints.
final class StateFile {
  private let path: String, descriptor: Int32
  /// Where each run's pair begins, in bytes; the end of the last one behind them.
  private let places: [Int]

  /// A file in `folder` for runs of so many numbers; all moments are zero. Room that the disk does not
  /// have is missed at once.
  init(in folder: String, runs counts: [Int]) throws(FormatError) {
    var places = [0]
    for count in counts { places.append(places[places.count - 1] + 8 * count) }
    self.places = places
    try DurableFile.createFolder(folder)
    // Hosts may share the folder, and their processes have the same numbers.
    var name = Array("\(folder)/.moments-XXXXXX".utf8CString)
    descriptor = mkstemp(&name)
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard descriptor >= 0 else { throw .cannotWrite(path) }
    unlink(path)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let size = places[places.count - 1]
    let fault = size == 0 ? 0 : posix_fallocate(descriptor, 0, off_t(size))
    guard fault == 0 else {
      throw FormatError(
        .unwritable, folder,
        "cannot hold the optimizer's moments of \(size) bytes (\(String(cString: strerror(fault)))); "
          + "choose another distribution.offload.folder, or leave distribution.offload out")
    }
  }

  deinit { close(descriptor) }

  /// The moments of a run.
  func read(_ run: Int) throws(FormatError) -> (moment: Tensor, variance: Tensor) {
    let count = (places[run + 1] - places[run]) / 8
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 * count, alignment: 64)
    defer { bytes.deallocate() }
    try whole(bytes.count) { done in
      pread(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(places[run] + done))
    }
    let read = UnsafeRawBufferPointer(bytes)
    return (
      Tensor(bytes: UnsafeRawBufferPointer(rebasing: read[..<(4 * count)])),
      Tensor(bytes: UnsafeRawBufferPointer(rebasing: read[(4 * count)...]))
    )
  }

  /// Has the system fetch a run's moments, which are wanted next.
  func prefetch(_ run: Int) {
    guard run + 1 < places.count else { return }
    posix_fadvise(
      descriptor, off_t(places[run]), off_t(places[run + 1] - places[run]), POSIX_FADV_WILLNEED)
  }

  /// Writes a run's moments, which the system brings to the disk meanwhile.
  func write(_ run: Int, moment: Tensor, variance: Tensor) throws(FormatError) {
    var place = places[run]
    for tensor in [moment, variance] {
      try tensor.withBytes(of: 0..<tensor.count) { (bytes) throws(FormatError) in
        try whole(bytes.count) { done in
          pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(place + done))
        }
      }
      place += 4 * tensor.count
    }
  }

  /// Moves bytes until all have gone.
  private func whole(_ count: Int, _ move: (_ done: Int) -> Int) throws(FormatError) {
    var done = 0
    while done < count {
      let moved = move(done)
      if moved < 0, errno == EINTR { continue }
      guard moved > 0 else { throw .cannotWrite(path) }
      done += moved
    }
  }
}
