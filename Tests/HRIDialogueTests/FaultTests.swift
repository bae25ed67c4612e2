import FoundationEssentials
import TaskKit
import Testing

@testable import HRIDialogue

@Suite struct FaultTests {
  /// The message of reading a file with `text`.
  func message(_ text: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("assembly.json")
    try Data(text.utf8).write(to: file)
    do {
      _ = try DialogueFile.read([file.path])
    } catch let error as PluginError {
      #expect(error.kind == .data)
      #expect(error.message.contains("assembly.json: "))
      return error.message
    }
    return ""
  }

  static let blank = #"{"user": " ", "system": "s", "slots": {"assembly": {}}}"#
  static let turn = #"{"user": "u", "system": "s", "slots": {"assembly": {}}}"#

  @Test(arguments: [
    (
      #"{"7.json": {"domain": {"assembly": true}, "turn": [\#(turn), {"system": "s"}]}}"#,
      "dialogue 7.json, turn 2: 'user' is missing"
    ),
    (
      #"{"7.json": {"domain": {"assembly": true}, "turn": [{"user": 3}]}}"#,
      "dialogue 7.json, turn 1: 'user' must be a string"
    ),
    (
      #"{"7.json": {"domain": {"a": true, "b": true}, "turn": [\#(turn)]}}"#,
      "dialogue 7.json: 'domain' must have exactly one key that is true, it has a, b"
    ),
    (
      #"{"7.json": {"domain": {"delivery": true}, "turn": [\#(turn)]}}"#,
      "dialogue 7.json, turn 1: 'slots' has no key 'delivery'"
    ),
    (
      #"{"7.json": {"domain": {"assembly": true}, "turn": []}}"#, "dialogue 7.json: 'turn' is empty"
    ),
    (
      #"{"7.json": {"domain": {"assembly": true}, "turn": 1}}"#,
      "dialogue 7.json: 'turn' must be an array"
    ),
    (
      #"{"7.json": {"domain": {"assembly": true}, "turn": [\#(blank)]}}"#,
      "dialogue 7.json, turn 1: 'user' is empty"
    ),
    (
      #"{"8.json": {"domain": {}}, "7.json": {"domian": {}, "turn": []}}"#,
      "dialogue 7.json: 'domain' is missing"
    ),
    ("[]", "must be an object, not an array"),
    (#"{"7.json": {"domain": "#, "not valid JSON"),
    ("{}", "the file has no dialogue"),
  ])
  func aFaultNamesItsPlace(text: String, expected: String) throws {
    let message = try message(text)
    #expect(message.contains(expected), "\(message)")
  }

  @Test(arguments: [
    (#""domian": 1"#, "", "", "dialogue 7.json: unknown key 'domian'; did you mean 'domain'?"),
    ("", #""slot": 1"#, "", "dialogue 7.json, turn 1: unknown key 'slot'; did you mean 'slots'?"),
    (
      "", "", #""DB_reqest": {}"#,
      "turn 1, slots.assembly: unknown key 'DB_reqest'; did you mean 'DB_request'?"
    ),
    (
      "", "", #""T_inform": {"reqs": {}}"#,
      "slots.assembly.T_inform: unknown key 'reqs'; did you mean 'req'?"
    ),
  ])
  func aSlipInAKeyIsRefused(dialogue: String, turn: String, frame: String, sentence: String) throws
  {
    func begun(_ member: String) -> String { member.isEmpty ? "" : member + ", " }
    let message = try message(
      #"{"7.json": {\#(begun(dialogue))"domain": {"assembly": true}, "turn": [{\#(begun(turn))"#
        + #""user": "u", "system": "s", "slots": {"assembly": {\#(frame)}}}]}}"#)
    #expect(message.contains(sentence), "\(message)")
  }

  /// Keys that say nothing here are named once; UTF-16 with its mark is read.
  @Test func otherKeysAreNamed() throws {
    let text =
      #"{"7.json": {"domain": {"assembly": true}, "goal": 1, "turn": [{"user": "u", "s_system": "x", "#
      + #""system": "s", "slots": {"delivery": {}, "assembly": {"T_inform": {"type": "t"}}}}]}}"#
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: file) }
    let units = ("\u{FEFF}" + text).utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    try Data(units).write(to: file)
    let dialogues = try DialogueFile.read([file.path])
    let dataset = DialogueDataset(dialogues, history: false, isTraining: true)
    #expect(dataset.notes == ["not used: 'T_inform.type', 'goal', 's_system', 'slots.delivery'"])
  }

  @Test func aWrongSectionSaysWhatItNeeds() {
    func message(_ config: DialogueConfig) -> String {
      do {
        _ = try Corpus(config)
      } catch {
        return "\(error)"
      }
      return ""
    }
    #expect(message(DialogueConfig()).contains("either 'folder'"))
    #expect(message(DialogueConfig(folder: "/no/such")).contains("/no/such: no such folder"))
    #expect(message(DialogueConfig(files: ["/no.json"])).contains("/no.json: no such file"))
    var config = DialogueConfig(folder: CorpusTests.sample)
    config.validation_fraction = 1.5
    #expect(message(config).contains("'data.validation_fraction' is 1.5"))
    config.validation_fraction = 0.99
    #expect(message(config).contains("leave none of them for training"))
  }
}
