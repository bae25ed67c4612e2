import ArgumentParser
import Formats
import JSON
import Runs
import Text

/// `host inspect tokens`
struct InspectTokens: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokens",
    abstract: "Prints the token ids of each line of a text, or the way back.",
    discussion: """
      A line is what stands between two line feeds (\\n); other line breaks belong
      to the text. No special tokens are added. With --decode each line is a JSON
      array of ids, and the text that they stand for is printed. With --json-lines
      texts are JSON strings, one a line, so that they may hold line feeds.

      Examples:
        host inspect tokens --model nano-qwen3 --text-file book.txt
        host inspect tokens --model nano-qwen3 --text-file ids.jsonl --decode
        host inspect tokens --model nano-qwen3 --text-file texts.jsonl --json-lines
      """)

  @OptionGroup var options: ModelOptions
  @Option(name: .customLong("text-file"), help: ArgumentHelp("The text.", valueName: "file"))
  var textFile: String
  @Flag(help: "Print the text of ids instead.") var decode = false
  @Flag(help: "Read, or with --decode print, each text as a JSON string.") var jsonLines = false

  func run() throws {
    let tokenizer = try Tokenizer(modelFolder: options.folder())
    var lines = try readFile(textFile).split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // The feed at the end of a file ends its last line and begins no other.
    if lines.last?.isEmpty == true { lines.removeLast() }
    var output = ""
    for (index, line) in lines.enumerated() {
      output +=
        decode
        ? try text(of: line, index + 1, tokenizer) : try ids(of: line, index + 1, tokenizer)
      output += "\n"
      if output.utf8.count > 1 << 16 {
        Console.output.write(output)
        output = ""
      }
    }
    Console.output.write(output)
  }

  private func ids(of line: ArraySlice<UInt8>, _ number: Int, _ tokenizer: Tokenizer) throws
    -> String
  {
    var text = String(decoding: line, as: UTF8.self)
    if jsonLines {
      guard let string = try json(line, number).string else {
        throw FormatError(.malformed, "\(textFile):\(number)", "a JSON string is needed")
      }
      text = string
    }
    let ids = tokenizer.encode(text)
    return "[" + ids.map(String.init).joined(separator: ",") + "]"
  }

  private func json(_ line: ArraySlice<UInt8>, _ number: Int) throws -> JSONValue {
    do throws(JSONError) { return try JSONValue(parsing: Array(line)) } catch {
      throw FormatError(.malformed, "\(textFile):\(number)", "not JSON: \(error.message)")
    }
  }

  private func text(of line: ArraySlice<UInt8>, _ number: Int, _ tokenizer: Tokenizer) throws
    -> String
  {
    let json = try json(line, number)
    let ids = (json.array ?? []).compactMap { $0.int.flatMap { Int32(exactly: $0) } }
    guard let array = json.array, ids.count == array.count else {
      throw FormatError(.malformed, "\(textFile):\(number)", "a JSON array of token ids is needed")
    }
    if let unknown = ids.first(where: { tokenizer.token(of: $0) == nil }) {
      throw FormatError(
        .malformed, "\(textFile):\(number)", "\(unknown) is no id of this tokenizer")
    }
    let text = tokenizer.decode(ids)
    return jsonLines ? JSONValue.string(text).text() : text
  }
}
