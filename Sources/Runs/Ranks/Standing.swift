import CHostSupport
import Formats
import FoundationEssentials
import Glibc
import JSON
import PluginHost
import Ranks
import Tensors

/// What all ranks must have alike, gathered and compared before anything is written.
struct Standing: Equatable {
  /// One fact; what differs in it is told with it.
  struct Fact: Equatable {
    /// `training_args.learning_rate`, `plugin instruct`, `block of model.safetensors at 4096`.
    var name: String
    /// Its value, or a hash.
    var value: String
    /// Whether the value is a hash of a file.
    var isHash = false
  }

  private(set) var facts: [Fact] = []

  /// What a session stands on.
  init(_ session: TaskSession) {
    facts.append(Fact(name: "the version of host", value: HostVersion.current))
    facts.append(Fact(name: "the plugin ABI", value: Plugin.abiVersion))
    facts.append(Fact(name: "the instruction set", value: Engine.instructionSet))
    facts.append(Fact(name: "the engine of products", value: GemmEngine.chosen.rawValue))
    facts.append(Fact(name: "bf16", value: "\(Engine.usesBF16)"))
    // Where things lie is each rank's own affair.
    add(session.recipe.json, "", leavingOut: ["output_dir", "model_name_or_path"])
    for plugin in [session.task.plugin, session.task.rowsPlugin] {
      add(file: plugin.path, "plugin \(plugin.name)")
    }
    for name in ModelFolder.companions(of: session.modelFolder).sorted() {
      add(file: session.modelFolder + "/" + name, name)
    }
    let template = FileDigest(of: Array(session.encoder.template.source.utf8)).sha256
    facts.append(Fact(name: "chat template", value: template, isHash: true))
    for name in ModelFolder.parts(of: session.modelFolder).sorted() {
      add(blocksOf: session.modelFolder + "/" + name, name)
    }
  }

  /// Exactly these facts.
  init(_ facts: [Fact]) { self.facts = facts }

  private mutating func add(_ json: JSONValue, _ key: String, leavingOut names: Set<String> = []) {
    guard let object = json.object, !object.isEmpty else {
      return facts.append(Fact(name: key, value: json.text(.compact)))
    }
    for (name, value) in object where !names.contains(name) {
      add(value, key.isEmpty ? name : key + "." + name)
    }
  }

  private mutating func add(file path: String, _ name: String) {
    let value = (try? FileDigest(ofFile: path).sha256) ?? "not there"
    facts.append(Fact(name: name, value: value, isHash: true))
  }

  /// A file of gigabytes is told apart by its size, its beginning and 64 blocks of 4 KiB.
  private mutating func add(blocksOf path: String, _ name: String) {
    guard let file = try? MappedFile(path: path) else {
      return facts.append(Fact(name: name, value: "not there"))
    }
    facts.append(Fact(name: "the bytes of \(name)", value: Format.grouped(file.count)))
    let block = 4096, count = file.count / block
    let places = [0] + (0..<min(64, count)).map { 1 + $0 * max(count - 1, 1) / 64 }
    for place in Set(places.map { min($0 * block, max(file.count - block, 0)) }).sorted() {
      let end = min(place + block, file.count)
      let digest = file.withBytes(place..<end) { FileDigest(of: $0).sha256 }
      facts.append(
        Fact(name: "\(name): block at \(Format.grouped(place))", value: digest, isHash: true))
    }
  }

  /// Compares with all ranks; the same sentence at all of them where one stands otherwise.
  func check(_ group: Group) throws {
    guard !group.isAlone else { return }
    let lines = facts.map { "\($0.isHash ? "#" : "=")\($0.name)\u{1F}\($0.value)" }
    let texts = try group.gather(
      "what must be alike", Array(lines.joined(separator: "\u{1E}").utf8))
    let all = texts.map { Self(reading: String(decoding: $0, as: UTF8.self)) }
    for rank in 1..<group.count {
      if let sentence = Self.difference(all[rank], all[0], name: group.name(of: rank)) {
        throw Diagnosis(Diagnosis.data, sentence)
      }
    }
  }

  private init(reading text: String) {
    facts = text.split(separator: "\u{1E}").map { line in
      let parts = line.dropFirst().split(
        separator: "\u{1F}", maxSplits: 1, omittingEmptySubsequences: false)
      return Fact(
        name: String(parts[0]), value: String(parts.last ?? ""), isHash: line.hasPrefix("#"))
    }
  }

  /// In what `theirs` differs from rank 0's `first`, as a sentence; nil where it does not.
  static func difference(_ theirs: Standing, _ first: Standing, name: String) -> String? {
    for fact in first.facts {
      let other = theirs.facts.first { $0.name == fact.name }
      guard other?.value != fact.value else { continue }
      guard fact.isHash else {
        return "\(name) differs in \(fact.name): \(other?.value ?? "nothing"), rank 0 has "
          + "\(fact.value); start all ranks with the same command and files"
      }
      if let colon = fact.name.firstRange(of: ": block at ") {
        return "\(name) has another \(fact.name[..<colon.lowerBound]): "
          + "\(fact.name[colon.lowerBound...].dropFirst(2)) differs from rank 0's"
      }
      let hash = other.map { "sha256 \($0.value.prefix(12))…" } ?? "none"
      return "\(name) has another \(fact.name) (\(hash), rank 0 has \(fact.value.prefix(12))…); "
        + "copy the same file to every host"
    }
    let extra = theirs.facts.first { fact in !first.facts.contains { $0.name == fact.name } }
    return extra.map {
      "\(name) differs in \($0.name): \($0.value), rank 0 has nothing; start all ranks with the same "
        + "command and files"
    }
  }
}

extension TaskSession {
  /// Refuses ranks that do not stand on the same: recipe, program, plugins, model.
  public func check(alikeIn group: Group) throws {
    if !group.isAlone { try Standing(self).check(group) }
  }
}
