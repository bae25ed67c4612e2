import JSON
import Testing

@testable import Text

/// What `strftime_now` writes, against Python's `datetime.strftime`.
struct CivilTimeTests {
  @Test func everyDirectiveWritesWhatPythonWrites() throws {
    let rows = try #require(try TemplateGoldenTests.json("dates.json")["rows"]?.array)
    #expect(rows.count > 200)
    for row in rows {
      let date = try #require(row["date"]?.string.flatMap { CivilTime($0) })
      let format = try #require(row["format"]?.string)
      #expect(date.formatted(format) == row["text"]?.string, "\(date) \(format)")
    }
  }

  @Test func readsDaysThatExistAndWritesThemAgain() {
    for text in ["2026-11-30", "2024-02-29", "2026-11-30T09:05:07", "0987-01-01", "2000-02-29"] {
      #expect(CivilTime(text)?.description == text)
    }
    #expect(CivilTime("2026-11-30 09:05:07")?.description == "2026-11-30T09:05:07")
    for text in [
      "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "30.11.2026", "",
      "2026-11-30T24:00:00", "2026-11-30T9:00:00", "2026-11-30T", "20 26-11-30", "today",
    ] {
      #expect(CivilTime(text) == nil, "\(text)")
    }
  }

  @Test func aTemplateWritesTheDateItIsGiven() throws {
    var template = try ChatTemplate(source: "{{ strftime_now('%d %b %Y %H:%M') }}")
    #expect(template.usesDate)
    template.now = try #require(CivilTime("2026-12-01T07:08:09"))
    #expect(try template.render(messages: []).text == "01 Dec 2026 07:08")
    #expect(try !ChatTemplate(source: "strftime_now {# strftime_now #}{{ 'x' }}").usesDate)
  }
}
