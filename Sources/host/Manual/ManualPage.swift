import JSON
import Runs

/// A manual page of section 1, made of what a command says of itself.
struct ManualPage {
  /// The command's words, as in `host data show`.
  let words: [String]
  /// The commands below it that people see.
  let verbs: [JSONValue]
  private let command: JSONValue

  /// The page of a command as ArgumentParser dumps it, called after `words`.
  init(_ command: JSONValue, below words: [String]) {
    self.command = command
    self.words = words + [command["commandName"]?.string ?? ""]
    verbs = (command["subcommands"]?.array ?? []).filter {
      $0["shouldDisplay"]?.bool ?? true && $0["commandName"]?.string != "help"
    }
  }

  /// The page's name: words with hyphens between them, as git names its own.
  var name: String { words.joined(separator: "-") }

  /// The page in roff, with the macros of man(7).
  var text: String {
    var lines = [
      ".TH \"\(name.uppercased())\" 1 \"\" \"host \(HostVersion.current)\" \"User Commands\"",
      ".SH NAME", Roff.text(name) + " \\- " + Roff.text(abstract), ".SH SYNOPSIS",
      ".B " + Roff.text(words.joined(separator: " ")),
      verbs.isEmpty ? "[options]" : "verb [options]",
    ]
    if let discussion = command["discussion"]?.string {
      lines += [".SH DESCRIPTION"] + Roff.paragraphs(discussion)
    }
    lines += section("VERBS", verbs.flatMap(entry)) + section("OPTIONS", options.flatMap(entry))
    return (lines + related).joined(separator: "\n") + "\n"
  }

  private var abstract: String { command["abstract"]?.string ?? "" }

  private var options: [JSONValue] {
    (command["arguments"]?.array ?? []).filter { $0["shouldDisplay"]?.bool ?? true }
  }

  private func section(_ title: String, _ lines: [String]) -> [String] {
    lines.isEmpty ? [] : [".SH " + title] + lines
  }

  /// An option, an argument or a verb, and what it does.
  private func entry(_ item: JSONValue) -> [String] {
    var meaning = [item["abstract"]?.string ?? ""]
    if let values = item["allValues"]?.array?.compactMap(\.string), !values.isEmpty {
      meaning.append("One of \(values.joined(separator: ", ")).")
    }
    if let value = item["defaultValue"]?.string, !value.isEmpty {
      meaning.append("Without it: \(value).")
    }
    return [".TP", ".B " + Roff.text(title(of: item)), Roff.text(meaning.joined(separator: " "))]
  }

  private func title(of item: JSONValue) -> String {
    if let verb = item["commandName"]?.string { return verb }
    let value = "<\(item["valueName"]?.string ?? "value")>"
    let names = (item["names"]?.array ?? []).compactMap { name in
      name["name"]?.string.map { (name["kind"]?.string == "long" ? "--" : "-") + $0 }
    }
    switch item["kind"]?.string {
    case "flag": return names.joined(separator: ", ")
    case "option": return names.joined(separator: ", ") + " " + value
    default: return value
    }
  }

  private var related: [String] {
    let others =
      verbs.isEmpty
      ? [words.dropLast().joined(separator: "-")]
      : verbs.compactMap { $0["commandName"]?.string }.map { name + "-" + $0 }
    let pages = others.filter { !$0.isEmpty }.map { "\(Roff.text($0))(1)" }
    return pages.isEmpty ? [] : [".SH SEE ALSO", pages.joined(separator: ", ")]
  }
}

/// Text as roff reads it.
private enum Roff {
  /// A line of plain text: no character of it is a command.
  static func text(_ line: String) -> String {
    let escaped = line.replacing("\\", with: "\\e").replacing("-", with: "\\-")
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
  }

  /// Paragraphs are filled; indented lines, examples and tables, stay as they are.
  static func paragraphs(_ text: String) -> [String] {
    var lines: [String] = [], keeps = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let isKept = line.hasPrefix("  ")
      if isKept != keeps, !line.isEmpty {
        lines.append(isKept ? ".nf" : ".fi")
        keeps = isKept
      }
      lines.append(line.isEmpty ? ".PP" : Roff.text(String(line)))
    }
    return lines + (keeps ? [".fi"] : [])
  }
}
