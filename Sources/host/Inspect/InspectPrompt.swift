import ArgumentParser
import Formats
import JSON
import Tasks
import Text

/// `host inspect prompt`
struct InspectPrompt: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prompt",
    abstract: "Prints a conversation as the model's chat template writes it.",
    discussion: """
      The file holds an array of messages ({"role", "content", …}), or an object
      with "messages", and "tools" where the model may call functions. Nothing is
      added to the text, no line break either.

      Examples:
        host inspect prompt --model nano-qwen3 --messages chat.json \\
            --add-generation-prompt
        host inspect prompt --model Qwen/Qwen3-0.6B --messages chat.json \\
            --no-thinking
      """)

  @OptionGroup var options: ModelOptions
  @Option(help: ArgumentHelp("The conversation, JSON.", valueName: "file")) var messages: String
  @Flag(help: "End with the header of the assistant's next turn.") var addGenerationPrompt = false
  @Flag(inversion: .prefixedNo, help: "The template's variable enable_thinking.")
  var thinking: Bool?
  @OptionGroup var date: TemplateDateOption

  func run() throws {
    let folder = try options.folder(), tokenizer = try Tokenizer(folder: folder)
    let encoder = try ConversationEncoder(
      folder: folder, tokenizer: tokenizer, enableThinking: thinking,
      now: date.templateDate)
    let chat = try Conversation(
      json: JSONValue(readingFile: messages), place: messages)
    Console.output.write(
      try chat.rendered(encoder, addsGenerationPrompt: addGenerationPrompt, thinking: thinking))
  }
}
