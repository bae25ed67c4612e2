import JSON

/// What each key of LoRA's adapter_config.json means here: the whole list, so that none is passed over.
extension LoRAConfig {
  /// The keys of peft 0.21.2's LoraConfig beside the common ones.
  public static let keys: [(name: String, meaning: AdapterKey)] =
    settings + modules + beginnings + [
      ("use_dora", .read), ("lora_bias", .read), ("bias", .read),
      (
        "alora_invocation_tokens",
        .refused("an adapter that begins to act at certain tokens is not computed")
      ),
      ("use_qalora", .refused("QA-LoRA pools the adapter's input, which is not computed")),
      ("qalora_group_size", .idle("counts with use_qalora alone")),
      ("use_bdlora", .refused("block-diagonal adapters are not computed")),
      ("arrow_config", .refused("routing between several adapters is not computed")),
      ("monteclora_config", .refused("sampled adapters are not computed")),
      ("velora_config", .refused("VeLoRA keeps tensors of its own and trains by other gradients")),
      ("kasa_config", .refused("KaSA changes the base model's weights")),
      ("layer_replication", .refused("it repeats layers of the base model")),
      ("megatron_config", .refused("parallel layers of Megatron do not exist here")),
      ("megatron_core", .idle("counts with megatron_config alone")),
    ]

  private static let settings: [(name: String, meaning: AdapterKey)] = [
    ("r", .read), ("lora_alpha", .read), ("lora_dropout", .read), ("use_rslora", .read),
    ("rank_pattern", .read), ("alpha_pattern", .read),
    ("fan_in_fan_out", .idle("PEFT sets it to false for the projections of these models")),
  ]

  private static let modules: [(name: String, meaning: AdapterKey)] = [
    ("target_modules", .read), ("exclude_modules", .read), ("layers_to_transform", .read),
    ("layers_pattern", .read), ("ensure_weight_tying", .read),
    ("trainable_token_indices", .read),
    ("target_parameters", .refused("adapters on parameters of experts are not computed")),
  ]

  private static let beginnings: [(name: String, meaning: AdapterKey)] = [
    ("init_lora_weights", .read),
    ("eva_config", .idle("says how the adapter began")),
    ("corda_config", .idle("counts with init_lora_weights corda alone, which is refused")),
    ("lora_ga_config", .idle("counts with init_lora_weights lora_ga alone, which is refused")),
    ("loftq_config", .idle("counts with init_lora_weights loftq alone, which is refused")),
  ]
}
