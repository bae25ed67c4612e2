import Formats
import JSON
import Objectives
import Tasks
import Training

/// Groups of completions that a file holds, a line each: `row`, `prompt_ids`, `completion_ids`,
/// `rewards` by name, `truncated`. The lines of a group follow one another; a run's `rewards.jsonl` is
/// such a file. Steps take the groups in the file's order, and begin again at its end.
final class RecordedGroups: GroupSource {
  /// The rewards' names, as the first line has them.
  let rewards: [String]
  private let groups: [SampledGroup], perSampling: Int

  /// Reads `path`; each group has `groupSize` lines, each sampling `perSampling` groups. Ids must be
  /// below `vocabulary`, and texts no longer than `context`.
  init(
    _ path: String, groupSize: Int, perSampling: Int, vocabulary: Int, context: Int
  ) throws {
    let text = try FileSystem.text(of: path)
    let lines = try text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .compactMap { number, line -> RecordedCompletion? in
        guard !line.allSatisfy(\.isWhitespace) else { return nil }
        return try RecordedCompletion(String(line), place: "\(path):\(number + 1)")
      }
    guard let first = lines.first else {
      throw Diagnosis(Diagnosis.data, "\(path): holds no recorded completions")
    }
    rewards = first.scores.map(\.name)
    self.perSampling = perSampling
    for line in lines {
      try line.check(rewards: rewards, vocabulary: vocabulary, context: context)
    }
    groups = try stride(from: 0, to: lines.count, by: groupSize).map { start in
      try SampledGroup(lines[start...].prefix(groupSize), size: groupSize)
    }
  }

  /// How many groups there are.
  var count: Int { groups.count }

  /// The tokens of the longest prompt and of the longest completion.
  var longest: (prompt: Int, completion: Int) {
    (
      groups.map(\.prompt.ids.count).max() ?? 0,
      groups.flatMap(\.completions).map(\.ids.count).max() ?? 0
    )
  }

  var epochsPerSampling: Double { Double(perSampling) / Double(groups.count) }

  func sampling(_ number: Int) throws -> SampledGroups {
    let places = number * perSampling..<(number + 1) * perSampling
    return SampledGroups(places.map { groups[$0 % groups.count] })
  }

  func prompt(_ row: Int, epoch _: Int) throws -> Sample {
    guard let group = groups.first(where: { $0.row == row }) else {
      throw Diagnosis(
        Diagnosis.data,
        "the recorded completions hold none of row \(row), which the checkpoint goes on with")
    }
    return group.prompt
  }

  /// The file holds them already.
  func record(
    _: [SampledGroup], rewards _: [[Double?]], advantages _: [[Double]], step _: Int
  ) throws -> [String] { [] }
}

/// A line of a file of recorded completions.
private struct RecordedCompletion {
  let place: String, row: Int
  let prompt: [Int32], completion: SampledGroup.Completion
  let scores: [(name: String, score: Double?)]

  /// nil for a line of an evaluation, which nothing is learnt from.
  init?(_ line: String, place: String) throws {
    guard let json = try? JSONValue(parsing: line), json.object != nil else {
      throw Diagnosis(Diagnosis.data, "\(place): is not a JSON object")
    }
    if json["prompt_ids"] == nil, json["moment"] != nil { return nil }
    func ids(_ key: String) throws -> [Int32] {
      let ids = json[key]?.array.map { $0.compactMap { $0.int.flatMap(Int32.init(exactly:)) } }
      guard let ids, ids.count == json[key]?.array?.count, !ids.isEmpty else {
        throw Diagnosis(
          Diagnosis.data, "\(place): needs '\(key)', a list of token ids that is not empty")
      }
      return ids
    }
    guard let row = json["row"]?.int else {
      throw Diagnosis(Diagnosis.data, "\(place): needs 'row', the number of the prompt's row")
    }
    guard let rewards = json["rewards"]?.object, !rewards.isEmpty else {
      throw Diagnosis(
        Diagnosis.data, "\(place): needs 'rewards', as {\"name\": 0.5}; null where one abstained")
    }
    scores = try rewards.map { name, value in
      guard value == .null || value.double?.isFinite == true else {
        throw Diagnosis(
          Diagnosis.data, "\(place): the reward '\(name)' must be a number or null")
      }
      return (name, value.double)
    }
    self.place = place
    self.row = row
    prompt = try ids("prompt_ids")
    completion = .init(
      ids: try ids("completion_ids"), isTruncated: json["truncated"]?.bool ?? false,
      scores: scores.map(\.score))
  }

  func check(rewards: [String], vocabulary: Int, context: Int) throws {
    guard scores.map(\.name) == rewards else {
      throw Diagnosis(
        Diagnosis.data,
        "\(place): has the rewards \(scores.map(\.name).joined(separator: ", ")), but the first line "
          + "\(rewards.joined(separator: ", ")); all lines need the same in the same order")
    }
    let ids = prompt + completion.ids
    if let bad = ids.first(where: { $0 < 0 || Int($0) >= vocabulary }) {
      throw Diagnosis(
        Diagnosis.data,
        "\(place): holds the id \(bad), but the model has \(vocabulary) tokens; was it recorded with "
          + "another model?")
    }
    guard ids.count <= context else {
      throw Diagnosis(
        Diagnosis.data,
        "\(place): has \(ids.count) tokens with its prompt, but the model's context is \(context)")
    }
  }
}

extension SampledGroup {
  fileprivate init(_ lines: ArraySlice<RecordedCompletion>, size: Int) throws {
    guard let first = lines.first else { preconditionFailure("recorded completions: no line") }
    guard lines.count == size else {
      throw Diagnosis(
        Diagnosis.data,
        "\(first.place): the last group has \(lines.count) of objective.num_generations: \(size) lines"
      )
    }
    if let other = lines.first(where: { $0.prompt != first.prompt || $0.row != first.row }) {
      throw Diagnosis(
        Diagnosis.data,
        "\(other.place): is of another prompt than the line before, but groups have "
          + "objective.num_generations: \(size) lines of one prompt")
    }
    self.init(
      row: first.row,
      prompt: Sample(
        ids: first.prompt, isTrained: first.prompt.map { _ in false }, source: first.place,
        role: .prompt), completions: lines.map(\.completion))
  }
}
