/* The sizes of ABI version 1. They never change: the Swift runtime keeps one description of a C
 * struct for each name, so two plugins with different sizes corrupt each other's memory. */
#include "include/CPluginABI.h"

#define AT(type, member, offset) \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member " moved")
#define PIN(type, size) _Static_assert(sizeof(type) == (size), #type " changed its size")

PIN(tk_str, 16);
PIN(tk_error, 16);
PIN(tk_host_v1, 72);
PIN(tk_tokenizer_v1, 24);
PIN(tk_generation_v1, 48);
PIN(tk_answers_out_v1, 16);
PIN(tk_generate_v1, 56);
PIN(tk_score_v1, 56);
PIN(tk_text_out_v1, 16);
PIN(tk_progress_v1, 32);
PIN(tk_part_v1, 40);
PIN(tk_example_out_v1, 72);
/* What took reserved slots stays where they were. */
AT(tk_example_out_v1, turn_details, 40);
AT(tk_example_out_v1, template_variables, 48);
AT(tk_example_out_v1, label, 56);
PIN(tk_dataset_v1, 56);
PIN(tk_predictions_v1, 96);
AT(tk_predictions_v1, scores, 64);
AT(tk_predictions_v1, score_counts, 72);
PIN(tk_evaluator_v1, 64);
PIN(tk_reward_facts_v1, 64);
PIN(tk_reward_batch_v1, 64);
AT(tk_reward_batch_v1, facts, 40);
PIN(tk_reward_out_v1, 48);
PIN(tk_reward_v1, 48);
PIN(tk_task_v1, 64);
PIN(tk_transport_v1, 104);
PIN(tk_audio_v1, 48);
PIN(tk_dataset_sources_v1, 48);
PIN(tk_export_v1, 40);
PIN(tk_plugin_head, 16);
PIN(tk_plugin_v1, 96);
