public import Formats
public import JSON
public import Layers
import OrderedCollections

/// A PEFT adapter_config.json (peft 0.21): a method and what every method has.
public struct AdapterConfig: Sendable, Equatable {
  /// The method, with its own settings.
  public var method: any AdapterMethod
  /// The base model, as the adapter's user will look for it.
  public var baseModel: String?
  /// What the adapter makes of its base, by PEFT's name of the task.
  public var task = Task.language
  /// Modules whose whole weight is trained, lies in the adapter's file and takes the base's place
  /// (`modules_to_save`).
  public var savedModules: [String] = []

  /// PEFT's `task_type`, as far as it decides about the head.
  public enum Task: String, Sendable {
    /// A language model, whatever else PEFT calls it.
    case language = "CAUSAL_LM"
    /// A sequence classifier, whose head lies in the adapter's file.
    case score = "SEQ_CLS"
  }

  /// Describes a new adapter.
  public init(_ method: any AdapterMethod, baseModel: String?) {
    self.method = method
    self.baseModel = baseModel
  }

  /// Two are equal that PEFT would read alike.
  public static func == (one: AdapterConfig, other: AdapterConfig) -> Bool {
    one.json == other.json
  }

  /// The modules that the method adapts; none for a method that adapts none by name.
  public var targets: AdapterTargets {
    get { method.targets ?? AdapterTargets([]) }
    set { method.targets = newValue }
  }

  /// The share of an adapter's input that dropout takes.
  public var dropout: Double { method.dropout }

  /// Modules of which the file holds weights, whole or in part, that take the base's place.
  public var modulesWithWeights: [String] { savedModules + method.savedTokens.keys }

  /// Whether the module at `path` carries an adapter; none does whose weight is saved whole.
  public func adapts(_ path: String) -> Bool { targets.contains(path) && !hides(path) }

  /// What the adapter on the projection at `path` costs; nil where none sits.
  public func cost(at path: String) -> (any AdapterCost)? {
    adapts(path) ? method.cost(at: path) : nil
  }

  /// With what depends on the run filled in (see `AdapterMethod.settled`).
  public func settled(steps: Int, rate: Double) throws(FormatError) -> AdapterConfig {
    var settled = self
    settled.method = try method.settled(steps: steps, rate: rate)
    return settled
  }

  /// Whether the weight of the module at `path` is trained whole, or rows of it.
  public func trainsWeight(of path: String) -> Bool {
    modulesWithWeights.contains { name in
      ModulePath.spellings(of: path).contains { ModelSeats.isWithin($0, name) }
    }
  }

  /// This adapter with the head of a score, which is trained and saved whole.
  public var scoring: AdapterConfig {
    var config = self
    config.task = .score
    if !savedModules.contains(AdapterTargets.scoreHead) {
      config.savedModules.append(AdapterTargets.scoreHead)
    }
    return config
  }

  /// Whether a saved module is the one at `path` or holds it, as PEFT searches for its name.
  private func hides(_ path: String) -> Bool {
    savedModules.contains { name in
      guard let pattern = try? PathPattern(#"(^|.*\.)\#(name)($|\..*)"#) else { return false }
      return ModulePath.spellings(of: path).contains(where: pattern.matchesWhole)
    }
  }
}

// The file.
extension AdapterConfig {
  /// The file's name in an adapter's folder.
  public static let fileName = "adapter_config.json"

  /// Reads a folder's adapter_config.json. What it asks for beyond what is computed here is refused by
  /// name: ignored, it would change the numbers.
  public init(folder: String) throws(FormatError) {
    try Self.checkFolder(folder)
    let reader = try AdapterConfigReader(path: folder + "/" + Self.fileName)
    let method = try AdapterMethods.method(of: reader)
    try reader.check(AdapterKey.common + method.keys)
    var own = try method.init(reader)
    let tensors = folder + "/" + AdapterTensors.fileName
    // A file that cannot be read is refused where its tensors are asked for.
    if let file = try? SafeTensorsFile(path: tensors) {
      own = try own.reading(file.metadata, of: tensors)
    }
    self.init(own, baseModel: reader.members["base_model_name_or_path"]?.string)
    task = reader.task
    savedModules = try reader.savedModules(task)
  }

  /// Refuses a folder that holds no adapter, with what it holds.
  private static func checkFolder(_ folder: String) throws(FormatError) {
    guard !FileSystem.exists(folder + "/" + fileName) else { return }
    guard FileSystem.exists(folder) else {
      throw FormatError(.missing, folder, "there is no such adapter folder")
    }
    guard FileSystem.isFolder(folder) else {
      throw FormatError(.malformed, folder, "is a file; give the adapter's folder")
    }
    let last = folder + "/last"
    if FileSystem.exists(last + "/" + fileName) {
      throw FormatError(
        .missing, folder,
        "holds a run that has not come to its end, and no adapter yet; give its newest checkpoint, "
          + "\(last), or end the run with --resume")
    }
    throw FormatError(
      .missing, folder,
      FileSystem.exists(folder + "/config.json")
        ? "is a model, not an adapter; give it as --model"
        : "holds no adapter: there is no \(fileName)")
  }

  /// Every key that peft 0.21.2 writes for the method, sorted. Patterns' own keys keep their order, which
  /// decides between them.
  public var json: JSONValue {
    var members: OrderedDictionary<String, JSONValue> = [
      "auto_mapping": .null, "base_model_name_or_path": baseModel.map(JSONValue.string) ?? .null,
      "inference_mode": true, "modules_to_save": .null, "peft_version": "0.21.2",
      "revision": .null, "task_type": .string(task.rawValue),
    ]
    members["peft_type"] = .string(type(of: method).peftType)
    if !savedModules.isEmpty {
      members["modules_to_save"] = .array(savedModules.map(JSONValue.string))
    }
    members.merge(method.members) { $1 }
    members.sort { $0.key < $1.key }
    return .object(members)
  }

  /// The file's text.
  public var text: String { json.text(.pretty) + "\n" }

  /// Writes adapter_config.json into an existing folder.
  public func write(folder: String) throws(FormatError) {
    _ = try DurableFile.write(text, to: folder + "/" + Self.fileName)
  }
}

extension AdapterTargets {
  /// The members of adapter_config.json that say this.
  var members: OrderedDictionary<String, JSONValue> {
    var members: OrderedDictionary<String, JSONValue> = [
      "target_modules": json, "exclude_modules": excluded?.json ?? .null,
    ]
    members["layers_to_transform"] = layers.map { .array($0.indices.map(JSONValue.int)) } ?? .null
    let lists = layers?.lists ?? []
    members["layers_pattern"] = lists.isEmpty ? .null : .array(lists.map(JSONValue.string))
    return members
  }
}

extension JSONValue {
  /// A number that is written as a whole one where it is one, as Python keeps what it was given.
  static func number(_ value: Double) -> JSONValue {
    Int(exactly: value).map(JSONValue.int) ?? .double(value)
  }
}
