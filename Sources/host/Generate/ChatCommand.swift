import ArgumentParser
import Formats
import Generation
import JSON
import Runs
import Tasks
import Text

/// `host chat`
struct ChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "A dialogue with a model in the terminal.",
    discussion: """
      /reset begins anew, /exit or the end of the input (Ctrl-D) leaves.

      Examples:
        host chat --model nano-qwen3 --adapter output/hri_dialogue
        host chat --model Qwen/Qwen3-0.6B --system "You are terse." \\
            --temperature 0.7
      """)

  @OptionGroup var model: TunedModelOptions
  @Option(help: ArgumentHelp("A system message.", valueName: "text")) var system: String?
  @Flag(inversion: .prefixedNo, help: "The template's variable enable_thinking.")
  var thinking: Bool?
  @OptionGroup var date: TemplateDateOption
  @OptionGroup(title: "Sampling") var sampling: SamplingOptions

  func run() throws {
    _ = try sampling.sampler()
    let (model, _, folder) = try model.load()
    let tokenizer = try Tokenizer(folder: folder, rows: model.config.vocabularySize)
    let encoder = try ConversationEncoder(
      folder: folder, tokenizer: tokenizer, enableThinking: thinking,
      now: date.templateDate)
    let stops = try tokenizer.endTokens(ofModelIn: folder, model.config)
      .union(encoder.stopTokens)
    try GenerationConfig(folder: folder).notes.forEach { Console.note("note: \($0)") }
    let generator = try sampling.generator(model, tokenizer, stopTokens: stops)
    let opening = Conversation(system: system, user: nil, place: "the dialogue")
    var dialogue = opening
    while let line = ask() {
      switch line {
      case "": continue
      case "/exit": return
      case "/reset": dialogue = opening
      default:
        dialogue.messages.append(["role": "user", "content": .string(line)])
        let text = try dialogue.rendered(encoder, ending: .generationPrompt)
        let prompt = Prompt(
          ids: tokenizer.encode(text), label: "turn \(dialogue.messages.count)")
        let answer = try printAnswer(prompt, generator, tokenizer).text
        Console.output.write("\n")
        dialogue.messages.append(["role": "assistant", "content": .string(answer)])
      }
    }
  }

  private func ask() -> String? {
    Console.error.write(Style.bold("> ", on: Console.error))
    return readLine()
  }
}
