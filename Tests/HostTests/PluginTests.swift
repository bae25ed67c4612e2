import Foundation
import JSON
import Testing

@Suite struct PluginTests {
  @Test func bundledPluginsAreFoundBesideTheProgram() throws {
    let list = try HostProgram.run("plugins", "list", "--json").json().array ?? []
    for name in ["hri_dialogue", "instruct"] {
      let plugin = try #require(list.first { $0["name"]?.string == name })
      #expect(plugin["path"]?.string == HostProgram.products.path + "/lib\(name).so")
      let kinds = (plugin["exports"]?.array ?? []).compactMap { $0["kind"]?.string }
      #expect(Set(kinds).isSuperset(of: ["task", "dataset", "evaluator"]))
    }
  }

  @Test(arguments: ["hri_dialogue", "instruct"])
  func bundledPluginsPassTheCheck(name: String) throws {
    let outcome = try HostProgram.run("plugins", "check", name)
    #expect(outcome.code == 0)
    #expect(outcome.output.contains("ok  train "))
    #expect(outcome.output.contains("ok  report "))
    #expect(outcome.output.contains("\nok: "))
  }

  @Test func aTruncatedPluginIsNamedAndTheOthersStay() throws {
    let scratch = try Scratch(), whole = HostProgram.products.appending(path: "libinstruct.so")
    try Data(contentsOf: whole).prefix(9000).write(to: scratch.url("libbroken.so"))
    let list = try HostProgram.run("plugins", "list", "--plugin-dir", scratch.folder.path)
    #expect(list.code == 0)
    #expect(list.output.contains("unusable  " + scratch.path("libbroken.so")))
    #expect(list.output.contains("truncated: has 9000 bytes"))
    #expect(list.output.contains("hri_dialogue"))
    let check = try HostProgram.run("plugins", "check", scratch.path("libbroken.so"))
    #expect(check.code == 65)
    #expect(check.output.contains("!!  loads  truncated: has 9000 bytes"))
    #expect(check.output.contains("\nfails: "))
  }

  @Test func aTaskThatIsNotThereSaysWhereItWasLookedFor() throws {
    let scratch = try Scratch()
    let outcome = try HostProgram.run(
      "data", "show", "--task", "nosuch", "--plugin-dir", scratch.folder.path)
    #expect(outcome.code == 65)
    #expect(outcome.errors.hasPrefix("host: there is no task 'nosuch'"))
    #expect(outcome.errors.contains(scratch.folder.path + " (--plugin-dir)"))
    #expect(outcome.errors.contains("task hri_dialogue"))
  }

  @Test func whatAPluginPrintsDoesNotReachStandardOutput() throws {
    let scratch = try Scratch()
    let source = try scratch.write(
      """
      #include <stdio.h>
      __attribute__((constructor)) static void speak(void) { puts("noise"); fflush(stdout); }
      """, to: "noise.c")
    let build = try HostProgram.shell(
      "cc -shared -fPIC -o \(scratch.path("libnoise.so")) \(source)")
    try #require(build.code == 0, "\(build.errors)")
    let outcome = try HostProgram.run(
      "plugins", "list", "--json", "--plugin-dir", scratch.folder.path)
    #expect(outcome.code == 0)
    #expect(outcome.errors.contains("noise"))
    let list = try #require(try outcome.json().array)
    let noise = try #require(list.first { $0["path"]?.string == scratch.path("libnoise.so") })
    #expect(noise["error"]?.string?.contains("tk_plugin_entry") == true)
  }
}
