import FoundationEssentials
import PluginHost
import Tasks
import Testing

/// The headers that authors get, with every compiler that is there; and a plugin of ABI 1.0.
@Suite struct AbiTests {
  private static let root = String(
    #filePath.dropLast("/Tests/PluginHostTests/AbiTests.swift".count))
  private static let goldens = root + "/Tests/Goldens/plugin_host"
  private static let sdk = root + "/Plugins/SDK/include"

  /// A compiler in the search path, for one language.
  struct Compiler: Sendable, CustomTestStringConvertible {
    let path: String
    let language: String
    let standard: String
    var testDescription: String { "\(path) \(standard)" }
    var strict: [String] {
      [path, "-x", language, "-std=" + standard, "-Wall", "-Wextra", "-pedantic", "-Werror"]
    }

    static let c = named(["cc", "clang"], "c", "c11")
    static let cPlusPlus = named(["c++", "clang++"], "c++", "c++17")

    private static func named(
      _ names: [String], _ language: String, _ standard: String
    ) -> [Compiler] {
      let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      return names.compactMap { name in
        let paths = directories.map { "\($0)/\(name)" }
        return paths.first { FileManager.default.isExecutableFile(atPath: $0) }
          .map { Compiler(path: $0, language: language, standard: standard) }
      }
    }
  }

  private func check(_ compiler: Compiler, _ header: String, in directory: String) throws {
    let workshop = try Workshop()
    let file = workshop.directory + "/header.txt"
    try workshop.write("#include \"\(header)\"\n", to: file)
    let result = run(
      compiler.path, compiler.strict + ["-fsyntax-only", "-I" + directory, file])
    #expect(result.status == 0, "\(header) of \(directory): \(result.errors)")
  }

  @Test(
    .enabled(if: !(Compiler.c + Compiler.cPlusPlus).isEmpty, "needs a C or C++ compiler"),
    arguments: Compiler.c + Compiler.cPlusPlus)
  func headersCompile(compiler: Compiler) throws {
    try check(compiler, "CPluginABI.h", in: Self.sdk)
    try check(compiler, "CPluginABI.h", in: Self.goldens + "/abi-1.0")
    try check(compiler, "taskkit_json.h", in: Self.sdk)
    try check(compiler, "taskkit_test.h", in: Self.sdk)
    if compiler.language == "c++" { try check(compiler, "taskkit.hpp", in: Self.sdk) }
  }

  /// Exceptions stay inside, services are wrapped, the JSON reader refuses garbage.
  @Test(
    .enabled(if: !Compiler.cPlusPlus.isEmpty, "needs a C++ compiler"),
    arguments: Compiler.cPlusPlus)
  func helpersOfCAndCPlusPlus(compiler: Compiler) throws {
    let workshop = try Workshop()
    let program = workshop.directory + "/sdk"
    let words = ["-I" + Self.sdk, Self.goldens + "/sdk.cpp", "-o", program]
    let built = run(compiler.path, compiler.strict + words)
    try #require(built.status == 0, "\(built.errors)")
    let result = run(program, [program])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("all checks passed"))
  }

  /// The plugin of 1.0 is built against the header of 1.0 alone, and served by this host.
  @Test(.enabled(if: !Compiler.c.isEmpty, "needs a C compiler"), arguments: Compiler.c)
  func pluginOfTheFirstMinorVersion(compiler: Compiler) throws {
    let workshop = try Workshop()
    let directory = Self.goldens + "/abi-1.0"
    let library = workshop.directory + "/libold.so"
    let words = ["-shared", "-fPIC", "-I" + directory, directory + "/reward_1_0.c", "-o", library]
    let built = run(compiler.path, compiler.strict + words)
    try #require(built.status == 0, "\(built.errors)")

    let catalog = workshop.catalog()
    let plugin = try #require(catalog.list().first).result.get()
    #expect((plugin.name, plugin.version) == ("old", "1.0.0"))
    #expect(plugin.exports.map(\.kind) == [.task, .reward, .dataset])
    #expect(plugin.exports[1].name == "old" && plugin.exports[1].summary == "Half the length.")

    // It asks the host for a service that no host has, and answers nevertheless.
    let task = try catalog.task(named: library)
    #expect(task.description.rewards == ["old"])
    let rows = try #require(try task.dataset(split: .train, configuration: [:]))
    #expect(rows.count == 3)
    let row = try rows.example(at: 2, epoch: 0, seed: 0)
    #expect(
      row == Example(turns: [Turn(role: "user", text: "row 2")], metadata: ["abi": "1.0"]))
    #expect(try task.dataset(split: .test, configuration: [:]) == nil)
  }
}
