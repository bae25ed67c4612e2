import Benchmarks
import Runs
import Tasks

/// What benchmarks among a report's folders gain and lose against the first of them.
struct BenchmarkDifferences {
  private var all: [(title: String, list: [PairedDifference])] = []

  /// Reads the samples in those of `folders` that have some; what cannot be paired is said.
  init(_ folders: [(path: String, name: String)]) throws {
    let models = folders.filter { EarlierResults.areIn($0.path) }
    guard models.count > 1 else { return }
    let first = try EarlierResults(folder: models[0].path)
    for model in models.dropFirst() {
      let other = try EarlierResults(folder: model.path)
      var list: [PairedDifference] = []
      for task in first.tasks where other.tasks.contains(task) {
        do {
          list += try PairedDifference.all(
            first.scores(of: task, groups: []), other.scores(of: task, groups: []))
        } catch let error as BenchmarkError {
          Console.note("\(model.name): \(error)")
        }
      }
      if !list.isEmpty { all.append(("\(model.name) less \(models[0].name)", list)) }
    }
  }

  /// The differences for a page, and for the terminal.
  var tables: [Table] { all.map { BenchmarkPage.table($0.list, $0.title) } }
  var texts: [String] { all.map { BenchmarkTable.text($0.list, $0.title) } }
}
