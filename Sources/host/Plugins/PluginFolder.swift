import Formats
import PluginHost
import Runs

/// The folder of a plugin that `make` builds, as `plugins new` writes one for C and C++.
struct PluginFolder {
  private let folder: String

  init(_ folder: String) { self.folder = folder }

  /// Builds the plugin, and once more with sanitizers where that can be done; the files.
  func build() throws -> [CheckPlace] {
    guard FileSystem.exists(folder + "/Makefile") else {
      throw Diagnosis(
        Diagnosis.data,
        "\(folder): a folder without a Makefile; build the plugin and name its .so file")
    }
    guard try make("all") else {
      throw Diagnosis(Diagnosis.data, "\(folder): `make all` failed; its output stands above")
    }
    let plain = libraries(isSanitized: false)
    guard !plain.isEmpty else {
      throw Diagnosis(Diagnosis.data, "\(folder): `make all` built no lib*.so")
    }
    let isSanitized = try make("sanitize")
    let sanitized = isSanitized ? libraries(isSanitized: true) : []
    let skipped =
      sanitized.isEmpty
      ? "no sanitized run: `make sanitize` \(isSanitized ? "built no lib*-sanitize.so" : "failed")"
      : nil
    return plain.map { CheckPlace(path: $0, skipped: skipped) }
      + sanitized.map { CheckPlace(path: $0) }
  }

  private func make(_ target: String) throws -> Bool {
    Console.note("make -C \(folder) \(target)")
    let code = ProgramRun.run(["make", "-C", folder, target])
    guard code != ProgramRun.notFound else {
      throw Diagnosis(Diagnosis.data, "\(folder): `make` cannot be started; is it installed?")
    }
    return code == 0
  }

  private func libraries(isSanitized: Bool) -> [String] {
    FileSystem.names(in: folder).sorted().filter { name in
      name.hasPrefix("lib") && name.hasSuffix(".so")
        && name.hasSuffix("-sanitize.so") == isSanitized
    }.map { folder + "/" + $0 }
  }
}
