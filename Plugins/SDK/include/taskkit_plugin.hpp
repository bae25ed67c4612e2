// The tables of C functions behind the classes of taskkit.hpp, which includes this file.
#ifndef TASKKIT_PLUGIN_HPP
#define TASKKIT_PLUGIN_HPP

#include "taskkit.hpp"

namespace tk {

template <class T>
constexpr uint32_t flags = T::thread_safe ? static_cast<uint32_t>(TK_THREAD_SAFE) : 0u;

template <class T>
void destroy(void *instance) noexcept {
  delete static_cast<T *>(instance);
}

/// What `create` gets: an object.
inline Json configuration(tk_str text) {
  const Json config(view(text), TK_E_CONFIG);
  if (config.text().front() != '{') throw config.wrong("an object");
  return config;
}

template <class T>
struct RewardTable {
  static_assert(std::is_base_of_v<Reward, T>, "a reward derives from tk::Reward");

  static tk_status create(void *, const tk_host_v1 *host, tk_str config, void **instance,
                          tk_error *error) noexcept {
    return guarded(error, [&] {
      *instance = new T(Host(host), configuration(config));
      return TK_OK;
    });
  }

  static void add(const tk_reward_facts_v1 &facts, size_t i, Sample &sample) {
    if (facts.tokens && facts.tokens[i] >= 0) sample.tokens = facts.tokens[i];
    if (facts.truncated) sample.truncated = facts.truncated[i] != 0;
    if (facts.references && facts.references[i].ptr) sample.reference = view(facts.references[i]);
  }

  static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                         const tk_reward_out_v1 *out, tk_error *error) noexcept {
    return guarded(error, [&] {
      std::vector<Sample> samples(batch->count);
      for (size_t i = 0; i < batch->count; i++) {
        samples[i].prompt = view(batch->prompts[i]);
        samples[i].completion = view(batch->completions[i]);
        samples[i].metadata_json = view(batch->metadata_json[i]);
        if (batch->groups) samples[i].group = batch->groups[i];
        if (batch->facts) add(*batch->facts, i, samples[i]);
      }
      const Reward *reward = static_cast<T *>(instance);
      write(reward->score_batch(samples), out, batch->count);
      return TK_OK;
    });
  }

  static constexpr tk_reward_v1 table = {
      sizeof(tk_reward_v1), flags<T>, create, destroy<T>, score, {nullptr, nullptr}};
};

/// An instance is a Dataset, whatever class it is of: SourcesTable knows no more.
template <class T>
struct DatasetTable {
  static_assert(std::is_base_of_v<Dataset, T>, "a dataset derives from tk::Dataset");

  static tk_status create(void *, const tk_host_v1 *host, tk_str config, tk_str split,
                          void **instance, tk_error *error) noexcept {
    return guarded(error, [&]() -> tk_status {
      try {
        *instance = static_cast<Dataset *>(new T(Host(host), configuration(config), view(split)));
        return TK_OK;
      } catch (const NoSuchSplit &) {
        return TK_END;
      }
    });
  }

  static int64_t count(void *instance) noexcept {
    int64_t rows = 0;
    const tk_status status = guarded(nullptr, [&] {
      rows = static_cast<const Dataset *>(instance)->count();
      return TK_OK;
    });
    return status == TK_OK ? rows : status;
  }

  static tk_status read(void *instance, int64_t index, int64_t epoch, uint64_t seed,
                        const tk_example_out_v1 *sink, tk_error *error) noexcept {
    return guarded(error, [&] {
      Row row(sink);
      static_cast<const Dataset *>(instance)->read(index, epoch, seed, row);
      return TK_OK;
    });
  }

  static constexpr tk_dataset_v1 table = {
      sizeof(tk_dataset_v1), flags<T>, create, destroy<Dataset>, count, read, {nullptr, nullptr}};
};

struct SourcesTable {
  static tk_status describe(tk_str, void *instance, const tk_text_out_v1 *json,
                            tk_error *error) noexcept {
    return guarded(error, [&] {
      const auto *dataset = static_cast<const Dataset *>(instance);
      const char *varies = dataset->varies_by_epoch() ? "true" : "false";
      json->write(json, str("{\"sources\": " + list(dataset->sources()) + ", \"varies_by_epoch\": " +
                            varies + ", \"notes\": " + list(dataset->notes()) +
                            ", \"places\": " + list(dataset->places()) + "}"));
      return TK_OK;
    });
  }

  static std::string list(const std::vector<std::string> &texts) {
    std::string items;
    for (const std::string &text : texts) items += (items.empty() ? "" : ", ") + quote(text);
    return "[" + items + "]";
  }

  static constexpr tk_dataset_sources_v1 table = {
      sizeof(tk_dataset_sources_v1), 0, describe, {nullptr, nullptr, nullptr, nullptr}};
};

template <class T>
struct EvaluatorTable {
  static_assert(std::is_base_of_v<Evaluator, T>, "an evaluator derives from tk::Evaluator");

  static tk_status create(void *, const tk_host_v1 *host, tk_str config, tk_str split,
                          void **instance, tk_error *error) noexcept {
    return guarded(error, [&] {
      *instance = new T(Host(host), configuration(config), view(split));
      return TK_OK;
    });
  }

  static tk_status evaluate(void *instance, const tk_predictions_v1 *all,
                            const tk_text_out_v1 *report_json, tk_error *error) noexcept {
    return guarded(error, [&] {
      std::vector<Prediction> predictions(all->count);
      for (size_t i = 0; i < all->count; i++) {
        const double *scores = all->choice_log_likelihoods[i];
        predictions[i] = {all->indices[i],
                          view(all->texts[i]),
                          std::nullopt,
                          view(all->examples_json[i]),
                          view(all->metadata_json[i]),
                          std::vector<double>(scores, scores + all->choice_counts[i]),
                          {}};
        if (all->scores && all->score_counts)
          predictions[i].scores.assign(all->scores[i], all->scores[i] + all->score_counts[i]);
        if (all->references[i].ptr) predictions[i].reference = view(all->references[i]);
      }
      const Evaluator *evaluator = static_cast<T *>(instance);
      report_json->write(report_json, str(evaluator->evaluate(predictions).json()));
      return TK_OK;
    });
  }

  static constexpr tk_evaluator_v1 table = {
      sizeof(tk_evaluator_v1), flags<T>,
      create,                  destroy<T>,
      evaluate,                {nullptr, nullptr, nullptr, nullptr}};
};

struct TaskTable {
  static tk_status describe(void *user, const tk_text_out_v1 *json, tk_error *) noexcept {
    json->write(json, str(*static_cast<const std::string *>(user)));
    return TK_OK;
  }

  static constexpr tk_task_v1 table = {sizeof(tk_task_v1), TK_THREAD_SAFE, describe, {}};
};

/// One thing that a plugin offers. Names and summaries are literals.
struct Export {
  int32_t kind;
  const char *name, *summary;
  const void *table;
  std::string description = {};  ///< of a task: its JSON
};

template <class T>
Export reward(const char *name, const char *summary) {
  return {TK_KIND_REWARD, name, summary, &RewardTable<T>::table};
}

template <class T>
Export dataset(const char *name, const char *summary) {
  return {TK_KIND_DATASET, name, summary, &DatasetTable<T>::table};
}

template <class T>
Export evaluator(const char *name, const char *summary) {
  return {TK_KIND_EVALUATOR, name, summary, &EvaluatorTable<T>::table};
}

/// A task made of the plugin's exports of these names; `defaults_json` is an object of recipe keys.
inline Export task(const char *name, const char *summary, const char *dataset,
                   const char *evaluator, const char *defaults_json = "{}") {
  return {TK_KIND_TASK, name, summary, &TaskTable::table,
          "{\"name\": " + quote(name) + ", \"summary\": " + quote(summary) +
              ", \"dataset\": " + quote(dataset) + ", \"evaluator\": " + quote(evaluator) +
              ", \"defaults\": " + defaults_json + "}"};
}

/// The plugin's table, made once and never freed: the host keeps pointers into it.
class Plugin {
 public:
  Plugin(const char *name, const char *version, std::initializer_list<Export> list)
      : exports_(list) {
    for (Export &each : exports_) {
      rows_.push_back({each.kind, 0, each.name, each.summary, each.table, &each.description});
    }
    table_ = {{TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof(tk_plugin_v1)},
              name, version, "C++", rows_.size(), rows_.data(), extension, {}};
  }
  Plugin(const Plugin &) = delete;

  /// For a host of this major version; null: cannot serve it.
  const tk_plugin_head *head(uint32_t host_abi_major) const noexcept {
    return host_abi_major == TK_ABI_MAJOR ? &table_.head : nullptr;
  }

 private:
  static const void *extension(const char *id) noexcept {
    return std::string_view(id) == TK_EXTENSION_DATASET_SOURCES ? &SourcesTable::table : nullptr;
  }

  std::vector<Export> exports_;
  std::vector<tk_export_v1> rows_;
  tk_plugin_v1 table_;
};

}  // namespace tk

/// Defines the plugin's entry: TK_PLUGIN(name, version, exports...).
#define TK_PLUGIN(name, version, ...)                                          \
  extern "C" TK_EXPORT const tk_plugin_head *tk_plugin_entry(uint32_t major) { \
    try {                                                                      \
      static const auto plugin = new tk::Plugin(name, version, {__VA_ARGS__}); \
      return plugin->head(major);                                              \
    } catch (...) {                                                            \
      return nullptr;                                                          \
    }                                                                          \
  }

#endif
