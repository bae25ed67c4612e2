import JSON
import Names

/// What is made of a key of config.json: one list for all that are known.
struct ConfigKey {
  enum Use {
    /// The equations follow it, or files that are written.
    case read
    /// As `read` in these families; in others it must have one of these values.
    case readBy([ModelConfig.Architecture], elsewhere: [JSONValue])
    /// It changes no number of a forward or a backward pass.
    case harmless
    /// Refused, unless it is null or one of these values, with the reason.
    case refused(unless: [JSONValue], String)
  }

  let names: [String], use: Use

  private init(_ use: Use, _ names: String...) {
    self.names = names
    self.use = use
  }

  /// All known keys of a language model's configuration.
  static let all: [ConfigKey] = [
    .init(
      .read, "architectures", "model_type", "hidden_size", "intermediate_size",
      "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size",
      "rms_norm_eps", "initializer_range", "rope_theta", "rope_scaling", "rope_parameters",
      "partial_rotary_factor", "original_max_position_embeddings", "max_position_embeddings",
      "tie_word_embeddings", "sliding_window", "use_sliding_window", "max_window_layers",
      "layer_types", "eos_token_id", "pad_token_id", "dtype", "torch_dtype", "quantization_config",
      "id2label", "num_labels"),
    .init(.readBy([.llama, .qwen3, .smolLM3], elsewhere: [false]), "attention_bias"),
    .init(.readBy([.llama, .smolLM3], elsewhere: [false]), "mlp_bias"),
    .init(.readBy([.smolLM3], elsewhere: []), "no_rope_layers", "no_rope_layer_interval"),
    .init(
      .readBy([.qwen2Audio], elsewhere: []), "text_config", "audio_config", "audio_token_index",
      "audio_token_id", "ignore_index"),

    .init(
      .refused(unless: ["silu", "swish"], "only silu is supported"), "hidden_act",
      "hidden_activation", "activation_function", "mlp_hidden_act"),
    .init(
      .refused(unless: [0], "mixtures of experts are not computed"), "num_experts",
      "num_local_experts", "n_routed_experts", "moe_num_experts", "n_shared_experts"),
    .init(
      .refused(unless: [], "mixtures of experts are not computed"), "num_experts_per_tok",
      "moe_intermediate_size", "shared_expert_intermediate_size", "first_k_dense_replace",
      "mlp_layer_types"),
    .init(
      .refused(unless: [1], "a factor that is not computed; only 1 is supported"),
      "embedding_multiplier", "residual_multiplier", "logits_scaling", "logit_scale",
      "logits_scale", "scale_emb", "mup_width_multiplier", "rotary_pct", "rotary_percent",
      "rope_ratio"),
    .init(
      .refused(unless: [], "it scales numbers in a way that is not computed"),
      "attention_multiplier", "query_pre_attn_scalar", "scale_depth", "dim_model_base",
      "attn_scale", "mup_base_width"),
    .init(
      .refused(unless: [0], "caps of logits are not computed"), "final_logit_softcapping",
      "attn_logit_softcapping", "logit_softcapping", "final_logits_soft_cap"),
    .init(.refused(unless: [], "cut values are not computed"), "clip_qkv", "qkv_clip"),
    .init(
      .refused(unless: [false], "no supported family has such norms by a key"), "qk_norm",
      "use_qk_norm", "qk_layernorm", "use_qk_layernorm"),
    .init(
      .refused(unless: [false], "such biases are not supported"), "bias", "use_bias", "qkv_bias",
      "attention_qkv_bias", "attention_out_bias", "attention_output_bias", "lm_head_bias"),
    .init(.refused(unless: [true], "biases are not added"), "no_bias"),
    .init(.refused(unless: [true], "only causal attention is computed"), "is_causal"),
    .init(
      .refused(unless: [false], "only causal self-attention is computed"),
      "use_bidirectional_attention", "add_cross_attention", "is_encoder_decoder"),
    .init(
      .refused(unless: [false], "blocks are computed one part after the other"),
      "use_parallel_residual", "parallel_attn", "parallel_residual"),
    .init(.refused(unless: [false], "positions are rotations"), "alibi", "use_alibi"),
    .init(
      .refused(unless: ["rope", "rotary", "absolute"], "positions are rotations"),
      "position_embedding_type"),
    .init(
      .refused(unless: [false], "only rotations of halves are computed"), "rope_interleave",
      "rope_interleaved", "rope_traditional", "use_mrope"),
    .init(
      .refused(unless: [], "this kind of attention is not computed"), "attention_chunk_size",
      "sliding_window_pattern", "global_attn_every_n_layers", "rope_local_base_freq",
      "global_rope_theta", "local_rope_theta", "rotary_emb_base", "kv_lora_rank", "q_lora_rank",
      "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"),
    .init(
      .refused(unless: [false], "this kind of attention is not computed"),
      "attn_temperature_tuning", "use_attention_sinks", "attention_sinks"),
    .init(
      .refused(unless: [[:], []], "layers have one shape"), "per_layer_config", "block_configs",
      "pruned_heads"),
    .init(.refused(unless: [0], "each layer has keys of its own"), "num_kv_shared_layers"),
    .init(
      .refused(unless: [0], "dropout of the base model is not computed; 0 evaluates alike"),
      "attention_dropout", "hidden_dropout", "resid_pdrop", "resid_dropout", "embd_pdrop",
      "embedding_dropout", "hidden_dropout_prob", "attention_probs_dropout_prob"),
    .init(
      .refused(unless: [[:]], "weights in this form are not read"), "quantization",
      "compression_config"),

    .init(
      .harmless, "transformers_version", "_name_or_path", "name_or_path", "_commit_hash",
      "use_cache", "pretraining_tp", "return_dict", "output_hidden_states", "output_attentions",
      "torchscript", "use_bfloat16", "tf_legacy_loss", "chunk_size_feed_forward",
      "label2id", "problem_type", "finetuning_task", "task_specific_params",
      "tokenizer_class", "prefix", "is_decoder", "tie_encoder_decoder",
      "cross_attention_hidden_size", "attn_implementation", "_attn_implementation",
      "_attn_implementation_autoset", "_attn_implementation_internal", "_flash_attn_2_enabled",
      "_experts_implementation", "experts_implementation", "gradient_checkpointing",
      "initializer_factor", "auto_map", "is_llama_config", "transformers.js_config",
      "unsloth_fixed",
      "unsloth_version", "model_max_length", "max_sequence_length", "seq_length",
      "max_seq_len", "max_seq_length", "n_positions", "n_ctx", "tokenizer_model_max_length",
      "tokenizer_padding_side", "bos_token_id"),
    // Settings of generation, which transformers takes out of config.json too.
    .init(
      .harmless, "do_sample", "temperature", "top_k", "top_p", "min_p", "typical_p",
      "repetition_penalty", "length_penalty", "num_beams", "num_beam_groups",
      "diversity_penalty", "max_length", "min_length", "max_new_tokens", "early_stopping",
      "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "num_return_sequences",
      "remove_invalid_values", "return_dict_in_generate", "output_scores", "bad_words_ids",
      "forced_bos_token_id", "forced_eos_token_id", "suppress_tokens", "begin_suppress_tokens",
      "exponential_decay_length_penalty", "decoder_start_token_id", "sep_token_id"),
  ]

  private static let byName = Dictionary(
    uniqueKeysWithValues: all.flatMap { key in key.names.map { ($0, key.use) } })

  /// What is made of `name`; nil where nobody knows it.
  static func use(of name: String) -> Use? { byName[name] }
}

extension ConfigReader {
  /// Refuses the first key whose value asks for what is not computed.
  func refuseWhatIsNotComputed(_ family: ModelConfig.Architecture) throws(FormatError) {
    for (key, value) in members {
      switch ConfigKey.use(of: key) {
      case .refused(let neutral, let reason) where !value.isNeutral(among: neutral):
        throw fault(key, "is \(value.inSentence); \(reason)")
      case .readBy(let families, let neutral)
      where !families.contains(family) && !value.isNeutral(among: neutral):
        // Its biases are those of the class, whatever the key says.
        if key == "attention_bias", family.hasFixedBiases { continue }
        throw fault(key, "is \(value.inSentence), which \(family.rawValue) does not have")
      default: continue
      }
    }
  }

  /// Keys that are on no list, each with the nearest known one.
  var unknownKeys: [String] {
    members.keys.filter { ConfigKey.use(of: $0) == nil }.map { key in
      let hint = nearestName(to: key, among: ConfigKey.all.flatMap(\.names))
      return section + key + (hint.map { " (like \($0))" } ?? "")
    }
  }
}

extension ModelConfig.Architecture {
  /// Whether the class decides about biases, not config.json.
  fileprivate var hasFixedBiases: Bool { self == .qwen2 || self == .qwen2Audio }
}

extension JSONValue {
  fileprivate func isNeutral(among values: [JSONValue]) -> Bool {
    isNull || values.contains { $0 == self || ($0.double != nil && $0.double == double) }
  }

  /// As config.json's errors quote it.
  fileprivate var inSentence: String { string.map { "'\($0)'" } ?? text() }
}
