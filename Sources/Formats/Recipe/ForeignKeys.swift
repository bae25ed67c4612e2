/// What the keys of other programs' recipes (TRL and transformers, LLaMA-Factory, axolotl, DeepSpeed) are
/// here: a key of ours, or a sentence that says why there is none. The reference of keys is made of the
/// same table.
enum ForeignKey: Sendable, Hashable {
  /// The same thing under this path.
  case renamed(String)
  /// Nothing to set, and why.
  case answered(String)

  /// What a reader of the key is told.
  var advice: String {
    switch self {
    case .renamed(let path): "did you mean '\(path)'?"
    case .answered(let sentence): sentence
    }
  }

  /// What `key` means elsewhere; nil for a key that nobody is known to have.
  static func named(_ key: String) -> ForeignKey? { all[key] }

  /// The names that others have for our key at `path`.
  static func names(for path: String) -> [String] {
    all.filter { $0.value == .renamed(path) }.map(\.key).sorted()
  }

  /// The paths here that words lead to, and all words.
  static var targets: [String] { renamed.map(\.path) }
  static var words: [String] { renamed.flatMap(\.names) + answered.flatMap(\.names) }

  private static let all: [String: ForeignKey] = {
    var all: [String: ForeignKey] = [:]
    for (path, names) in renamed {
      for name in names { all[name] = .renamed(path) }
    }
    for (sentence, names) in answered {
      for name in names { all[name] = .answered(sentence) }
    }
    return all
  }()

  private static let renamed: [(path: String, names: [String])] = [
    ("model_name_or_path", ["model", "base_model", "model_name", "model_path"]),
    (
      "data.train",
      [
        "train_file", "train_dataset", "datasets", "dataset_name", "dataset_dir", "train_data",
      ]
    ),
    ("data.validation", ["eval_dataset", "validation_file", "test_datasets", "eval_file"]),
    ("data.validation_fraction", ["val_size", "val_set_size", "validation_split"]),
    ("peft.method", ["finetuning_type", "adapter", "train_type"]),
    ("peft.r", ["lora_rank", "lora_r", "rank"]),
    ("peft.lora_alpha", ["alpha"]),
    ("peft.target_modules", ["lora_target", "lora_target_modules", "lora_target_linear"]),
    ("peft.modules_to_save", ["additional_target", "lora_modules_to_save"]),
    ("peft.adapter_name_or_path", ["lora_model_dir", "lora_path"]),
    ("peft.init_lora_weights", ["pissa_init"]),
    ("objective.type", ["stage", "rl", "rlhf_type"]),
    ("objective.beta", ["pref_beta", "dpo_beta", "rl_beta"]),
    ("objective.loss_type", ["pref_loss", "dpo_loss"]),
    ("objective.loss_weights", ["pref_ftx", "rpo_alpha"]),
    ("objective.desirable_weight", ["kto_chosen_weight", "kto_desirable_weight"]),
    ("objective.undesirable_weight", ["kto_rejected_weight", "kto_undesirable_weight"]),
    ("training_args.learning_rate", ["lr"]),
    ("training_args.lr_scheduler_type", ["lr_scheduler", "scheduler"]),
    ("training_args.num_train_epochs", ["num_epochs", "epochs"]),
    (
      "training_args.per_device_train_batch_size",
      [
        "micro_batch_size", "batch_size", "train_micro_batch_size_per_gpu",
        "per_gpu_train_batch_size",
      ]
    ),
    ("training_args.per_device_eval_batch_size", ["eval_batch_size", "per_gpu_eval_batch_size"]),
    ("training_args.gradient_accumulation_steps", ["train_batch_size", "gradient_accumulation"]),
    (
      "training_args.max_length",
      [
        "cutoff_len", "sequence_len", "max_seq_length", "max_seq_len", "model_max_length",
        "max_sequence_length", "block_size",
      ]
    ),
    ("training_args.max_grad_norm", ["gradient_clipping"]),
    ("training_args.warmup_ratio", ["warmup_proportion"]),
    ("training_args.gradient_checkpointing", ["activation_checkpointing"]),
    ("training_args.save_total_limit", ["max_checkpoints"]),
    ("rewards", ["reward_funcs", "reward_model"]),
    ("distribution.stage", ["zero_optimization", "zero_stage", "deepspeed", "fsdp"]),
    ("distribution.offload.optimizer", ["offload_optimizer", "device"]),
    ("distribution.offload.folder", ["nvme_path"]),
    ("quantization_config.load_in_4bit", ["quantization_bit", "quantization"]),
  ]

  private static let answered: [(sentence: String, names: [String])] = [
    ("the optimizer is AdamW, always; leave it out", ["optim", "optimizer", "optim_args"]),
    (
      "texts of a micro-batch are packed without padding, always; leave it out",
      [
        "packing", "sample_packing", "eval_sample_packing", "neat_packing", "padding_free",
        "pad_to_sequence_len", "group_by_length", "eval_packing",
      ]
    ),
    (
      "an evaluation comes after every training_args.eval_steps; leave it out",
      ["eval_strategy", "evaluation_strategy", "evals_per_epoch", "do_eval", "eval_on_start"]
    ),
    (
      "a checkpoint comes after every training_args.save_steps and save_minutes; leave it out",
      ["save_strategy", "saves_per_epoch", "save_only_model"]
    ),
    (
      "a row of the log comes after every training_args.logging_steps; leave it out",
      ["logging_strategy", "logging_first_step"]
    ),
    (
      "sums are f32; training_args.bf16 rounds the operands of products; leave it out",
      ["fp16", "tf32", "pure_bf16", "float16", "compute_type", "torch_dtype", "dtype", "amp"]
    ),
    (
      "the assistant's turns are trained, and nothing else; leave it out",
      ["train_on_inputs", "train_on_prompt", "assistant_only_loss", "completion_only_loss"]
    ),
    ("data.assistant_turns and a message's 'weight' say what is trained", ["mask_history"]),
    (
      "the model's own chat template is used; leave it out",
      ["template", "chat_template", "default_system", "special_tokens", "tokenizer_type"]
    ),
    (
      "the model's config.json and tokenizer say it; leave it out",
      [
        "model_type", "tokenizer_name", "tokenizer_config", "trust_remote_code",
        "is_llama_derived_model",
        "use_fast_tokenizer", "tokenizer_use_fast", "resize_vocab",
      ]
    ),
    (
      "attention is computed by kernels of this program's own; leave it out",
      [
        "flash_attn", "flash_attention", "attn_implementation", "xformers_attention",
        "sdp_attention", "use_cache", "use_unsloth", "enable_liger_kernel", "use_liger_kernel",
      ]
    ),
    (
      "it belongs to a GPU or to PyTorch; leave it out",
      [
        "gradient_checkpointing_kwargs", "ddp_timeout", "ddp_find_unused_parameters",
        "ddp_backend", "local_rank", "dataloader_num_workers", "dataloader_pin_memory",
        "preprocessing_num_workers", "dataset_num_proc", "remove_unused_columns", "no_cuda",
        "use_cpu", "torch_compile", "use_vllm", "vllm_mode", "fsdp_config", "device_map",
      ]
    ),
    ("tokens of rows are kept from run to run; --no-cache goes without", ["overwrite_cache"]),
    ("give --overwrite on the command line", ["overwrite_output_dir"]),
    (
      "give --resume on the command line",
      ["resume_from_checkpoint", "auto_resume_from_checkpoints"]
    ),
    ("host train trains, host evaluate judges; leave it out", ["do_train", "do_predict"]),
    ("the logs lie in output_dir/logs; leave it out", ["logging_dir"]),
    ("report.html in output_dir shows the curves; leave it out", ["plot_loss"]),
    ("weights are stored as safetensors, always; leave it out", ["save_safetensors"]),
    (
      "nothing is sent anywhere; report_to: [wandb] keeps a file for `wandb sync`",
      [
        "push_to_hub", "hub_model_id", "hub_token", "run_name", "wandb_project", "wandb_entity",
        "wandb_name", "wandb_run_id", "wandb_watch", "wandb_log_model",
      ]
    ),
    (
      "rows say for themselves which columns they have; leave it out",
      ["dataset_text_field", "dataset_kwargs", "formatting", "dataset_prepared_path"]
    ),
    (
      "evaluation.max_samples bounds evaluations; training rows are not bounded",
      ["max_samples", "max_train_samples", "max_eval_samples"]
    ),
    (
      "it is not there",
      [
        "neftune_noise_alpha", "use_badam", "use_galore", "use_apollo", "use_llama_pro",
        "lora_fan_in_fan_out", "early_stopping_steps", "auto_find_batch_size",
      ]
    ),
  ]
}

extension Recipe {
  /// What to do about a key of another program's recipe; nil for one that nobody is known to have.
  public static func advice(onForeignKey key: String) -> String? { ForeignKey.named(key)?.advice }
}
