import ArgumentParser
import Formats
import Generation
import JSON
import Models
import Names
import Runs
import Tasks
import Text

/// `host chat`
struct ChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "A dialogue with a model in the terminal.",
    discussion: """
      Lines can be edited, and earlier ones called back with the arrow keys. Ctrl-C
      ends an answer, Ctrl-D on an empty line the dialogue. /help lists the commands.

      Examples:
        host chat --model nano-qwen3 --adapter output/hri_dialogue
        host chat --model Qwen/Qwen3-0.6B --system "You are terse."
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
    greet(folder)
    var dialogue = Dialogue(system: system)
    let editor = LineEditor(prompt: "> ")
    while let line = editor.read() {
      if line.allSatisfy(\.isWhitespace) { continue }
      if line.hasPrefix("/"), !line.hasPrefix("//") {
        guard try dialogue.obey(line) else { return }
        continue
      }
      dialogue.add("user", line.hasPrefix("//") ? String(line.dropFirst()) : line)
      let text = try dialogue.conversation.rendered(encoder, ending: .generationPrompt)
      let prompt = Prompt(
        ids: tokenizer.encode(text), label: "turn \(dialogue.conversation.messages.count)")
      do {
        let answer = try AnswerStop.listening { try printAnswer(prompt, generator, tokenizer) }
        Console.output.write("\n")
        dialogue.add("assistant", answer.text)
        if let remark = answer.remark { Console.note(Style.dim(remark, on: Console.error)) }
      } catch let error as GenerationError where error.kind == .prompt {
        dialogue.removeLast()
        Console.note("host: \(error.message); /reset begins anew")
      }
    }
  }

  /// Whom one talks to, and how.
  private func greet(_ folder: String) {
    guard Console.error.isTerminal else { return }
    Console.note("model     \(folder)")
    if let adapter = model.adapter {
      let receipt = try? JSONValue(readingFile: adapter + "/run.json")
      let task = receipt?["recipe"]?["task"]?.string
      Console.note("adapter   \(adapter)" + (task.map { ", trained on the task \($0)" } ?? ""))
      if let task, system == nil {
        Console.note(
          "system    none; `host data show --task \(task)` shows what the rows it was trained on begin "
            + "with, and --system or /system says it here")
      }
    }
    if let system { Console.note("system    \(system)") }
    Console.note(
      "keys      /help lists the commands, Ctrl-C ends an answer, Ctrl-D leaves")
  }
}

/// A dialogue, and the commands that change it.
private struct Dialogue {
  private(set) var conversation: Conversation
  private var system: String?

  init(system: String?) {
    self.system = system
    conversation = Conversation(system: system, user: nil, place: "the dialogue")
  }

  mutating func add(_ role: String, _ text: String) {
    conversation.messages.append(["role": .string(role), "content": .string(text)])
  }

  mutating func removeLast() { conversation.messages.removeLast() }

  private static let commands = [
    ("/help", "this list"),
    ("/system TEXT", "begins anew with this system message; without TEXT none"),
    ("/save FILE", "writes the dialogue as JSON, which `host generate --messages` reads"),
    ("/load FILE", "goes on with such a dialogue"), ("/reset", "begins anew"),
    ("/quit", "leaves, as Ctrl-D does"), ("//…", "a message that begins with a slash"),
  ]

  /// Does what a line asks for that begins with a slash; false: to leave.
  mutating func obey(_ line: String) throws -> Bool {
    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
    let argument = words.count > 1 ? words[1] : ""
    switch words[0] {
    case "/quit", "/exit": return false
    case "/help":
      for (name, text) in Self.commands {
        Console.note("  " + name + String(repeating: " ", count: 14 - name.count) + text)
      }
    case "/reset":
      self = Dialogue(system: system)
      Console.note("the dialogue begins anew")
    case "/system":
      self = Dialogue(system: argument.isEmpty ? nil : argument)
      Console.note(
        "the dialogue begins anew, \(argument.isEmpty ? "without a" : "with this") system message")
    case "/save": keep(in: argument)
    case "/load": load(argument)
    default:
      let names = Self.commands.map { String($0.0.prefix { $0 != " " }) } + ["/exit"]
      let near = nearestName(to: words[0], among: names).map { "; did you mean \($0)?" } ?? ""
      Console.note("there is no command \(words[0])\(near) /help lists them; // begins a message")
    }
    return true
  }

  private func keep(in file: String) {
    guard !file.isEmpty else { return Console.note("/save FILE needs a name") }
    let json: JSONValue = ["messages": .array(conversation.messages)]
    do {
      try DurableFile.write(json.text(.pretty) + "\n", to: file)
      Console.note("written   \(file), \(conversation.messages.count) messages")
    } catch { Console.note("host: \(error)") }
  }

  private mutating func load(_ file: String) {
    guard !file.isEmpty else { return Console.note("/load FILE needs a name") }
    do {
      conversation = try Conversation(json: JSONValue(readingFile: file), place: file)
      Console.note("goes on after \(conversation.messages.count) messages of \(file)")
    } catch { Console.note("host: \(error)") }
  }
}
