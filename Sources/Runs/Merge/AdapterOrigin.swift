import Formats
import JSON
import Tensors

/// What an adapter was trained on, as the receipt of its run tells.
struct AdapterOrigin {
  /// The adapter's folder, and that of the run which made it; nil where no receipt tells of one.
  let folder: String, run: String?
  private let receipt: JSONValue

  /// Looks for a receipt in the adapter's folder, or above it where that is a checkpoint.
  init(of folder: String) {
    self.folder = folder
    let run =
      FileSystem.exists(folder + "/" + RunRecords.receipt) ? folder : RunRecords.run(around: folder)
    let receipt = run.flatMap { try? JSONValue(readingFile: $0 + "/" + RunRecords.receipt) }
    self.run = receipt == nil ? nil : run
    self.receipt = receipt ?? .null
  }

  /// How the base was stored while the adapter learned; nil: as its files have it, as far as is known.
  var quantization: Quantization? {
    let config = receipt["recipe"]?["quantization_config"]
    if config?["load_in_8bit"] == true { return .int8 }
    guard config?["load_in_4bit"] == true else { return nil }
    return .nf4(double: config?["bnb_4bit_use_double_quant"] == true)
  }

  /// The template's `enable_thinking` while the adapter learned.
  var enablesThinking: Bool? { receipt["recipe"]?["training_args"]?["enable_thinking"]?.bool }

  /// Refuses a model whose weights are not those that the receipt names; without a receipt, or hashes in
  /// it, nothing can be said.
  func check(base model: String) throws(FormatError) {
    guard let fault = fault(of: model) else { return }
    throw FormatError(
      .unsupported, folder,
      "was trained on \(receipt["base"]?["path"]?.string ?? "another model"); \(model) \(fault): name "
        + "the model that it was trained on")
  }

  /// Why the model in a folder is not the one that the adapter was trained on; nil where it is.
  func fault(of model: String) -> String? {
    let files = (receipt["base"]?["files"]?.object ?? [:]).filter {
      $0.key.hasSuffix(".safetensors") || $0.key.hasSuffix(".gguf")
    }
    for (name, digest) in files {
      guard FileSystem.exists(model + "/" + name) else { return "holds no \(name)" }
      guard let now = try? FileDigest(ofFile: model + "/" + name), now.json == digest else {
        return "has another \(name)"
      }
    }
    return nil
  }
}
