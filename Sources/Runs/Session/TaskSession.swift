import Formats
import JSON
import Models
import PluginHost
import Rows
import Tasks
import Tensors
import Text

/// Everything a recipe names, opened: the task's plugin, the model, its tokenizer and template.
public struct TaskSession {
  /// The recipe.
  public private(set) var recipe: Recipe
  /// The task.
  public let task: PluginTask
  /// The plugins that can be found.
  public let catalog: PluginCatalog
  /// The model's folder.
  public let modelFolder: String
  /// The model's configuration; a reward model's where the objective trains one.
  public private(set) var config: ModelConfig
  /// Whether the head of a score is not in the model's files: its first values follow from the seed.
  public private(set) var drawsHead = false
  /// The model's tokenizer.
  public let tokenizer: Tokenizer
  /// What makes tokens of conversations.
  public private(set) var encoder: ConversationEncoder
  /// Where rewards open reward models.
  let scorer: ScoreDesk
  /// Who hears what is done.
  let tell: RunObserver
  /// Whether the recipe says which day the chat template writes.
  private let isDayChosen: Bool
  /// A moment before any row was read.
  private let beginning = RowCache.now

  /// Opens the text side of the model that the recipe names; weights are opened by `model()`.
  public init(_ assembled: AssembledRecipe, tell: RunObserver) throws {
    self.tell = tell
    recipe = assembled.recipe
    task = assembled.task
    catalog = assembled.catalog
    guard let model = recipe.model else {
      throw Diagnosis(
        Diagnosis.usage,
        "no model is named; give --model FOLDER, or model_name_or_path: in the recipe")
    }
    modelFolder = try ModelFolder.find(model, revision: recipe.modelRevision)
    if recipe.modelRevision != nil, FileSystem.isFolder(model) {
      throw recipe.fault(
        "model_revision", "is of a model of the Hub's, and \(model) is a folder; leave it out")
    }
    config = try ModelConfig(folder: modelFolder)
    try Self.check(recipe, against: config, of: modelFolder)
    tokenizer = try Tokenizer(folder: modelFolder, rows: config.vocabularySize)
    let day = try recipe.day
    encoder = try ConversationEncoder(
      folder: modelFolder, tokenizer: tokenizer, enableThinking: recipe.training.enablesThinking,
      audio: AudioTokens(config, tokenizer), now: day ?? .today())
    isDayChosen = day != nil
    recipe.templateDate = encoder.template.usesDate ? encoder.template.now.description : nil
    if isDayChosen, !encoder.template.usesDate {
      tell.note("template_date is not used: the chat template of \(modelFolder) writes no date")
    }
    scorer = ScoreDesk(
      template: encoder.template.source, tell: tell, isCancelled: catalog.isCancelled)
    catalog.services.offer(tokenizer, folder: modelFolder)
    catalog.services.offer(scorer as any ScoreService)
    if terms.signal == .score {
      try giveScores(or: recipe.fault("objective.type", Self.noClassifier(config)))
    }
  }

  /// Makes a reward model of the session's.
  mutating func giveScores(or fault: FormatError) throws(FormatError) {
    guard !givesScores else { return }
    guard let scoring = config.scoring(with: tokenizer) else { throw fault }
    config = scoring
    drawsHead = true
  }

  /// This session with the template's `enable_thinking` false. nil where answers would then be asked
  /// for in other words than this session trains them in: the template writes its empty think block
  /// only when told to.
  public func thinkingOff() throws(TaskError) -> TaskSession? {
    let probe = [Turn(role: "user", text: "a"), Turn(role: "assistant", text: "b")]
    let trained = try encoder.sample(Example(turns: probe), label: "probe").ids
    var session = self
    session.recipe.training.enablesThinking = false
    session.encoder = ConversationEncoder(
      tokenizer: tokenizer, template: encoder.template, enableThinking: false,
      audio: encoder.audio)
    return trained.starts(with: try session.encoder.prompt([probe[0]])) ? session : nil
  }

  /// This session on the day of the run whose receipt this is, where the template writes a day and the
  /// recipe leaves it open: rows must not change while a run goes on, nor when it is judged later.
  public func onDay(of receipt: JSONValue?) -> TaskSession {
    guard encoder.template.usesDate, !isDayChosen,
      let day = receipt?["recipe"]?["template_date"]?.string.flatMap({ CivilTime($0) }),
      day != encoder.template.now
    else { return self }
    var session = self, template = encoder.template
    template.now = day
    session.recipe.templateDate = day.description
    session.encoder = ConversationEncoder(
      tokenizer: tokenizer, template: template, enableThinking: recipe.training.enablesThinking,
      audio: encoder.audio)
    return session
  }

  /// The same for the run that wrote the adapter in `folder`.
  public func onDay(ofRun folder: String) -> TaskSession {
    onDay(of: try? JSONValue(readingFile: folder + "/" + RunRecords.receipt))
  }

  /// Refuses what the recipe asks of a folder that is stored quantized and cannot be done.
  private static func check(_ recipe: Recipe, against config: ModelConfig, of folder: String)
    throws(FormatError)
  {
    try config.check(recipe.quantization?.kind, of: folder)
    if let stored = config.quantization, recipe.peft.method == .full {
      throw recipe.fault(
        "peft.method",
        "full trains every weight, but \(folder) is stored in \(stored.name); name the unquantized "
          + "model")
    }
  }

  /// Sets the engine to what the recipe's `bf16` asks for, or says that the processor cannot do it.
  public func choosePrecision() throws(FormatError) {
    guard !recipe.training.usesBF16 || Engine.hasBF16 else {
      throw recipe.fault(
        "training_args.bf16", "needs a processor with AVX512-BF16, which this one lacks; set false")
    }
    Engine.usesBF16 = recipe.training.usesBF16
  }

  /// The rows of `split`; nil when the task has no such split.
  public func dataset(_ split: Split) throws -> (any Dataset)? {
    try task.dataset(split: split, configuration: recipe.dataConfiguration)
  }

  /// The rows of `split`, encoded: those of an earlier run where they are still good, else read
  /// once.
  public func encoded(_ split: Split, usesCache: Bool = true) throws -> EncodedDataset? {
    let training = recipe.training, task = task, configuration = recipe.dataConfiguration
    let encoded = try tell.during("reading \(split)", unit: "rows") { reached in
      try EncodedDataset(
        name: split.rawValue, encoder: encoder, kind: terms.rows, assistantTurns: assistantTurns,
        maximumLength: training.maximumLength,
        policy: training.onOverlength, seed: UInt64(training.seed),
        cache: usesCache ? RowCache(key: rowsKey(split), beginning: beginning) : nil
      ) { event in
        switch event {
        case .note(let text): tell.note(text)
        case .reading(let done, let total): reached(done, total)
        }
      } isCancelled: {
        catalog.isCancelled()
      } open: { () throws(TaskError) in
        try task.dataset(split: split, configuration: configuration)
      }
    }
    if let encoded { note(encoded) }
    return encoded
  }

  /// How the assistant's turns become samples.
  public var assistantTurns: AssistantTurns { recipe.trainsEachTurn ? .each : .asRendered }

  /// Says what the user should know of rows before they are trained.
  private func note(_ rows: EncodedDataset) {
    for note in rows.statistics.notes { tell.note("\(rows.name): \(note)") }
    let omission = rows.statistics.omission
    guard omission.turns > 0, rows.name == Split.train.rawValue else { return }
    tell.note(
      "warning: \(rows.name): the chat template leaves part of the assistant's text out of what is "
        + "trained: " + omission.sentence(rows: rows.statistics.omittingRows)
        + (recipe.trainsEachTurn
          ? "; see data show"
          : "; data.assistant_turns: each trains every turn as it would be generated; see data show")
    )
  }

  /// The model's weights, mapped as they are stored; drawn at random where the recipe asks for
  /// `from_scratch`.
  public func mapped() throws -> CausalLanguageModel {
    try openEngine()
    return recipe.startsFromScratch
      ? try drawn()
      : try CausalLanguageModel(folder: modelFolder, config: config, headSeed: headSeed)
  }

  /// The model that config.json describes, with first values of its `initializer_range`.
  private func drawn() throws -> CausalLanguageModel {
    try CausalLanguageModel(
      config: config, weights: .random(seed: seed, deviation: config.initializerRange))
  }

  /// What draws the head of a score; nil where the model's files must have it.
  private var headSeed: UInt64? { drawsHead ? seed : nil }

  /// `mapped`, quantized where the recipe asks for it.
  public func quantized(_ mapped: CausalLanguageModel) throws -> CausalLanguageModel {
    guard let kind = recipe.quantization?.kind else { return mapped }
    return try CausalLanguageModel.open(
      modelFolder, kind, config: config, headSeed: headSeed, tell: tell)
  }

  /// The model as the recipe wants it.
  public func model() throws -> CausalLanguageModel { try quantized(mapped()) }

  /// Lets plugins see that there will be a model; they can ask once the desk is open.
  public func offerModel() -> ModelDesk {
    let desk = ModelDesk(
      tokenizer, encoder: encoder, stopTokens: encoder.stopTokens,
      isCancelled: catalog.isCancelled)
    catalog.services.offer(desk as any ModelService)
    return desk
  }
}

extension Recipe {
  /// The day that `template_date` names; nil where it is left open.
  fileprivate var day: CivilTime? {
    get throws(FormatError) {
      guard let templateDate else { return nil }
      if let day = CivilTime(templateDate) { return day }
      throw fault("template_date", "must be a day as 2026-11-30, found '\(templateDate)'")
    }
  }
}

extension AudioTokens {
  /// How clips stand in the text of the model that `config` describes; nil for one of text alone.
  public init?(_ config: ModelConfig, _ tokenizer: Tokenizer) {
    guard let audio = config.audio, let id = config.audioToken,
      let text = tokenizer.token(of: Int32(id))
    else { return nil }
    self.init(
      id: Int32(id), text: text, melBins: audio.melBins, mostFrames: AudioClip.maximumFrames,
      count: AudioClip.tokens)
  }
}
