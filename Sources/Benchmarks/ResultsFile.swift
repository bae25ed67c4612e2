import Formats
public import JSON

/// `results_….json`: what a model reached in each task, laid out as the harness does, so that tools that
/// read its files read these.
public struct ResultsFile {
  /// What was run, beside the tasks.
  public struct Facts {
    /// The model's name or folder, its arguments, and its number of parameters.
    public var model: String, arguments: String, parameters: Int
    /// Rows asked of each task at most.
    public var limit: Int?
    /// The most tokens it reads.
    public var contextLength: Int
    /// The system message, the chat template's text and whether shots are turns; nil: plain texts.
    public var system: String?, template: String?, isMultiturn: Bool
    /// Special tokens: padding with its id, end, beginning; the end token's id.
    public var pad: (text: String, id: Int)?, end: String?, beginning: String?, endID: Int?
    /// When it began, in seconds since 1970, and how long it took.
    public var date: Double, seconds: Double
    /// Which program it was.
    public var version: String

    /// Creates facts.
    public init(
      model: String, arguments: String, parameters: Int, limit: Int?, contextLength: Int,
      system: String?, template: String?, isMultiturn: Bool, date: Double, seconds: Double,
      version: String
    ) {
      self.model = model
      self.arguments = arguments
      self.parameters = parameters
      self.limit = limit
      self.contextLength = contextLength
      self.system = system
      self.template = template
      self.isMultiturn = isMultiturn
      self.date = date
      self.seconds = seconds
      self.version = version
    }
  }

  private let outcomes: [TaskOutcome], facts: Facts

  /// The file of `outcomes`.
  public init(_ outcomes: [TaskOutcome], _ facts: Facts) {
    self.outcomes = outcomes
    self.facts = facts
  }

  /// A model's name as its folder is called.
  public static func folderName(_ model: String) -> String {
    var name = "", isInRun = false
    for character in model {
      let isForbidden = "\"<>:/\\|?*[]".contains(character)
      if !isForbidden { name.append(character) } else if !isInRun { name += "__" }
      isInRun = isForbidden
    }
    return name
  }

  private func perTask(_ value: (TaskOutcome) -> JSONValue) -> JSONValue {
    outcomes.reduce(.emptyObject) { $0.setting($1.task.name, value($1)) }
  }

  /// The file's content.
  public var json: JSONValue {
    let groups = GroupOutcome.groups(outcomes.map(\.summary))
    var results = perTask(Self.result)
    var sums: JSONValue = .emptyObject, members: JSONValue = .emptyObject
    for group in groups {
      let value = Self.result(group)
      results = results.setting(group.name, value)
      sums = sums.setting(group.name, value)
      members = members.setting(group.name, .array(group.tasks.map(JSONValue.string)))
    }
    var json: JSONValue = ["results": results]
    if !groups.isEmpty { json = json.setting("groups", sums) }
    let rest: JSONValue = [
      "group_subtasks": members, "configs": perTask { $0.task.json },
      "versions": perTask { $0.task.version }, "n-shot": perTask { .int($0.shots) },
      "higher_is_better": perTask { outcome in
        outcome.scores.reduce(.emptyObject) { $0.setting($1.metric, true) }
      },
      "n-samples": perTask {
        ["original": .int($0.rows), "effective": .int($0.items.count)]
      },
      "config": config, "git_hash": nil, "date": .double(facts.date),
      "host_version": .string(facts.version),
      "tokenizer_pad_token": facts.pad.map { [.string($0.text), .string("\($0.id)")] } ?? .null,
      "tokenizer_eos_token": token(facts.end, facts.endID),
      "tokenizer_bos_token": token(facts.beginning, nil),
      "eot_token_id": facts.endID.map(JSONValue.int) ?? .null,
      "max_length": .int(facts.contextLength),
      "task_hashes": perTask { .string($0.taskHash) },
    ]
    for (key, value) in rest.object ?? [:] { json = json.setting(key, value) }
    for (key, value) in origin.object ?? [:] { json = json.setting(key, value) }
    return json
  }

  private func token(_ text: String?, _ id: Int?) -> JSONValue {
    text.map { [.string($0), .string(id.map(String.init) ?? "None")] } ?? .null
  }

  private static func result(_ outcome: TaskOutcome) -> JSONValue {
    var json: JSONValue = [
      "name": .string(outcome.task.name), "alias": .string(outcome.task.name),
      "sample_len": .int(outcome.items.count),
    ]
    for score in outcome.scores {
      let error = score.standardError.map(JSONValue.double) ?? "N/A"
      json = json.setting("\(score.metric),\(score.filter)", .double(score.mean))
        .setting("\(score.metric)_stderr,\(score.filter)", error)
    }
    return json
  }

  private static func result(_ group: GroupOutcome) -> JSONValue {
    [
      "name": .string(group.name), "alias": .string(group.name), "sample_len": .int(group.count),
      "\(group.metric),none": .double(group.mean),
      "\(group.metric)_stderr,none": group.standardError.map(JSONValue.double) ?? "N/A",
    ]
  }

  private var config: JSONValue {
    [
      "model": "host", "model_args": .string(facts.arguments),
      "model_num_parameters": .int(facts.parameters), "model_dtype": "float32",
      "batch_size": "by tokens", "device": "cpu",
      "limit": facts.limit.map(JSONValue.int) ?? .null, "bootstrap_iters": 0, "gen_kwargs": nil,
      "fewshot_seed": 1234,
    ]
  }

  private var origin: JSONValue {
    let template = facts.template ?? "", system = facts.system ?? ""
    func hash(_ text: String) -> JSONValue {
      text.isEmpty ? nil : .string(BenchmarkItem.hash(text))
    }
    return [
      "model_source": "host", "model_name": .string(facts.model),
      "model_name_sanitized": .string(Self.folderName(facts.model)),
      "system_instruction": system.isEmpty ? nil : .string(system),
      "system_instruction_sha": hash(system),
      "fewshot_as_multiturn": .bool(facts.template != nil && facts.isMultiturn),
      "chat_template": template.isEmpty ? nil : .string(template),
      "chat_template_sha": hash(template),
      "total_evaluation_time_seconds": .string("\(facts.seconds)"),
    ]
  }
}
