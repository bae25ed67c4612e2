import Adapters
import Evaluation
import Formats
import JSON
import Tasks

/// README.md of a run's folder, as hubs of models read it: what was tuned on what, how, and how well. All of
/// it stands in run.json too.
struct ModelCard {
  private let receipt: JSONValue, reports: [(String, Report)], adapter: AdapterConfig?

  /// The name in the folder.
  static let fileName = "README.md"
  /// Says that the file is of this program, which may then replace it.
  private static let mark = "<!-- written by host train; another README.md is left as it is -->"

  init(_ receipt: JSONValue, _ reports: [(String, Report)], adapter: AdapterConfig?) {
    self.receipt = receipt
    self.reports = reports
    self.adapter = adapter
  }

  /// Writes the file, unless one lies there that somebody else has written.
  func write(to folder: String, tell: RunObserver) throws(FormatError) {
    let path = folder + "/" + Self.fileName
    if FileSystem.exists(path), let text = try? FileSystem.text(of: path), !text.contains(Self.mark)
    {
      return tell.note(
        "note      \(path) is somebody else's and stays as it is; there is no model card")
    }
    try DurableFile.write(text, to: path)
  }

  var text: String {
    ([frontMatter, Self.mark, "# \(title)", opening] + use + data + recipe + metrics)
      .joined(separator: "\n\n") + "\n"
  }

  private var base: String {
    adapter?.baseModel ?? receipt["recipe"]?["model_name_or_path"]?.string ?? ""
  }

  /// The base as a hub knows it; nil for a folder, which means nothing elsewhere.
  private var hubName: String? {
    let parts = base.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 && !parts[0].isEmpty && parts[0] != "." && parts[0] != ".."
      && !FileSystem.exists(base) ? base : nil
  }

  private var task: String { receipt["recipe"]?["task"]?.string ?? "" }
  private var objective: String { receipt["recipe"]?["objective"]?["type"]?.string ?? "sft" }
  private var isScore: Bool { objective == "reward_model" }
  private var title: String { "\(task): \(base.split(separator: "/").last ?? "a model"), tuned" }

  private var frontMatter: String {
    var lines = ["---"]
    if let hubName { lines.append("base_model: \(hubName)") }
    lines.append("library_name: \(adapter == nil ? "transformers" : "peft")")
    lines.append("pipeline_tag: \(isScore ? "text-classification" : "text-generation")")
    var tags = adapter.map { [Self.tag(of: $0)] } ?? []
    if adapter != nil, let hubName { tags.insert("base_model:adapter:\(hubName)", at: 0) }
    tags += [objective, "transformers"]
    lines += ["tags:"] + tags.map { "- \($0)" } + ["---"]
    return lines.joined(separator: "\n")
  }

  private static func tag(of config: AdapterConfig) -> String {
    (config.json["peft_type"]?.string ?? "lora").lowercased()
  }

  private var opening: String {
    let parameters = receipt["trained"]?["parameters"]?.int ?? 0
    let what = adapter.map { "an adapter (\(Self.words(of: $0))) of" } ?? "all weights of"
    return
      "\(Format.grouped(parameters)) trained parameters: \(what) `\(base)`, for the task `\(task)` "
      + "with the objective `\(objective)`. \(receipt["outcome"]?.string?.capitalizedFirst ?? "")."
  }

  private static func words(of adapter: AdapterConfig) -> String {
    let settings = adapter.method.settings.map { "\($0.name) \($0.text)" }
    return "\(adapter.method.title): " + settings.joined(separator: ", ")
  }

  /// What a reader of other programs must know of the base.
  private var residual: [String] {
    guard let residual = receipt["trained"]?["residual"], !residual.isNull else { return [] }
    let kind = residual["quantization"]?.string ?? ""
    return [
      "It was trained on \(kind) codes of what its start leaves of the base. `host` makes them again; other "
        + "programs put it on the base as it is, from which those codes differ by "
        + "\(Format.percent(residual["loss"]?.double ?? 1)) of what \(kind) codes of the base itself would."
    ]
  }

  private var use: [String] {
    guard let adapter else {
      return ["## Use", fence("host generate --model . --chat --prompt \"…\"")]
    }
    // Virtual tokens are no part of any weight.
    let merge =
      adapter.method.virtualTokens == nil
      ? "\nhost merge --model \(base) --adapter . --output-dir merged" : ""
    return ["## Use"] + residual + [
      fence(
        "host generate --model \(base) --adapter . --chat --prompt \"…\"" + merge),
      fence(
        "from peft import PeftModel\nfrom transformers import AutoModelForCausalLM\n\n"
          + "base = AutoModelForCausalLM.from_pretrained(\"\(base)\")\n"
          + "model = PeftModel.from_pretrained(base, \".\")", "python"),
    ]
  }

  private var data: [String] {
    var lines = ["| split | rows | tokens | trained tokens | sha256 |", "|---|---|---|---|---|"]
    for split in ["train", "validation"] {
      guard let rows = receipt["data"]?[split], let count = rows["rows"]?.int else { continue }
      let numbers = ["tokens", "trained_tokens"].map { Format.grouped(rows[$0]?.int ?? 0) }
      lines.append(
        "| \(split) | \(Format.grouped(count)) | \(numbers[0]) | \(numbers[1]) | "
          + "`\(rows["sha256"]?.string?.prefix(16) ?? "")` |")
    }
    return ["## Data", lines.joined(separator: "\n")]
  }

  private var recipe: [String] {
    let keys = [
      "data", "peft", "objective", "quantization_config", "training_args", "rewards",
    ]
    var settings = JSONValue.emptyObject
    for key in keys {
      guard let value = receipt["recipe"]?[key], !value.isNull, value != .array([]) else {
        continue
      }
      settings = settings.setting(key, key == "peft" ? Self.ownKeys(of: value) : value)
    }
    let engine = receipt["engine"]
    let made =
      "host \(receipt["host_version"]?.string ?? ""), seed \(receipt["seed"]?.int ?? 0), kernels "
      + "\(engine?["kernels"]?.string ?? "")"
    return ["## Recipe", "Made with \(made).", fence(settings.text(.pretty), "json")]
  }

  /// The keys of `peft` that the method reads; of an adapter that the run went on from, its place alone.
  private static func ownKeys(of peft: JSONValue) -> JSONValue {
    let start = peft["adapter_name_or_path"], hasStart = start?.string != nil
    let method = peft["method"]?.string.flatMap(PEFTRecipe.Method.init(rawValue:)) ?? .lora
    return .object(
      (peft.object ?? [:]).filter { key, _ in
        hasStart
          ? key == "adapter_name_or_path"
          : key != "adapter_name_or_path" && PEFTRecipe.reads(key, method)
      })
  }

  private var metrics: [String] {
    guard !reports.isEmpty else { return [] }
    return [
      "## Metrics", fence(ReportTable(reports.map { (name: $0.0, report: $0.1) }).description),
    ]
  }

  private func fence(_ text: String, _ language: String = "") -> String {
    "```\(language)\n\(text)\n```"
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
