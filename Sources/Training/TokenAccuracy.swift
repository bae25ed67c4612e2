import Objectives
import Tasks

extension ScoredTexts {
  /// How many trained tokens were the likeliest where they stand, by teacher forcing, as `accuracy`;
  /// and how many of the choices, by the choice X that stands there, as `accuracy_score_X`. `hits` says
  /// of each scored token whether it was.
  func accuracy(_ hits: [Bool]) -> [Metric] {
    var all = Metric("accuracy", 0, over: 0), choices: [String: Metric] = [:]
    var isHit: [Bool] = places.map { _ in false }
    for (entry, index) in entries.enumerated() {
      let place = places[index]
      if targets[entry] == samples[place.text].ids[place.place] { isHit[index] = hits[entry] }
    }
    for (index, place) in places.enumerated() {
      let sample = samples[place.text]
      guard sample.isTrained[place.place], sample.role != .option else { continue }
      let hit = isHit[index] ? 1.0 : 0
      all.sum += hit
      all.weight += 1
      for choice in sample.choices where choice.place == place.place {
        guard let option = choice.ids.firstIndex(of: sample.ids[place.place]) else { continue }
        let name = "accuracy_score_\(choice.options[option])"
        choices[name, default: Metric(name, 0, over: 0)].sum += hit
        choices[name]?.weight += 1
      }
    }
    return [all] + choices.values.sorted { $0.name < $1.name }
  }
}
