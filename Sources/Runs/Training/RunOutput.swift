import Formats
import JSON
public import Ranks
import Rows
import Tensors
import Training

/// The files that a finished run leaves for others to use.
public enum RunOutput {
  /// Writes the trained weights and their configuration into `folder`; beside an adapter the files of
  /// the base model in `model` that its prompts are made with, beside a whole model all that the base
  /// has beside its weights. Adapters are stored in f32 as PEFT does, whole models in their own type.
  /// Ranks own what is written; others than rank 0 call `Trainable.send` meanwhile.
  public static func write(
    _ trainable: Trainable, model: String, to folder: String, _ group: Group = .alone
  ) throws(FormatError) {
    let configuration = trainable.configuration
    try DurableFile.write(configuration.text, to: folder + "/" + configuration.name)
    var type = ScalarType.f32
    if case .full(_, _, let config, _) = trainable, config.dtype == "bfloat16" { type = .bf16 }
    try SafeTensorsWriter.write(
      trainable.sources(as: type, group), metadata: trainable.metadata,
      to: folder + "/" + trainable.weightsFile)
    let isAdapter = trainable.adapters != nil
    for name in isAdapter ? ModelFolder.promptFiles(of: model) : ModelFolder.companions(of: model) {
      try DurableFile.copy(model + "/" + name, to: folder + "/" + name)
    }
  }

  /// Lines that name every row left out or cut, `skipped.jsonl`; nothing when there are none.
  public static func writeSkipped(
    _ data: [(split: String, data: EncodedDataset)], to folder: String
  )
    throws(FormatError)
  {
    let lines = data.flatMap { split, data in
      data.statistics.skipped.map { skipped -> String in
        let row: JSONValue = [
          "split": .string(split), "row": .int(skipped.row), "tokens": .int(skipped.length),
          "reason": .string(skipped.reason),
        ]
        return row.text(.spaced) + "\n"
      }
    }
    guard !lines.isEmpty else { return }
    try DurableFile.write(lines.joined(), to: folder + "/skipped.jsonl")
  }
}
