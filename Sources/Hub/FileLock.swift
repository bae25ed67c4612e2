import Formats
import Glibc

/// The right to write one file of the cache, which huggingface_hub's processes ask for alike: the
/// system's lock on a file, which stays in place. Where the file system has no locks nobody has it alone,
/// which costs traffic and no more, since names are given to verified files only.
final class FileLock {
  private let descriptor: Int32

  /// Waits for the lock of `path`; `wait` is called now and then, and told once that there is something
  /// to wait for.
  init(_ path: String, wait: (_ isFirst: Bool) throws -> Void) throws {
    try DurableFile.createFolder(DurableFile.folder(of: path))
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
    guard descriptor >= 0 else { throw HubError.disk(path) }
    var isFirst = true
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else { return }
      try wait(isFirst)
      isFirst = false
      usleep(100_000)
    }
  }

  deinit { close(descriptor) }
}
