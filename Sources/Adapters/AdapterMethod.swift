public import Formats
public import JSON
public import Layers
import Names
public import OrderedCollections
public import Tensors

/// A way to change a model: what adapter_config.json says of it, and what it puts on a model's seats.
/// Each method is a file of its own and one line in `AdapterMethods.all`.
public protocol AdapterMethod: Sendable {
  /// PEFT's name of it, `peft_type`.
  static var peftType: String { get }
  /// Other methods whose files hold the same.
  static var otherTypes: [String] { get }
  /// What it is called in sentences.
  var title: String { get }
  /// Its own keys of adapter_config.json beside those that all methods have (`AdapterKey.common`).
  static var keys: [(name: String, meaning: AdapterKey)] { get }

  /// Reads its own keys, which have been checked against `keys`.
  init(_ reader: AdapterConfigReader) throws(FormatError)
  /// Its own keys with their values, as PEFT writes them.
  var members: OrderedDictionary<String, JSONValue> { get }

  /// What the file of tensors says of itself beside them, for its readers here (`reading`).
  func metadata(_ seated: [any Seated]) -> OrderedDictionary<String, String>
  /// The method as it is once its file of tensors has said `metadata` of itself; `path` is that file's.
  func reading(_ metadata: OrderedDictionary<String, String>, of path: String) throws(FormatError)
    -> Self
  /// The method on a base that is quantized when it is opened.
  var onQuantizedBase: Self { get }
  /// Whether each adapted matrix of the base lies in memory twice then: as it is, and as it is with the
  /// adapter on it.
  var keepsResiduals: Bool { get }

  /// The settings in words, in a sentence's order, for inspection.
  var settings: [(name: String, text: String)] { get }
  /// Those of the adapter on the module at `path`, patterns applied.
  func settings(at path: String) -> [(name: String, text: String)]

  /// The modules that it adapts; nil where it adapts none by name.
  var targets: AdapterTargets? { get set }
  /// The share of an adapter's input that dropout takes.
  var dropout: Double { get }
  /// Rows of modules that lie in the file, by the module's name the tokens they are of.
  var savedTokens: OrderedDictionary<String, [Int]> { get }
  /// Whether a head that shares the embedding's weight follows it where that is saved.
  var keepsTies: Bool { get }

  /// Whether it can sit on the embedding and on the output head.
  var adaptsEnds: Bool { get }

  /// Refuses what a user wrote to no effect, given the paths of the modules that get an adapter.
  func check(adapting paths: [String]) throws(FormatError)
  /// What it will cost on the adapted projection at `path`.
  func cost(at path: String) -> (any AdapterCost)?
  /// The tokens without ids that it puts before every text; nil for none.
  var virtualTokens: VirtualTokens? { get }
  /// How many numbers it trains beside those on projections.
  func parameters(beside config: ModelConfig) -> Int
  /// What it computes in a step beside what sits on projections.
  func cost(beside config: ModelConfig) -> Cost
  /// Whether the model is the base still when a new adapter has been seated.
  var beginsAsBase: Bool { get }
  /// Whether an adapter whose numbers are all 0 changes nothing, so that weight decay leads back to the
  /// base.
  var restsAtZero: Bool { get }
  /// The method with what depends on the run filled in: its optimizer steps, and the greatest learning
  /// rate. Refuses what cannot be in a run of so many.
  func settled(steps: Int, rate: Double) throws(FormatError) -> Self
  /// What is to be said of a run of so many steps, line by line.
  func notes(ofRun steps: Int) -> [(name: String, text: String)]
  /// What is added to the loss once for each optimizer step, on the tape; nil for nothing.
  func penalty(of seated: [any Seated]) -> Tensor?
  /// Does what the method does after optimizer step `number`, whose gradients were multiplied by `scale`;
  /// returns what the log tells of it.
  func follow(
    _ number: Int, _ gradients: Gradients, scale: Double, in seated: [any Seated]
  ) -> [(name: String, value: Double)]
  /// Whether that looks at gradients.
  var followsGradients: Bool { get }
  /// The method as an adapter's folder has it, which holds what the seated say they publish.
  func published(_ seated: [any Seated]) -> any AdapterMethod
  /// Its adapters for `seats`, of whose projections and embedding only the adapted ones are named. None
  /// sits yet.
  func seat(on seats: ModelSeats, from source: AdapterSource) throws(FormatError) -> [any Seated]
}

extension AdapterMethod {
  /// No other one.
  public static var otherTypes: [String] { [] }
  /// Nothing.
  public func metadata(_ seated: [any Seated]) -> OrderedDictionary<String, String> { [:] }
  /// As it is.
  public func reading(_ metadata: OrderedDictionary<String, String>, of path: String)
    throws(FormatError) -> Self
  { self }
  /// As on any other.
  public var onQuantizedBase: Self { self }
  /// Nothing lies there twice.
  public var keepsResiduals: Bool { false }
  /// None.
  public var virtualTokens: VirtualTokens? { nil }
  /// None.
  public func parameters(beside config: ModelConfig) -> Int { 0 }
  /// Nothing.
  public func cost(beside config: ModelConfig) -> Cost { Cost() }
  /// A new adapter changes nothing.
  public var beginsAsBase: Bool { true }
  /// Zeros change nothing.
  public var restsAtZero: Bool { true }
  /// Nothing depends on the run.
  public func settled(steps: Int, rate: Double) throws(FormatError) -> Self { self }
  /// Nothing is to be said.
  public func notes(ofRun steps: Int) -> [(name: String, text: String)] { [] }
  /// Nothing.
  public func penalty(of seated: [any Seated]) -> Tensor? { nil }
  /// Nothing is done.
  public func follow(
    _ number: Int, _ gradients: Gradients, scale: Double, in seated: [any Seated]
  ) -> [(name: String, value: Double)] { [] }
  /// It looks at none.
  public var followsGradients: Bool { false }
  /// As it is.
  public func published(_ seated: [any Seated]) -> any AdapterMethod { self }
  /// Projections of the blocks alone.
  public var adaptsEnds: Bool { false }
  /// Nothing is dropped.
  public var dropout: Double { 0 }
  /// No rows lie in the file.
  public var savedTokens: OrderedDictionary<String, [Int]> { [:] }
  /// Nothing follows.
  public var keepsTies: Bool { false }
  /// Every module has the same.
  public func settings(at path: String) -> [(name: String, text: String)] { [] }
  /// Everything counts.
  public func check(adapting paths: [String]) throws(FormatError) {}
  /// Nothing sits on projections.
  public func cost(at path: String) -> (any AdapterCost)? { nil }
}

/// The methods that there are.
enum AdapterMethods {
  static let all: [any AdapterMethod.Type] = [
    LoRAConfig.self, AdaLoRAConfig.self, IA3Config.self, PrefixTuning.self, PromptTuning.self,
  ]

  /// The method of a file's `peft_type`.
  static func method(of reader: AdapterConfigReader) throws(FormatError) -> any AdapterMethod.Type {
    let names = all.map { $0.peftType }, name = reader.members["peft_type"]?.string
    if let name, let method = all.first(where: { ([$0.peftType] + $0.otherTypes).contains(name) }) {
      return method
    }
    let known = names.count == 1 ? "only \(names[0])" : names.joined(separator: ", ")
    let near = name.flatMap { nearestName(to: $0, among: names) }
    throw reader.refuse(
      "peft_type",
      "\(known) adapters can be read" + (near.map { "; did you mean '\($0)'?" } ?? ""))
  }
}
