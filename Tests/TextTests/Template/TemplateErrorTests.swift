import Testing

@testable import Text

struct TemplateErrorTests {
  func failure(_ source: String) -> TemplateError? {
    do throws(TemplateError) {
      _ = try ChatTemplate(source: source).render(messages: [["role": "user", "content": "x"]])
      return nil
    } catch { return error }
  }

  @Test(arguments: [
    ("a\n{% if true %}\nb", 2, nil as String?, "'{% if %}' is not closed by '{% endif %}'"),
    ("a\n\n{{ 'x }}", 3, nil, "a string is not closed by '"),
    ("{{ 1 + }}", 1, nil, "expected a value, found '}}'"),
    ("\n{% while x %}", 2, nil, "'{% while %}' is not a statement chat templates may use"),
    ("{# open", 1, nil, "a comment '{#' is not closed by '#}'"),
    ("{{ f(a=1, 2) }}", 1, nil, "a positional argument follows a named one"),
    (
      "x\n{{ messages[0].role.who.x }}", 2, "{{ … }}",
      "a string has no attribute 'who', so it has no attribute 'x'"
    ),
    (
      "{% for m in messages %}\n  {{ m.content + 1 }}\n{% endfor %}", 2, "{{ … }}",
      "'+' cannot join a string and a number"
    ),
    (
      "\n\n{% set a.b = 1 %}", 3, "{% set %}",
      "'a.b' cannot be set: only attributes of a namespace can"
    ),
    ("{% for a in 5 %}{% endfor %}", 1, "{% for %}", "a number cannot be looped over"),
    ("{{ raise_exception('roles must alternate') }}", 1, "{{ … }}", "roles must alternate"),
    ("{{ 9223372036854775807 + 1 }}", 1, "{{ … }}", "9223372036854775807 + 1 does not fit 64 bits"),
    ("{{ 'a' * 99999999 }}", 1, "{{ … }}", "repeating a string 99999999 times is too much"),
    ("{{ range(10000000) }}", 1, "{{ … }}", "a range may have at most 100000 items"),
    ("{% macro m(a) %}{% endmacro %}{{ m(b=1) }}", 1, "{{ … }}", "macro 'm' has no argument 'b'"),
  ])
  func namesLineAndConstruct(source: String, line: Int, construct: String?, message: String) throws
  {
    let error = try #require(failure(source))
    #expect(error.message == message)
    #expect(error.line == line)
    #expect(error.construct == construct)
  }

  @Test func endlessRecursionIsAnError() throws {
    let error = try #require(failure("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"))
    #expect(error.message.contains("nested more than"))
  }

  @Test func deepNestingIsAnError() throws {
    let source =
      "{{ " + String(repeating: "(", count: 5000) + "1"
      + String(repeating: ")", count: 5000) + " }}"
    #expect(try #require(failure(source)).message.contains("levels deep"))
  }

  @Test func describesItsPlace() throws {
    let error = try #require(failure("{{ 1 / 0 }}"))
    #expect(error.description == "chat template, line 1, {{ … }}: division by zero")
  }
}
