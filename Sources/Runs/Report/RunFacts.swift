import Adapters
import Formats
import JSON

/// What a run was, in a few lines for the head of its page, as its receipt tells.
struct RunFacts {
  private let receipt: JSONValue, method: String?

  init(_ receipt: JSONValue, adapter: AdapterConfig?) {
    self.receipt = receipt
    method = adapter.map { config in
      let settings = config.method.settings.map { "\($0.name) \($0.text)" }
      return "\(config.method.title): " + settings.joined(separator: ", ")
    }
  }

  /// The facts that the receipt has, each with its name.
  var list: [(name: String, value: String)] {
    let facts: [(String, String?)] = [
      ("model", recipe("model_name_or_path")), ("trained", trained), ("data", data),
      ("objective", receipt["recipe"]?["objective"]?["type"]?.string), ("recipe", settings),
      ("outcome", receipt["outcome"]?.string), ("time", time),
      ("host", receipt["host_version"]?.string.map { "\($0), seed \(seed)" }),
    ]
    return facts.compactMap { name, value in value.map { (name, $0) } }
  }

  private func recipe(_ key: String) -> String? { receipt["recipe"]?[key]?.string }
  private var seed: Int { receipt["seed"]?.int ?? 0 }

  private var trained: String? {
    receipt["trained"]?["parameters"]?.int.map {
      "\(Format.grouped($0)) parameters, " + (method ?? "every weight")
    }
  }

  private var data: String? {
    let parts = ["train", "validation"].compactMap { split -> String? in
      guard let rows = receipt["data"]?[split]?["rows"]?.int else { return nil }
      let tokens = receipt["data"]?[split]?["tokens"]?.int ?? 0
      return "\(Format.grouped(rows)) rows (\(Format.grouped(tokens)) tokens) of \(split)"
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  private var settings: String? {
    guard let training = receipt["recipe"]?["training_args"] else { return nil }
    let rows =
      (training["per_device_train_batch_size"]?.int ?? 0)
      * (training["gradient_accumulation_steps"]?.int ?? 1)
    let rate = training["learning_rate"]?.double.map(Format.short) ?? "?"
    return
      "\(rows) rows a step, learning rate \(rate) (\(training["lr_scheduler_type"]?.string ?? ""))"
      + ", max_length \(training["max_length"]?.int ?? 0)"
  }

  private var time: String? {
    guard let time = receipt["time"], let seconds = time["seconds"]?.double else { return nil }
    var text = Format.duration(seconds)
    if let pace = time["tokens_per_second"]?.double { text += ", \(Format.short(pace)) tokens/s" }
    if let memory = time["peak_memory_mib"]?.double {
      text += ", at most \(Format.bytes(Int(memory * 1_048_576))) of memory"
    }
    return text
  }
}
