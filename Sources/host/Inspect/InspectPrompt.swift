import ArgumentParser
import Formats
import JSON
import Runs
import Tasks
import Text

/// `host inspect prompt`
struct InspectPrompt: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prompt",
    abstract: "Prints a conversation as the model's chat template writes it.",
    discussion: """
      The file holds an array of messages ({"role", "content", …}), or an object
      with "messages" and, where they are wanted, "tools" (functions that the model
      may call), "documents", and "chat_template_kwargs" (variables of the
      template). Members that are null are as if absent. Nothing is added to the
      text, no line break either.

      Of several templates, 'tool_use' is rendered where there are tools, else
      'default'; --template names another.

      Examples:
        host inspect prompt --model nano-qwen3 --messages chat.json \\
          --add-generation-prompt
        host inspect prompt --model Qwen/Qwen3-0.6B --messages chat.json \\
          --no-thinking
      """)

  @OptionGroup var options: ModelOptions
  @Option(help: ArgumentHelp("The conversation, JSON.", valueName: "file")) var messages: String
  @Flag(help: "End with the header of the assistant's next turn.") var addGenerationPrompt = false
  @Flag(help: "Leave the last message open, for the model to continue.")
  var continueFinalMessage = false
  @Flag(inversion: .prefixedNo, help: "The template's variable enable_thinking.")
  var thinking: Bool?
  @Option(help: ArgumentHelp("One of the model's templates.", valueName: "name"))
  var template: String?
  @OptionGroup var date: TemplateDateOption

  func validate() throws {
    guard !addGenerationPrompt || !continueFinalMessage else {
      throw ValidationError(
        "--continue-final-message leaves no room for --add-generation-prompt; give one of them.")
    }
  }

  func run() throws {
    let folder = try options.folder(), tokenizer = try Tokenizer(modelFolder: folder)
    // A folder of a tokenizer alone is enough; what hears is found by its config.json.
    let audio = (try? ModelConfig(folder: folder)).flatMap { AudioTokens($0, tokenizer) }
    let encoder = try ConversationEncoder(
      folder: folder, tokenizer: tokenizer, enableThinking: thinking, audio: audio,
      template: template, now: date.templateDate)
    let chat = try Conversation(
      json: JSONValue(parsing: readInput(messages)), place: messages)
    let ending: Conversation.Ending =
      addGenerationPrompt
      ? .generationPrompt : continueFinalMessage ? .openMessage : .message
    Console.output.write(try chat.rendered(encoder, ending: ending))
  }
}
