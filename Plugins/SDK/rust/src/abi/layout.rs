//! The sizes of ABI version 1, the same as in the host; another size does not compile.

use super::*;

macro_rules! pin {
    ($($name:ident: $size:literal),* $(,)?) => {
        $(const _: () = assert!(std::mem::size_of::<$name>() == $size);)*
    };
}

pin! {
    tk_str: 16, tk_error: 16, tk_host_v1: 72, tk_tokenizer_v1: 24, tk_generation_v1: 48,
    tk_answers_out_v1: 16, tk_generate_v1: 56, tk_score_v1: 56, tk_text_out_v1: 16, tk_progress_v1: 32,
    tk_part_v1: 40, tk_example_out_v1: 72, tk_dataset_v1: 56, tk_predictions_v1: 96, tk_evaluator_v1: 64,
    tk_reward_facts_v1: 64, tk_reward_batch_v1: 64, tk_reward_out_v1: 48, tk_reward_v1: 48, tk_task_v1: 64,
    tk_dataset_sources_v1: 48, tk_export_v1: 40, tk_plugin_head: 16, tk_plugin_v1: 96,
}
