/// What a key of an adapter_config.json means here.
public enum AdapterKey: Sendable {
  /// Read.
  case read
  /// Changes no number of a trained adapter, for this reason.
  case idle(String)
  /// Refused where it says anything, for this reason.
  case refused(String)

  /// The keys that every method of peft 0.21.2 has.
  static let common: [(name: String, meaning: AdapterKey)] = [
    ("peft_type", .read), ("base_model_name_or_path", .read), ("task_type", .read),
    ("modules_to_save", .read),
    ("revision", .idle("names the base model's version, which the user chooses")),
    ("auto_mapping", .idle("names the base model's class in transformers")),
    ("inference_mode", .idle("freezes the adapter in PEFT")),
    ("peft_version", .idle("names the writer")),
    ("runtime_config", .idle("PEFT does not read it from files")),
  ]

  /// Tasks whose models have a head of their own, whose weights the base model lacks.
  static let tasksWithHeads = ["TOKEN_CLS", "QUESTION_ANS"]
}
