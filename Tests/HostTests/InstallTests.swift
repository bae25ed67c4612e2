import Foundation
import JSON
import Testing

/// `make install` of the build that is being tested; the result runs after it was moved.
@Suite struct InstallTests {
  static let tools = ["make", "readelf", "tar", "bash"]
  static let hasTools = HostProgram.has(tools)

  @Test(.enabled(if: hasTools, "needs \(tools.joined(separator: ", "))"))
  func whatIsInstalledRunsAfterItWasMoved() throws {
    let scratch = try Scratch(), first = scratch.path("a prefix"), moved = scratch.path("moved")
    let build = HostProgram.products.path
    let install = try HostProgram.shell(
      "make -s -C '\(HostProgram.package.path)' install 'BUILD=\(build)' 'PREFIX=\(first)'")
    try #require(install.code == 0, "\(install.output)\(install.errors)")
    try FileManager.default.moveItem(atPath: first, toPath: moved)

    let list = try runInstalled(moved, ["plugins", "list", "--json"]).json().array ?? []
    let paths = list.compactMap { $0["path"]?.string }
    // A transport stands in a build for each MPI that it met.
    let transports = try FileManager.default.contentsOfDirectory(atPath: build)
      .filter { $0.hasPrefix("libtransport_") && $0.hasSuffix(".so") }.sorted()
    let bundled = ["hri_dialogue", "instruct", "preference", "recommendation", "speech_drama"]
    #expect(
      paths
        == (bundled.map { "lib\($0).so" } + transports).map { "\(moved)/lib/host/plugins/\($0)" })
    #expect(list.allSatisfy { $0["error"] == nil })
    let rows = try runInstalled(moved, ["data", "show", "--task", "instruct"])
    #expect(rows.code == 0, "\(rows.errors)")

    let written = try runInstalled(
      moved, ["plugins", "new", "--kind", "reward", "--language", "c", "polite"],
      in: scratch.folder.path)
    #expect(written.code == 0, "\(written.errors)")
    #expect(scratch.holds("polite/sdk/include/CPluginABI.h"))
  }

  @Test(.enabled(if: hasTools, "needs \(tools.joined(separator: ", "))"))
  func noRunPathNamesAFolderOfThisMachine() throws {
    let scratch = try Scratch()
    let install = try HostProgram.shell(
      "make -s -C '\(HostProgram.package.path)' install 'BUILD=\(HostProgram.products.path)' "
        + "PREFIX=/opt/host DESTDIR=\(scratch.path("stage"))")
    try #require(install.code == 0, "\(install.output)\(install.errors)")
    let root = scratch.path("stage/opt/host")
    let paths = try HostProgram.shell(
      "cd \(root) && readelf -d bin/host lib/host/plugins/*.so lib/host/*.so | grep -E 'R(UN)?PATH'"
    )
    #expect(paths.output.contains("$ORIGIN/../lib/host]"))
    for line in paths.output.split(separator: "\n") {
      let entries = line.drop { $0 != "[" }.dropFirst().dropLast().split(separator: ":")
      #expect(entries.allSatisfy { $0.hasPrefix("$ORIGIN") }, "\(line)")
    }
    let loose = try HostProgram.shell(
      "find \(root) -type l -o -name .build -o -name target -o -path '*/share/*.so'")
    #expect(loose.output.isEmpty, "links or what building leaves: \(loose.output)")
    for name in [
      "share/host/Plugins/WriteAReward.md", "share/host/conf", "share/host/tasks",
      "share/host/README.md", "share/host/licenses/host.txt", "share/host/licenses/swift.txt",
      "share/host/licenses/Yams.txt", "share/host/licenses/swift-collections.txt",
      "share/host/licenses/swift-argument-parser.txt", "share/man/man1/host.1",
      "share/man/man1/host-data-show.1", "share/bash-completion/completions/host",
      "share/zsh/site-functions/_host", "share/fish/vendor_completions.d/host.fish",
    ] {
      #expect(scratch.holds("stage/opt/host/" + name), "\(name)")
    }
  }

  /// A page says what `host help` says, and nothing in it is taken for a command of roff.
  @Test func manualPagesTellTheOptions() throws {
    let scratch = try Scratch()
    let outcome = try HostProgram.run(["manual", scratch.folder.path])
    try #require(outcome.code == 0, "\(outcome.errors)")
    let page = try String(contentsOf: scratch.url("host-quantize.1"), encoding: .utf8)
    #expect(page.contains(".TH \"HOST-QUANTIZE\" 1"))
    #expect(page.contains(".B \\-\\-quantization <kind>\n"))
    #expect(page.contains("One of nf4, nf4\\-single, int8. Without it: nf4."))
    #expect(page.contains(".SH SEE ALSO\nhost(1)"))
    let known: Set = [".TH", ".SH", ".B", ".TP", ".nf", ".fi", ".PP"]
    for file in try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path) {
      let lines = try String(contentsOf: scratch.url(file), encoding: .utf8).split(separator: "\n")
      for line in lines where line.hasPrefix(".") || line.hasPrefix("'") {
        #expect(known.contains(String(line.prefix { $0 != " " })), "\(file): \(line)")
      }
    }
  }

  @Test(.enabled(if: hasTools, "needs \(tools.joined(separator: ", "))"))
  func aFolderWithoutABuildIsNamed() throws {
    let scratch = try Scratch()
    let outcome = try HostProgram.shell(
      "make -s -C '\(HostProgram.package.path)' install BUILD=\(scratch.folder.path) "
        + "PREFIX=\(scratch.path("p"))")
    #expect(outcome.code != 0)
    #expect(outcome.errors.contains("install: there is no \(scratch.folder.path)/host"))
    #expect(!scratch.holds("p"))
  }

  /// Runs the installed program with neither the build's folder nor the toolchain's in sight of the
  /// loader's variables.
  private func runInstalled(_ prefix: String, _ arguments: [String], in folder: String = "/")
    throws -> HostProgram.Outcome
  {
    let words = arguments.map { "'\($0)'" }.joined(separator: " ")
    return try HostProgram.shell(
      "cd '\(folder)' && env -u HOST_HOME -u LD_LIBRARY_PATH HOME=/nonexistent XDG_DATA_HOME= "
        + "'\(prefix)/bin/host' \(words)")
  }
}
