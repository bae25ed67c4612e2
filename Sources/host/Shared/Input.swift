import Formats
import Glibc

/// The bytes of a file that the command line names: `-` is standard input, and a pipe, as `<(…)` makes it,
/// is read to its end.
func readInput(_ path: String) throws(FormatError) -> [UInt8] {
  guard path == "-" || isPipe(path) else { return try readFile(path) }
  let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw FormatError(.missing, path, "cannot be read: \(String(cString: strerror(errno)))")
  }
  defer { if path != "-" { close(descriptor) } }
  var bytes: [UInt8] = [], part = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(descriptor, &part, part.count)
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return bytes }
    bytes += part[..<count]
  }
}

private func isPipe(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
}
