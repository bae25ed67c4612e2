/* The door between the host and its plugins: C ABI, version 1.7. What may change is in ../ABI.md.
 *
 * A plugin is a shared library that exports one function, tk_plugin_entry. It returns a constant
 * table of exports (tasks, datasets, evaluators, rewards), each with a table of functions.
 *
 * Rules
 *  - No struct ever changes its size, in any version. A new layout is a new type name (_v2), a new
 *    ability takes a reserved slot or a new service id. Reserved slots are zero.
 *  - Nobody frees the other side's memory. What comes in is borrowed until the call returns; what
 *    goes out is written into the caller's array or into a sink, which copies.
 *  - A tk_str is UTF-8 without a terminating NUL; {NULL, 0} is a valid empty text. Names in the
 *    static tables are NUL-terminated and live as long as the process.
 *  - Every call may come from any thread of the host. Calls on ONE instance never overlap, unless
 *    its table sets TK_THREAD_SAFE; calls on different instances may.
 *  - A call that fails writes one sentence into tk_error and returns a negative status. No C++
 *    exception, Rust panic or longjmp may cross the boundary; exit() must not be called.
 *  - Standard output belongs to the host: write to the log service instead.
 */
#ifndef CPLUGINABI_H
#define CPLUGINABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TK_MAGIC 0x00004b54u
#define TK_ABI_MAJOR 1u /* breaking: the host refuses another one */
#define TK_ABI_MINOR 7u /* additive: new service ids, reserved slots put to use */
#define TK_EXPORT __attribute__((visibility("default")))

/* UTF-8 text, borrowed for the duration of the call. */
typedef struct tk_str {
  const char *ptr;
  size_t len;
} tk_str;

/* The caller's buffer for an error's text; fill it with snprintf. capacity counts the NUL. */
typedef struct tk_error {
  char *text;
  size_t capacity;
} tk_error;

typedef int32_t tk_status;
enum {
  TK_OK = 0,
  TK_END = 1,            /* create of a dataset: the task has no such split */
  TK_E_CONFIG = -1,      /* the configuration is wrong */
  TK_E_DATA = -2,        /* a data file is missing or wrong */
  TK_E_UNSUPPORTED = -3, /* this plugin cannot do that */
  TK_E_INTERNAL = -4,    /* the plugin's own fault */
  TK_E_CANCELLED = -5    /* stopped because the host asked for it */
};

enum { TK_LOG_DEBUG = 0, TK_LOG_INFO = 1, TK_LOG_WARN = 2, TK_LOG_ERROR = 3 };
enum {
  TK_KIND_TASK = 1,
  TK_KIND_REWARD = 2,
  TK_KIND_DATASET = 3,
  TK_KIND_EVALUATOR = 4,
  TK_KIND_TRANSPORT = 5 /* since ABI 1.7 */
};
enum { TK_THREAD_SAFE = 1u }; /* flag: calls on one instance may overlap */

/* ---- services of the host ------------------------------------------------------------------ */

/* Lives as long as the process; every function may be called from any thread at any time. */
typedef struct tk_host_v1 tk_host_v1;
struct tk_host_v1 {
  uint32_t abi_minor, struct_size;
  void *ctx; /* the host's own */
  /* Writes a line to the host's log; copies the message. level: TK_LOG_... */
  void (*log)(const tk_host_v1 *host, int32_t level, tk_str message);
  /* Nonzero once the user asked to stop; long calls poll it and return TK_E_CANCELLED. */
  int32_t (*cancelled)(const tk_host_v1 *host);
  /* A service's table by id, valid for ever; NULL: not offered. */
  const void *(*service)(const tk_host_v1 *host, const char *id);
  void *reserved[4];
};

/* The model's tokenizer, service id TK_SERVICE_TOKENIZER. Offered once the host has a model's folder
 * open, in a worker process too. Any thread, at any time; lives as long as the process. */
#define TK_SERVICE_TOKENIZER "tk.tokenizer/1"
typedef struct tk_tokenizer_v1 tk_tokenizer_v1;
struct tk_tokenizer_v1 {
  void *ctx;
  /* Writes up to capacity ids into the caller's array; returns the number needed in full, or a
   * negative status. No special tokens are added; those that stand in the text are read. */
  int64_t (*encode)(const tk_tokenizer_v1 *tokenizer, tk_str text, int32_t *ids, size_t capacity);
  /* Writes up to capacity bytes of UTF-8 into the caller's array; returns the number needed in
   * full, or a negative status. Special tokens are written out. */
  int64_t (*decode)(const tk_tokenizer_v1 *tokenizer, const int32_t *ids, size_t count, char *utf8,
                    size_t capacity);
};

/* The host's sink for one text, usable on the call's thread until that call returns. */
typedef struct tk_text_out_v1 tk_text_out_v1;
struct tk_text_out_v1 {
  void *ctx;
  /* Appends a copy of the chunk; chunks may split a character. */
  void (*write)(const tk_text_out_v1 *out, tk_str chunk);
};

/* The run's model, service id TK_SERVICE_GENERATE, since ABI 1.1: for rewards and evaluators that
 * let a model judge. Offered once the host has a model open; a plugin must do without, or say that
 * it cannot, where service() returns NULL. Lives as long as the process. Callable only on the
 * thread of a call of the host (create, score, evaluate, read), until that call returns; the time
 * that it takes does not count against the call's time limit. */
#define TK_SERVICE_GENERATE "tk.generate/1"
enum { TK_MODEL_CURRENT = 0, TK_MODEL_BASE = 1 };    /* as tuned so far; without its adapter */
enum { TK_PROMPT_TEXT = 0, TK_PROMPT_MESSAGES = 1 }; /* MESSAGES: a JSON array of {"role",
                                                        "content"}, put into the chat template */

/* How to answer. Zeroed but for max_new_tokens it means: the current model, texts, greedy. */
typedef struct tk_generation_v1 {
  int32_t model, prompt_kind;
  int32_t max_new_tokens; /* greater than 0 */
  int32_t top_k;          /* sample from the k likeliest tokens; 0: from all */
  float temperature;      /* 0: the likeliest token each time */
  float top_p;            /* sample from the likeliest that together reach p; 0 or 1: from all */
  uint64_t seed;          /* the same seed and prompt give the same answer */
  const void *reserved[2];
} tk_generation_v1;

/* The plugin's sink for answers; complete calls it on the caller's thread before it returns. */
typedef struct tk_answers_out_v1 tk_answers_out_v1;
struct tk_answers_out_v1 {
  void *ctx; /* the plugin's own */
  /* The answer to prompt index, without special tokens; borrowed until the function returns. */
  void (*answer)(const tk_answers_out_v1 *out, size_t index, tk_str text);
};

typedef struct tk_generate_v1 tk_generate_v1;
struct tk_generate_v1 {
  void *ctx;
  /* Answers count prompts, in order. Errors: TK_E_DATA for a prompt that the model cannot take,
   * TK_E_UNSUPPORTED where there is no base model, TK_E_CANCELLED. */
  tk_status (*complete)(const tk_generate_v1 *generate, const tk_generation_v1 *how,
                        const tk_str *prompts, size_t count, const tk_answers_out_v1 *out,
                        tk_error *error);
  /* Writes into sums[i] the natural logarithm of the probability of completions[i] after
   * prompts[i], summed over its tokens, and into token_counts[i] (may be NULL) their number. Both
   * are arrays of the caller with count elements. Errors as for complete. */
  tk_status (*log_likelihoods)(const tk_generate_v1 *generate, int32_t model, int32_t prompt_kind,
                               const tk_str *prompts, const tk_str *completions, size_t count,
                               double *sums, int64_t *token_counts, tk_error *error);
  void *reserved[4];
};

/* Reward models that were trained before, service id TK_SERVICE_SCORE, since ABI 1.6: for rewards that
 * score answers with one. Offered in worker processes too. Lives as long as the process. Callable only
 * on the thread of a call of the host (create, score, evaluate, read), until that call returns; the
 * time that it takes does not count against the call's time limit. */
#define TK_SERVICE_SCORE "tk.score/1"
typedef struct tk_score_v1 tk_score_v1;
struct tk_score_v1 {
  void *ctx;
  /* Opens the reward model in the folder model: a sequence classifier with one label, or a language
   * model of which the PEFT adapter in the folder adapter makes one (empty: no adapter). Writes its
   * number into *number; what is open already keeps the number that it has. TK_E_CONFIG where there
   * is no reward model. */
  tk_status (*open)(const tk_score_v1 *score, tk_str model, tk_str adapter, int64_t *number,
                    tk_error *error);
  /* Writes into scores[i], an array of the caller with count elements, what the model of that number
   * scores the answer completions[i] to prompts[i]. prompt_kind: TK_PROMPT_...; a text is a prompt as
   * a model reads it, the chat template's words included. What the template writes behind an answer
   * is added. Errors: TK_E_DATA for a text that the model cannot take, TK_E_CANCELLED. */
  tk_status (*scores)(const tk_score_v1 *score, int64_t number, int32_t prompt_kind,
                      const tk_str *prompts, const tk_str *completions, size_t count,
                      double *scores, tk_error *error);
  void *reserved[4];
};

/* How far long work has come, service id TK_SERVICE_PROGRESS, since ABI 1.3: the host draws a bar, or
 * writes a line now and then. Offered in worker processes too. Lives as long as the process. */
#define TK_SERVICE_PROGRESS "tk.progress/1"
typedef struct tk_progress_v1 tk_progress_v1;
struct tk_progress_v1 {
  void *ctx;
  /* Says that done of total parts of the work called label ("reading ratings") are done. Another
   * label begins another bar; done == total ends it. Call it as often as you like: the host draws
   * some twenty times a second at most. Any thread, at any time. */
  void (*show)(const tk_progress_v1 *progress, tk_str label, int64_t done, int64_t total);
  void *reserved[2];
};

/* ---- dataset: rows by random access, so that the host shuffles, shards and resumes ---------- */

enum { TK_PART_TEXT = 0, TK_PART_MEDIA = 1, TK_PART_CHOICE = 2 };
/* A piece of a turn. Text: value is the text, media is empty.
 *
 * Media: value names one of the row's tensors, media says what it is. "audio": the log-mel features
 * of a clip of L frames of 10 ms, TK_F32 of shape [mel bins, L + 2]; the last two frames lie past
 * the clip's end, since the encoder's convolutions read so far.
 *
 * Choice, since ABI 1.2, in the last turn, an assistant's: here stands one of the row's choices.
 * value names one of the row's tensors, TK_F32 of shape [choices], with each choice's probability
 * of being right; media is empty. Trained is the distribution; the likeliest choice stands in the
 * text. An evaluator gets the choices' log-likelihoods after all that stands before this place; of
 * several such places one after the other, each filled with the model's own likeliest choice. */
typedef struct tk_part_v1 {
  int32_t type;
  uint32_t reserved;
  tk_str media, value;
} tk_part_v1;

/* Which conversation a turn belongs to. A preference pair, since ABI 1.5, has its prompt in
 * CONVERSATION, which ends before an assistant's turn, and in CHOSEN and REJECTED the two ways in
 * which it may go on, each of them beginning with an assistant's turn. Of a pair the assistant's
 * turns of the answers are trained, the prompt's never; it has no choices. */
enum { TK_SECTION_CONVERSATION = 0, TK_SECTION_CHOSEN = 1, TK_SECTION_REJECTED = 2 };
enum { TK_F32 = 1, TK_I32 = 2, TK_U8 = 3 };
enum { TK_TURN_UNTRAINED = 1u }; /* flag of turn_details: an assistant's turn that is not learnt */

/* The host's sink for one row, usable until the call that got it returns, on that call's thread.
 * Everything is copied. A negative answer says the piece is not acceptable; read returns it. */
typedef struct tk_example_out_v1 tk_example_out_v1;
struct tk_example_out_v1 {
  void *ctx;
  /* Appends a turn. role: "system", "user", "assistant" or "tool"; since ABI 1.4 "developer" too. */
  tk_status (*turn)(const tk_example_out_v1 *out, int32_t section, tk_str role,
                    const tk_part_v1 *parts, size_t part_count);
  /* Sets what the evaluator gets back beside the prediction: a JSON object. */
  tk_status (*metadata)(const tk_example_out_v1 *out, tk_str json);
  /* Sets the endings whose log-likelihoods the host scores over the shared prefix. */
  tk_status (*choices)(const tk_example_out_v1 *out, const tk_str *choices, size_t count);
  /* Adds a tensor; bytes is the size of data, row-major, the product of shape times the size of
   * an element of dtype (TK_F32, ...). */
  tk_status (*tensor)(const tk_example_out_v1 *out, tk_str name, int32_t dtype,
                      const int64_t *shape, size_t rank, const void *data, size_t bytes);
  /* Says more of the turn that was appended last, whichever its section, once for a turn; since ABI
   * 1.4, NULL in an older host, where a plugin must refuse a row that needs it. flags: TK_TURN_... or 0. members_json: a
   * JSON object of what the message has beside role and content, in the order and the words in
   * which the chat template is to see it: {"tool_calls": [...], "reasoning_content": "..."}; empty
   * for none. A turn with members and without parts is a message without content. */
  tk_status (*turn_details)(const tk_example_out_v1 *out, uint32_t flags, tk_str members_json);
  /* Sets what the chat template reads beside the messages, a JSON object: {"tools": [...],
   * "documents": [...]}; since ABI 1.4, NULL in an older host, as above. */
  tk_status (*template_variables)(const tk_example_out_v1 *out, tk_str json);
  /* Says whether the conversation's answer, all that follows the last turn that is not the
   * assistant's or a tool's, is a wanted one: 1, or not: 0. A row that nobody judged says nothing. A
   * pair has no label, a row with one no choices. Since ABI 1.5, NULL in an older host, as above;
   * where it is NULL, CHOSEN and REJECTED are refused too. */
  tk_status (*label)(const tk_example_out_v1 *out, int32_t label);
  void *reserved[1];
};

typedef struct tk_dataset_v1 {
  uint32_t struct_size, flags;
  /* Makes the rows of a split ("train", "validation", "test"). Any thread. config_json is the
   * recipe's data section with the run's seed as "seed". On TK_OK *instance is the plugin's own
   * and the host calls destroy on it exactly once; on any other status the host ignores it.
   * TK_END: the task has no such split. */
  tk_status (*create)(void *user, const tk_host_v1 *host, tk_str config_json, tk_str split,
                      void **instance, tk_error *error);
  /* Frees the instance. Any thread, after its last call has returned. */
  void (*destroy)(void *instance);
  /* The number of rows, constant for an instance's life; a negative value is a status. Any
   * thread, not overlapping other calls on the instance unless TK_THREAD_SAFE. */
  int64_t (*count)(void *instance);
  /* Writes row index, 0 <= index < count, into the sink. A pure function of (index, epoch, seed):
   * random choices follow from them. Any thread, overlapping only with TK_THREAD_SAFE. */
  tk_status (*read)(void *instance, int64_t index, int64_t epoch, uint64_t seed,
                    const tk_example_out_v1 *sink, tk_error *error);
  void *reserved[2];
} tk_dataset_v1;

/* ---- evaluator: all predictions of a split become a report ---------------------------------- */

/* Columns: element i of each belongs to prediction i. All borrowed until evaluate returns. */
typedef struct tk_predictions_v1 {
  size_t count;
  const int64_t *indices; /* the row's index in its dataset */
  const tk_str *texts;    /* what the model answered */
  /* The row: {"turns": [{"role", "parts": [{"text"} | {"media", "tensor"}]}], "metadata",
   * "choices"}; without its tensors. Since ABI 1.4 a turn has "members" where there are some, and
   * "trained": false where it is not; the row has "template_variables" where there are some. Since
   * ABI 1.5 a pair has "chosen" and "rejected", turns like "turns", and a row with a label has
   * "label": true or false. */
  const tk_str *examples_json;
  /* The last assistant turn's text; since ABI 1.4 of a turn with members what the chat template
   * writes for it, calls and reasoning included. Of a pair, the chosen answer's. ptr NULL: the row
   * has none, or its label says that its answer is not wanted. */
  const tk_str *references;
  const tk_str *metadata_json; /* the row's metadata, an object */
  /* Log-likelihood of each of the row's choices: element i points to choice_counts[i] numbers. A
   * row with several TK_PART_CHOICE has them for each of these in turn. Since ABI 1.5 of a pair: of
   * the chosen and of the rejected answer, then the same two under the run's reference model where
   * there is one; of a row with a label: of its answer, then under the reference. An answer's is
   * the sum over its trained tokens. */
  const double *const *choice_log_likelihoods;
  const size_t *choice_counts;
  /* Since ABI 1.6, both NULL in an older host. What a reward model scores the row's answers, in the
   * place of log-likelihoods: element i of scores points to score_counts[i] numbers. Of a pair: of the
   * chosen and of the rejected answer; of a row with a label: of its answer. */
  const double *const *scores;
  const size_t *score_counts;
  const void *reserved[2];
} tk_predictions_v1;

typedef struct tk_evaluator_v1 {
  uint32_t struct_size, flags;
  /* Makes the evaluator of a split. Any thread. config_json and *instance as for a dataset. */
  tk_status (*create)(void *user, const tk_host_v1 *host, tk_str config_json, tk_str split,
                      void **instance, tk_error *error);
  /* Frees the instance. Any thread, after its last call has returned. */
  void (*destroy)(void *instance);
  /* Writes the report as JSON: {"count", "primary", "metrics": {name: {"value", "low", "high",
   * "count", "lower_is_better"}}, "baselines": {name: {metric: value}}, "details": {},
   * "clusters": [name]}. Only count, primary, metrics and value must be there. clusters says for
   * each prediction what it belongs to (a user, a clip), where rows are not independent. Keeps no
   * state between calls. Any thread, overlapping only with TK_THREAD_SAFE. */
  tk_status (*evaluate)(void *instance, const tk_predictions_v1 *predictions,
                        const tk_text_out_v1 *report_json, tk_error *error);
  void *reserved[4];
} tk_evaluator_v1;

/* ---- reward: scores completions; a metric is a reward of weight 0 --------------------------- */

/* What is known of completions beside their texts, since ABI 1.6. Columns, as in the batch. */
typedef struct tk_reward_facts_v1 {
  /* How many tokens the model wrote, the one that ended the completion included; -1: not known. */
  const int64_t *tokens;
  const uint8_t *truncated; /* 1: cut off at the limit of tokens; 0: it ended by itself, or not known */
  /* The row's own answer, as an evaluator's references. ptr NULL: it has none. */
  const tk_str *references;
  const void *reserved[5];
} tk_reward_facts_v1;

/* Columns: element i of each belongs to sample i. All borrowed until score returns. */
typedef struct tk_reward_batch_v1 {
  size_t count; /* at least 1 */
  const tk_str *prompts, *completions;
  const tk_str *metadata_json; /* the row's metadata, an object */
  const int32_t *groups;       /* same prompt = same number; may be NULL */
  const tk_reward_facts_v1 *facts; /* since ABI 1.6; may be NULL, and is in an older host */
  const void *reserved[2];
} tk_reward_batch_v1;

/* The host's sink, usable until score returns, on that call's thread. */
typedef struct tk_reward_out_v1 tk_reward_out_v1;
struct tk_reward_out_v1 {
  void *ctx;
  /* [count], the host's array, filled with NaN: an entry left unset or not finite is an error. */
  float *scores;
  /* Adds a named part of the score, copied; one value for each sample, NaN where it has none. A
   * name given twice is an error. */
  tk_status (*component)(const tk_reward_out_v1 *out, tk_str name, const float *values,
                         size_t count);
  /* Says that sample index has no score, and why; its entry in scores is not looked at. */
  tk_status (*abstain)(const tk_reward_out_v1 *out, size_t index, tk_str reason);
  void *reserved[2];
};

typedef struct tk_reward_v1 {
  uint32_t struct_size, flags;
  /* Makes the reward. Any thread. config_json is the reward's config of the recipe, an object.
   * *instance as for a dataset, but TK_END is no answer here. */
  tk_status (*create)(void *user, const tk_host_v1 *host, tk_str config_json, void **instance,
                      tk_error *error);
  /* Frees the instance. Any thread, after its last call has returned. */
  void (*destroy)(void *instance);
  /* Writes one score for each sample, or abstains from it. A negative status fails the batch.
   * Keeps no state between calls that would change a score. Any thread, overlapping only with
   * TK_THREAD_SAFE. */
  tk_status (*score)(void *instance, const tk_reward_batch_v1 *batch, const tk_reward_out_v1 *out,
                     tk_error *error);
  void *reserved[2];
} tk_reward_v1;

/* ---- task: names what it is made of --------------------------------------------------------- */

typedef struct tk_task_v1 {
  uint32_t struct_size, flags;
  /* Writes JSON: {"name", "summary", "dataset", "evaluator", "rewards", "defaults"}. dataset,
   * evaluator and rewards are names of exports of the same plugin; evaluator may be null, rewards
   * left out; defaults is an object of recipe keys that lies under the user's recipe. Stateless:
   * user is the export's. Any thread, may overlap. */
  tk_status (*describe)(void *user, const tk_text_out_v1 *json, tk_error *error);
  void *reserved[6];
} tk_task_v1;

/* ---- transport: the way of bytes between the processes of a run, since ABI 1.7 ---------------- */

/* Every call comes from one thread, never two at once. A process opens at most one group. Messages of
 * one pair and one channel keep their order; those of different channels need not wait for one
 * another. A message has at most 16 MiB, and the receiver asks for just its size, which may be 0. A
 * buffer stays where it is until test says that its request is done; a buffer that is received into
 * overlaps no other one. A rank may send to itself. */
typedef struct tk_transport_v1 {
  uint32_t struct_size, flags; /* flags: 0 */
  /* Joins the group of processes that a launcher has started, and waits until all are there. Writes
   * this one's number, 0 <= *rank < *count, and *group, which is the plugin's own. */
  tk_status (*open)(void *user, const tk_host_v1 *host, int32_t *rank, int32_t *count, void **group,
                    tk_error *error);
  /* Begins to send a message to a rank; returns at once, with *request. */
  tk_status (*send)(void *group, int32_t to, int32_t channel, const void *bytes, size_t count,
                    void **request, tk_error *error);
  /* Begins to receive a message from a rank; returns at once, with *request. */
  tk_status (*receive)(void *group, int32_t from, int32_t channel, void *bytes, size_t count,
                       void **request, tk_error *error);
  /* TK_OK: the request is done, and gone; TK_END: not yet. Never waits. */
  tk_status (*test)(void *group, void *request, tk_error *error);
  /* Ends all processes of the group, this one too, with this exit code. */
  void (*abort)(void *group, int32_t code);
  /* Leaves the group, which all others leave too; nothing is on its way any more. */
  void (*close)(void *group);
  void *reserved[6];
} tk_transport_v1;

/* ---- audio: what a plugin that reads audio files can say of one ----------------------------- */

/* The extension id under which tk_plugin_v1.extension gives a tk_audio_v1, since ABI 1.2. The host
 * itself reads no audio: `host audio probe` asks a plugin. */
#define TK_EXTENSION_AUDIO "tk.audio/1"
typedef struct tk_audio_v1 {
  uint32_t struct_size, flags; /* flags: 0 */
  /* Reads the file at path as the plugin's dataset would with config_json, the data section's
   * "audio" object. Writes into the sink with metadata {"rate", "channels", "frames", "seconds",
   * "format", "peak_dbfs", "rms_dbfs", "clipped_share", "mel_frames", "tokens", "fault"}: levels
   * null for silence, fault null or {"name", "message", "is_warning"}; and, unless there is no
   * sample, the tensor "log_mel" [bins, mel_frames + 2]. TK_E_DATA where the file cannot be read.
   * Any thread, may overlap. */
  tk_status (*probe)(const tk_host_v1 *host, tk_str path, tk_str config_json,
                     const tk_example_out_v1 *sink, tk_error *error);
  void *reserved[4];
} tk_audio_v1;

/* ---- sources: which files a dataset's rows come from ----------------------------------------- */

/* The extension id under which tk_plugin_v1.extension gives a tk_dataset_sources_v1, since ABI 1.3.
 * With it the host may keep rows that it has encoded, and need not even open the dataset where they
 * are still good. Without it every row is read anew. */
#define TK_EXTENSION_DATASET_SOURCES "tk.dataset_sources/1"
typedef struct tk_dataset_sources_v1 {
  uint32_t struct_size, flags; /* flags: 0 */
  /* Writes JSON: {"sources": [path, ...], "varies_by_epoch": true, "notes": [sentence, ...]}, of an
   * instance that create of the plugin's dataset of that name made. sources: every file whose content decides the rows,
   * beside the configuration, the split and the seed; a folder stands for the names in it. An empty
   * list: not known. varies_by_epoch: false where read gives a row whatever the epoch is. notes,
   * since ABI 1.4, may be left out: what the user should read of the rows before each run. "places":
   * [text, ...], since ABI 1.5, may be left out or empty: file and line of each row, which the host's
   * errors about the row begin with. Any
   * thread, overlapping other calls on the instance only with TK_THREAD_SAFE. */
  tk_status (*describe)(tk_str dataset, void *instance, const tk_text_out_v1 *json,
                        tk_error *error);
  void *reserved[4];
} tk_dataset_sources_v1;

/* ---- the plugin itself ---------------------------------------------------------------------- */

/* One thing a plugin offers. vtable is a tk_..._v1 of its kind; user is handed to create. Hosts
 * skip kinds that they do not know. */
typedef struct tk_export_v1 {
  int32_t kind;
  uint32_t reserved;
  const char *name, *summary; /* unique in the plugin for its kind; one sentence */
  const void *vtable;
  void *user;
} tk_export_v1;

/* The same for ever, in every major version: checked before anything else is read. */
typedef struct tk_plugin_head {
  uint32_t magic, abi_major, abi_minor, struct_size; /* struct_size: of the whole table */
} tk_plugin_head;

typedef struct tk_plugin_v1 {
  tk_plugin_head head;
  const char *name, *version, *built_with; /* built_with: compiler or SDK, for `plugins list` */
  size_t export_count; /* at most 4096 */
  const tk_export_v1 *exports;
  /* A table by id, valid for ever, for abilities this header does not know; NULL: none. The
   * pointer itself may be NULL. Any thread. */
  const void *(*extension)(const char *id);
  void *reserved[4];
} tk_plugin_v1;

/* The one exported symbol. Returns a static table, the same at every call; NULL: cannot serve a
 * host of this major version. Called on any thread, before anything else. */
TK_EXPORT const tk_plugin_head *tk_plugin_entry(uint32_t host_abi_major);

#ifdef __cplusplus
}
#endif

#endif
