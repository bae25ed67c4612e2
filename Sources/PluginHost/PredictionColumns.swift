import CPluginABI
import JSON
import Tasks

/// Predictions as the ABI's columns.
struct PredictionColumns {
  private var block: [CChar] = []
  private var spans: [(offset: Int, count: Int)?] = []
  private let predictions: [Prediction]

  init(_ predictions: [Prediction]) {
    self.predictions = predictions
    for prediction in predictions {
      add(prediction.text)
      add(prediction.example.json.text())
      add(prediction.reference)
      add(prediction.example.metadata.text())
    }
  }

  private mutating func add(_ text: String?) {
    spans.append(text.map { (block.count, $0.utf8.count) })
    block.append(contentsOf: (text ?? "").utf8.map { CChar(bitPattern: $0) })
  }

  /// Lends the columns to `body`. The block ends in a NUL, so that it has an address even if empty.
  func withTable<R>(_ body: (UnsafePointer<tk_predictions_v1>) -> R) -> R {
    let indices = predictions.map { Int64($0.index) }, count = predictions.count
    return (block + [0]).withUnsafeBufferPointer { block in
      let texts = spans.map { span in
        span.map { tk_str(ptr: block.baseAddress! + $0.offset, len: $0.count) } ?? tk_str()
      }
      // Four columns behind one another, out of rows of four.
      let columns = (0..<4).flatMap { column in predictions.indices.map { texts[4 * $0 + column] } }
      return indices.withUnsafeBufferPointer { indices in
        columns.withUnsafeBufferPointer { columns in
          func column(_ index: Int) -> UnsafePointer<tk_str>? {
            columns.baseAddress.map { $0 + index * count }
          }
          var table = tk_predictions_v1()
          table.count = count
          table.indices = indices.baseAddress
          table.texts = column(0)
          table.examples_json = column(1)
          table.references = column(2)
          table.metadata_json = column(3)
          return withNumbers(of: predictions.map(\.choiceLogLikelihoods)) { rows, counts in
            table.choice_log_likelihoods = rows
            table.choice_counts = counts
            return withNumbers(of: predictions.map(\.scores)) { rows, counts in
              table.scores = rows
              table.score_counts = counts
              return withUnsafePointer(to: table) { body($0) }
            }
          }
        }
      }
    }
  }
}

/// Lends rows of numbers: where each begins, and how many it has.
private func withNumbers<R>(
  of rows: [[Double]],
  _ body: (UnsafePointer<UnsafePointer<Double>?>?, UnsafePointer<Int>?) -> R
) -> R {
  rows.flatMap { $0 }.withUnsafeBufferPointer { numbers in
    var offset = 0
    let starts = rows.map { row -> UnsafePointer<Double>? in
      defer { offset += row.count }
      return numbers.baseAddress.map { $0 + offset }
    }
    return starts.withUnsafeBufferPointer { starts in
      rows.map(\.count).withUnsafeBufferPointer { body(starts.baseAddress, $0.baseAddress) }
    }
  }
}
