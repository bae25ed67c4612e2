import FoundationEssentials
import PluginHost
import Testing

/// What cannot be a plugin, and what the user is told.
@Suite(.enabled(if: Workshop.hasCompiler, "needs a C compiler at /usr/bin/cc"))
struct LoadingTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  private static func table(_ magic: String, _ major: String, _ size: String) -> String {
    """
    static const tk_plugin_v1 plugin = {
      {\(magic), \(major), 0, \(size)}, "p", "1", "C", 0, NULL, NULL, {0}};
    const tk_plugin_head *tk_plugin_entry(uint32_t v) { (void)v; return &plugin.head; }
    """
  }

  @Test(arguments: [
    ("magic", table("1", "1", "sizeof plugin"), "does not begin with TK_MAGIC"),
    ("major", table("TK_MAGIC", "2", "1"), "built for plugin ABI 2, this host has ABI 1; rebuild"),
    ("size", table("TK_MAGIC", "1", "88"), "its table has 88 bytes, ABI 1 says 96"),
    (
      "null", "const tk_plugin_head *tk_plugin_entry(uint32_t v) { (void)v; return NULL; }",
      "cannot serve a host of plugin ABI 1"
    ),
    ("missing", "int nothing;", "it does not export 'tk_plugin_entry'"),
    ("tasks", table("TK_MAGIC", "1", "sizeof plugin"), "the plugin 'p' exports no task"),
    (
      "undefined",
      "int nosuch(void); TK_EXPORT int f(void); int f(void) { return nosuch(); }",
      "undefined symbol: nosuch"
    ),
  ])
  func refused(name: String, source: String, reason: String) throws {
    let path = try workshop.build(name, source)
    let refusal = try #require(workshop.refusal(path))
    #expect(refusal.contains(reason) && refusal.hasPrefix(path + ": "), "\(refusal)")
    #expect(refusal.ranges(of: path).count == 1, "the path stands there once: \(refusal)")
  }

  @Test func missingLibraryIsTakenFromTheInstallation() throws {
    let needed = "TK_EXPORT int deep(void); int deep(void) { return 3; }"
    try workshop.build("deep", needed, ["-Wl,-soname,libdeep.so"])
    let source =
      "int deep(void);\n" + Self.table("TK_MAGIC", "1", "sizeof plugin")
      + "\nTK_EXPORT int f(void); int f(void) { return deep(); }"
    let path = try workshop.build("shallow", source, ["-L\(workshop.directory)", "-ldeep"])
    let library = workshop.directory + "/libdeep.so"
    let installation = workshop.directory + "/lib/host"
    try FileManager.default.createDirectory(
      atPath: installation, withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: library, toPath: workshop.directory + "/hidden")
    let refusal = try #require(workshop.refusal(path))
    #expect(refusal.contains("libdeep.so: cannot open shared object file"), "\(refusal)")
    try FileManager.default.moveItem(
      atPath: workshop.directory + "/hidden", toPath: installation + "/libdeep.so")
    #expect(workshop.refusal(path)?.contains("exports no task") == true)
  }

  @Test func filesThatAreNoLibraries() throws {
    let directory = workshop.directory
    let good = try Data(contentsOf: URL(filePath: workshop.buildEcho()))
    func refusal(_ name: String, _ bytes: Data) throws -> String {
      let path = "\(directory)/\(name)"
      try bytes.write(to: URL(filePath: path))
      return try #require(workshop.refusal(path))
    }
    #expect(try refusal("cut", good.prefix(good.count * 2 / 3)).contains("truncated: has "))
    // Down to a header that points outside the file.
    #expect(try refusal("stump", good.prefix(64)).contains("truncated: has 64 bytes"))
    #expect(try refusal("empty", Data()).contains("too short for a shared library: 0 bytes"))
    let text = Data(String(repeating: "hello ", count: 40).utf8)
    #expect(try refusal("text", text).contains("no ELF header"))
    var foreign = good
    foreign[18] = 3
    #expect(try refusal("foreign", foreign).contains("built for ELF machine 3, 64-bit"))
    #expect(workshop.refusal(directory)?.contains("not a regular file") == true)
    #expect(workshop.refusal(directory + "/nothing")?.contains("No such file") == true)
    try workshop.write("int x;", to: directory + "/x.c")
    let object = try workshop.compile(directory + "/x.c", to: directory + "/x.o", ["-c"])
    #expect(workshop.refusal(object)?.contains("not a shared library (ELF type 1)") == true)
  }

  @Test func listNamesGoodAndBad() throws {
    try workshop.buildEcho()
    try workshop.write("no library", to: workshop.directory + "/libtext.so")
    try workshop.write("ignored", to: workshop.directory + "/readme.txt")
    let second = try Workshop()
    try second.buildEcho()
    let paths = PluginSearchPaths(
      directories: [
        .init(path: workshop.directory, origin: "a"), .init(path: second.directory, origin: "b"),
      ], executableDirectory: workshop.directory + "/bin")
    let entries = PluginCatalog(searchPaths: paths).list()
    try #require(
      entries.map { $0.path.split(separator: "/").last } == [
        "libecho.so", "libtext.so", "libecho.so",
      ])
    let echo = try entries[0].result.get()
    #expect((echo.name, echo.version, echo.builtWith) == ("echo", "1.2.3", "C"))
    #expect(echo.exports.map(\.kind) == [.task, .task, .task, .dataset, .evaluator])
    #expect(throws: PluginCatalog.Unusable.self) { try entries[1].result.get() }
    let shadowed = #expect(throws: PluginCatalog.Unusable.self) { try entries[2].result.get() }
    #expect(shadowed?.description == "not used: \(workshop.directory)/libecho.so comes first")
  }

  @Test func notFoundSaysWhereItLooked() throws {
    try workshop.buildEcho()
    let near = try #require(workshop.refusal("ecko"))
    #expect(near == "there is no task 'ecko'; did you mean 'echo'? host plugins list shows all")
    let error = try #require(workshop.refusal("another"))
    #expect(
      error.contains("\(workshop.directory) (--plugin-dir): echo 1.2.3 (task echo lame mute)"))
    #expect(!error.contains("swift build"))
    let paths = PluginSearchPaths(
      directories: [.init(path: "/nowhere", origin: "HOST_PLUGIN_PATH")],
      executableDirectory: "/src/.build/x86_64/debug")
    let hint = #expect(throws: (any Error).self) {
      try PluginCatalog(searchPaths: paths).task(named: "t")
    }
    #expect("\(hint!)".contains("/nowhere (HOST_PLUGIN_PATH): does not exist"))
    #expect("\(hint!)".contains("`swift build` builds the plugins too"))
  }

  @Test func searchOrder() {
    let paths = PluginSearchPaths.standard(
      pluginDirectories: ["/a", "/b"],
      environment: ["HOST_PLUGIN_PATH": "/c::/a:/d", "XDG_DATA_HOME": "/x", "HOME": "/h"],
      executableDirectory: "/opt/host/bin")
    #expect(
      paths.directories.map(\.path) == [
        "/a", "/b", "/c", "/d", "/opt/host/bin", "/opt/host/lib/host/plugins", "/x/host/plugins",
      ])
    let home = PluginSearchPaths.standard(environment: ["HOME": "/h"], executableDirectory: "/bin")
    #expect(home.directories.last?.path == "/h/.local/share/host/plugins")
    #expect(home.directories.allSatisfy { $0.path.hasPrefix("/") })
  }

  @Test func taskOfAnotherName() throws {
    let path = try workshop.buildEcho(as: "other")
    #expect(try workshop.catalog().task(named: "echo").plugin.path == path)
    #expect(workshop.refusal(path)?.contains("name one of 'echo', 'lame', 'mute'") == true)
    #expect(workshop.refusal("lame")?.contains("names the evaluator 'echo.nowhere'") == true)
    #expect(workshop.refusal("mute")?.contains("its description is not JSON") == true)
  }
}
