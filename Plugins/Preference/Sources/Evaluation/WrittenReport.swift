import TaskKit

/// The report on answers that were written, without log-probabilities.
struct WrittenReport {
  let report: Report

  init(_ rows: [RowMetadata], _ written: WrittenAnswers, _ means: ClusteredMeans) throws {
    let metrics = written.metrics(means), names = metrics.map(\.name)
    var known = [WrittenAnswers.closer, WrittenAnswers.agreement]
    if rows.allSatisfy({ $0.chosen == nil && $0.answer == nil }) {
      known.append(WrittenAnswers.words)
    }
    guard let primary = known.first(where: names.contains) else {
      throw PluginError(
        .data, "no row has a wanted answer to compare with, and none has log-probabilities")
    }
    let given = [
      ("chosen", rows.compactMap { $0.chosen ?? $0.answer }),
      ("rejected", rows.compactMap(\.rejected)),
    ].filter { !$0.1.isEmpty }
    report = Report(
      count: rows.count, primary: primary, metrics: metrics,
      baselines: given.map { ($0, WrittenAnswers.lengths($1.map(\.length))) },
      details: [
        "definitions": .object(WrittenAnswers.definitions), "interval": means.note,
        "words": .string(Words.note),
      ], clusters: means.names)
  }
}
