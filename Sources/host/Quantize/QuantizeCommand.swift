import ArgumentParser
import Formats
import Models
import Runs
import Tensors

/// `host quantize`
struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize", abstract: "Stores a model with its projections quantized.",
    discussion: """
      The folder holds bitsandbytes' tensors: it loads by mapping here, and in
      transformers. Embeddings, norms, convolutions, biases and the output head stay
      as they are; tokenizer and all other files are copied.

      Examples:
        host quantize --model Qwen/Qwen3-0.6B --output-dir ./qwen3-0.6b-nf4
        host quantize --model ./my-model --quantization int8 \\
          --output-dir ./my-model-int8
      """)

  @OptionGroup var options: ModelOptions
  @Option(
    help: ArgumentHelp(
      "nf4 (4 bits, their scales in 8), nf4-single (4 bits, scales in f32) or int8.",
      valueName: "kind"))
  var quantization = Quantization.nf4(double: true)
  @Option(help: ArgumentHelp("The folder to write; it must not exist.", valueName: "folder"))
  var outputDir: String

  func run() throws {
    let source = try options.folder()
    var reads = OutputGuard()
    reads.add("--model", source, .model)
    // One that is there is refused by itself.
    if !FileSystem.exists(outputDir) {
      try reads.check(folder: outputDir, .replacesAll, option: "--output-dir")
    }
    // Opening the model checks every tensor's shape and says which ones are projections.
    let model = try CausalLanguageModel(folder: source)
    let linears = model.linears.filter { $0.path != model.head.path }
    let folder = try QuantizedFolder(
      source: source, projections: Set(linears.map { $0.path + ".weight" }),
      quantization: quantization)
    var bar = ProgressBar("quantizing", total: linears.count, unit: "matrices")
    defer { bar.finish() }
    try folder.write(to: outputDir) { done, _ in bar.update(done) }
    let bytes = try SafeTensorsFolder(path: outputDir).files.reduce(0) { $0 + $1.file.count }
    bar.finish("written   \(outputDir)  (\(quantization.name), \(Format.bytes(bytes)))")
  }
}
