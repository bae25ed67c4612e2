import Testing

/// Each end of the process needs a process of its own: a C program with the guard linked in.
@Suite(.enabled(if: Workshop.hasCompiler, "needs a C compiler at /usr/bin/cc"))
struct GuardTests {
  @Test func namesTheCallThatEndedTheProcess() throws {
    let workshop = try Workshop()
    let source = """
      #include <signal.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include "CHostSupport.h"
      int main(int count, char **words) {
        (void)count;
        const char *how = words[1];
        hs_guard_install();
        hs_guard_install();
        const char *outer = hs_guard_enter("bad: score");
        if (!strcmp(how, "exit")) exit(0);
        if (!strcmp(how, "abort")) abort();
        if (!strcmp(how, "fault")) *(volatile int *)8 = 1;
        if (!strcmp(how, "nested")) hs_guard_leave(hs_guard_enter("inner"));
        if (!strcmp(how, "nested")) raise(SIGFPE);
        hs_guard_leave(outer);
        if (!strcmp(how, "after")) abort();
        if (!strcmp(how, "print")) {
          int own = hs_protect_stdout();
          printf("from the plugin");
          dprintf(own, "from the host");
        }
        return 3;
      }
      """
    try workshop.write(source, to: workshop.directory + "/main.c")
    let support =
      String(#filePath.dropLast("/Tests/PluginHostTests/GuardTests.swift".count))
      + "/Sources/CHostSupport"
    let program = try workshop.compile(
      workshop.directory + "/main.c", to: workshop.directory + "/main",
      ["-I\(support)/include", support + "/guard.c", "-pthread"])
    func end(_ how: String) -> (status: Int32, errors: String) { run(program, ["main", how]) }
    #expect(
      end("exit") == (70, "host: bad: score: the plugin called exit(), which ends the host\n"))
    #expect(end("abort") == (-6, "host: bad: score: the plugin crashed (SIGABRT)\n"))
    #expect(end("fault") == (-11, "host: bad: score: the plugin crashed (SIGSEGV)\n"))
    #expect(end("nested") == (-8, "host: bad: score: the plugin crashed (SIGFPE)\n"))
    #expect(end("after") == (-6, ""))
    #expect(end("none") == (3, ""))
    #expect(end("print") == (3, "from the plugin"))
  }
}
