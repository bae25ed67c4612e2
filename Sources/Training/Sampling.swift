import JSON
import Tasks

/// One sampling: groups of completions, and what has been made of them.
struct Sampling {
  let number: Int
  let groups: [SampledGroup]
  /// The advantage of each completion, group after group.
  let advantages: [Double]
  /// The log-probability of each of its tokens before the first step that learns from them; nil where
  /// one step does.
  var old: [[Float]?]

  init(_ number: Int, _ groups: [SampledGroup], _ advantages: [[Double]]) {
    self.number = number
    self.groups = groups
    self.advantages = advantages.flatMap(\.self)
    old = self.advantages.map { _ in nil }
  }

  /// The completions of the `slice`-th step of a cycle as rows.
  func rows(of slice: Int, _ plan: RolloutPlan) -> [TrainingRow] {
    let all = groups.flatMap { group in group.completions.map { (group, $0) } }
    let first = min(slice * plan.completionsPerStep, all.count)
    return all.indices[first...].prefix(plan.completionsPerStep).map { place in
      let (group, completion) = all[place]
      let isMasked = plan.masksTruncated && completion.isTruncated
      return TrainingRow(
        [group.text(of: completion, isMasked: isMasked)], index: group.row,
        sampling: .init(
          advantage: advantages[place], old: old[place],
          decoded: isMasked ? [] : completion.decoded))
    }
  }
}

extension Sampling {
  /// For a checkpoint: prompts by their rows, the rest whole.
  var json: JSONValue {
    var place = 0
    let groups = groups.map { group -> JSONValue in
      let completions = group.completions.map { completion -> JSONValue in
        defer { place += 1 }
        return [
          "ids": .array(completion.ids.map { .int(Int($0)) }),
          "truncated": .bool(completion.isTruncated), "advantage": .double(advantages[place]),
          "old": old[place].map { .array($0.map { .double(Double($0)) }) } ?? .null,
        ]
      }
      return [
        "row": .int(group.row), "epoch": .int(group.epoch), "completions": .array(completions),
      ]
    }
    return ["number": .int(number), "groups": .array(groups)]
  }

  /// Reads what `json` wrote; nil where it is something else.
  init?(json: JSONValue, prompt: (_ row: Int, _ epoch: Int) throws -> Sample) throws {
    guard let number = json["number"]?.int, let items = json["groups"]?.array else { return nil }
    var groups: [SampledGroup] = [], advantages: [[Double]] = [], old: [[Float]?] = []
    for item in items {
      guard let row = item["row"]?.int, let epoch = item["epoch"]?.int,
        let completions = item["completions"]?.array
      else { return nil }
      let kept = completions.compactMap(Kept.init)
      guard kept.count == completions.count else { return nil }
      groups.append(
        SampledGroup(
          row: row, epoch: epoch, prompt: try prompt(row, epoch),
          completions: kept.map { .init(ids: $0.ids, isTruncated: $0.isTruncated) }))
      advantages.append(kept.map(\.advantage))
      old += kept.map(\.old)
    }
    self.init(number, groups, advantages)
    self.old = old
  }
}

/// A completion as a checkpoint holds it.
private struct Kept {
  let ids: [Int32], isTruncated: Bool, advantage: Double
  let old: [Float]?

  /// nil where something else stands there.
  init?(_ json: JSONValue) {
    guard let items = json["ids"]?.array, let isTruncated = json["truncated"]?.bool,
      let advantage = json["advantage"]?.double
    else { return nil }
    let numbers = json["old"]?.array
    ids = items.compactMap { $0.int.flatMap { Int32(exactly: $0) } }
    old = numbers?.compactMap { $0.double.map { Float($0) } }
    guard ids.count == items.count, old?.count == numbers?.count else { return nil }
    self.isTruncated = isTruncated
    self.advantage = advantage
  }
}
