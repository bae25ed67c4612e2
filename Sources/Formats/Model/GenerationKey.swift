import JSON

/// What is made of a key of generation_config.json: one list for all that are known.
enum GenerationKey {
  /// Followed.
  case read
  /// Advice that the user gives, with options, or does not; null and these values advise nothing.
  case chosen(unless: [JSONValue])
  /// It changes no answer of this program.
  case idle
  /// Not computed; null and these values ask for nothing.
  case notComputed(unless: [JSONValue])

  static func meaning(of name: String) -> GenerationKey? { byName[name] }

  static var names: [String] { all.flatMap(\.names) }

  private static let all: [(meaning: GenerationKey, names: [String])] = [
    (.read, ["eos_token_id"]),
    (.chosen(unless: [false]), ["do_sample"]),
    (.chosen(unless: [1]), ["temperature", "top_p", "repetition_penalty"]),
    (.chosen(unless: [0]), ["top_k", "min_p"]),
    (.chosen(unless: []), ["max_length", "max_new_tokens"]),
    (
      .notComputed(unless: [1]),
      [
        "num_beams", "num_beam_groups", "num_return_sequences", "typical_p", "guidance_scale",
        "encoder_repetition_penalty",
      ]
    ),
    (
      .notComputed(unless: [0]),
      [
        "min_length", "min_new_tokens", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
        "diversity_penalty", "penalty_alpha", "epsilon_cutoff", "eta_cutoff",
      ]
    ),
    (
      .notComputed(unless: [false, [], [:]]),
      [
        "bad_words_ids", "force_words_ids", "constraints", "forced_bos_token_id",
        "forced_eos_token_id", "suppress_tokens", "begin_suppress_tokens", "sequence_bias",
        "exponential_decay_length_penalty", "stop_strings", "max_time", "top_h", "dola_layers",
        "token_healing", "watermarking_config",
      ]
    ),
    (
      .idle,
      [
        "bos_token_id", "pad_token_id", "decoder_start_token_id", "transformers_version",
        "_from_model_config", "_commit_hash", "use_cache", "cache_implementation",
        "cache_config", "max_cache_len", "use_mtp", "early_stopping", "length_penalty",
        "renormalize_logits", "remove_invalid_values", "output_attentions",
        "output_hidden_states", "output_scores", "output_logits", "return_dict_in_generate",
        "return_legacy_cache", "is_assistant", "num_assistant_tokens",
        "num_assistant_tokens_schedule", "assistant_confidence_threshold",
        "prompt_lookup_num_tokens", "max_matching_ngram_size", "assistant_early_exit",
        "assistant_lookbehind", "target_lookbehind", "assistant_ensemble_weight",
        "speculation_type", "compile_config", "disable_compile", "continuous_batching_config",
        "low_memory", "prefill_chunk_size",
      ]
    ),
  ]

  private static let byName = Dictionary(
    uniqueKeysWithValues: all.flatMap { key in key.names.map { ($0, key.meaning) } })
}
