import ArgumentParser
import Formats
import JSON
import Text

/// `host inspect tokens`
struct InspectTokens: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokens",
    abstract: "Prints the token ids of each line of a text, or the way back.",
    discussion: """
      A line is what stands between two line feeds (\\n); other line breaks belong
      to the text. No special tokens are added. With --decode each line is a JSON
      array of ids, and the text that they stand for is printed.

      Examples:
        host inspect tokens --model nano-qwen3 --text-file book.txt
        host inspect tokens --model nano-qwen3 --text-file ids.jsonl --decode
      """)

  @OptionGroup var options: ModelOptions
  @Option(name: .customLong("text-file"), help: ArgumentHelp("The text.", valueName: "file"))
  var textFile: String
  @Flag(help: "Print the text of ids instead.") var decode = false

  func run() throws {
    let tokenizer = try Tokenizer(folder: options.folder())
    var lines = try readFile(textFile).split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // The feed at the end of a file ends its last line and begins no other.
    if lines.last?.isEmpty == true { lines.removeLast() }
    var output = ""
    for (index, line) in lines.enumerated() {
      output += decode ? try text(of: line, index + 1, tokenizer) : ids(of: line, tokenizer)
      output += "\n"
      if output.utf8.count > 1 << 16 {
        Console.output.write(output)
        output = ""
      }
    }
    Console.output.write(output)
  }

  private func ids(of line: ArraySlice<UInt8>, _ tokenizer: Tokenizer) -> String {
    let ids = tokenizer.encode(String(decoding: line, as: UTF8.self))
    return "[" + ids.map(String.init).joined(separator: ",") + "]"
  }

  private func text(of line: ArraySlice<UInt8>, _ number: Int, _ tokenizer: Tokenizer) throws
    -> String
  {
    let json: JSONValue
    do throws(JSONError) { json = try JSONValue(parsing: Array(line)) } catch {
      throw FormatError(.malformed, "\(textFile):\(number)", "not a JSON array: \(error.message)")
    }
    let ids = (json.array ?? []).compactMap { $0.int.flatMap { Int32(exactly: $0) } }
    guard let array = json.array, ids.count == array.count else {
      throw FormatError(.malformed, "\(textFile):\(number)", "a JSON array of token ids is needed")
    }
    if let unknown = ids.first(where: { tokenizer.token(of: $0) == nil }) {
      throw FormatError(
        .malformed, "\(textFile):\(number)", "\(unknown) is no id of this tokenizer")
    }
    return tokenizer.decode(ids)
  }
}
