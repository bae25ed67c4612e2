// What a C++17 plugin gets from the host: its configuration and the host's services. Included by
// taskkit.hpp.
#ifndef TASKKIT_HOST_HPP
#define TASKKIT_HOST_HPP

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "CPluginABI.h"
#include "taskkit_json.h"

namespace tk {

inline std::string_view view(tk_str text) {
  return text.ptr ? std::string_view(text.ptr, text.len) : std::string_view();
}

inline tk_str str(std::string_view text) { return {text.data(), text.size()}; }

/// A failure with its status: TK_E_CONFIG, TK_E_DATA, ... Any other exception is TK_E_INTERNAL.
class Error : public std::runtime_error {
 public:
  Error(tk_status status, const std::string &sentence)
      : std::runtime_error(sentence), status_(status) {}
  tk_status status() const noexcept { return status_; }

 private:
  tk_status status_;
};

/// A JSON value: a view of the host's text, to be read within the call that brought it. Reading
/// what is not there throws an Error that names the key: `'words[3]' must be a string`.
class Json {
 public:
  /// status is that of its errors: TK_E_CONFIG for a configuration, TK_E_DATA for a row's text.
  explicit Json(std::string_view text, tk_status status = TK_E_DATA) : status_(status) {
    if (!tk_json_value(tk::str(text), &value_)) throw wrong("JSON");
  }

  /// The member of that key; throws if it is absent.
  Json operator[](const char *key) const {
    std::optional<Json> found = find(key);
    if (!found) throw Error(status_, "'" + inner(key) + "' is required");
    return *found;
  }

  /// The member of that key, if it is there.
  std::optional<Json> find(const char *key) const {
    Json found = *this;
    const int answer = tk_json_member(value_, key, &found.value_);
    if (answer == TK_JSON_INVALID) throw wrong("an object without repeated keys");
    found.path_ = inner(key);
    return answer == TK_JSON_FOUND ? std::optional<Json>(found) : std::nullopt;
  }

  /// Throws if this is no object, or has a key that is none of these:
  /// `unknown key 'tagret'; known: 'target'`.
  void only(std::initializer_list<const char *> keys) const { check(keys, {}); }

  /// The same for the configuration of a dataset, which may hold keys of the host's own as well.
  void only_data(std::initializer_list<const char *> keys) const { check(keys, {TK_DATA_KEYS}); }

  /// The elements of an array.
  std::vector<Json> elements() const {
    std::vector<Json> all;
    Json element = *this;
    size_t offset = 0;
    int answer;
    while ((answer = tk_json_next(value_, &offset, &element.value_)) == TK_JSON_FOUND) {
      element.path_ = path_ + "[" + std::to_string(all.size()) + "]";
      all.push_back(element);
    }
    if (answer == TK_JSON_INVALID) throw wrong("an array");
    return all;
  }

  std::string string() const {
    const int64_t length = tk_json_string(value_, nullptr, 0);
    if (length < 0) throw wrong("a string");
    std::string text(static_cast<size_t>(length), '\0');
    tk_json_string(value_, text.data(), text.size());
    return text;
  }

  int64_t integer() const {
    int64_t value;
    if (!tk_json_integer(value_, &value)) throw wrong("an integer");
    return value;
  }

  double number() const {
    double value;
    if (!tk_json_number(value_, &value)) throw wrong("a number");
    return value;
  }

  bool boolean() const {
    bool value;
    if (!tk_json_bool(value_, &value)) throw wrong("true or false");
    return value;
  }

  bool is_null() const { return text() == "null"; }

  /// The text of this value, for a parser of the plugin's own.
  std::string_view text() const { return view(value_); }

  /// The error that says what this value must be: `'target' must be greater than 0`.
  Error wrong(const std::string &what) const {
    const std::string whole = status_ == TK_E_CONFIG ? "the configuration" : "the text";
    return Error(status_, (path_.empty() ? whole : "'" + path_ + "'") + " must be " + what);
  }

 private:
  std::string inner(const std::string &key) const {
    return path_.empty() ? key : path_ + "." + key;
  }

  void check(std::vector<const char *> keys, const std::vector<const char *> &others) const {
    std::string known;
    for (const char *key : keys) known += (known.empty() ? "'" : ", '") + inner(key) + "'";
    keys.insert(keys.end(), others.begin(), others.end());
    tk_str unknown = {nullptr, 0};
    const int answer = tk_json_unknown(value_, keys.data(), keys.size(), &unknown);
    if (answer == TK_JSON_INVALID) throw wrong("an object");
    if (answer == TK_JSON_ABSENT) return;
    const std::string key = inner(std::string(view(unknown)));
    throw Error(status_, "unknown key '" + key + "'; known: " + (known.empty() ? "none" : known));
  }

  tk_str value_ = {nullptr, 0};
  tk_status status_;
  std::string path_;
};

/// Text as a JSON string, in quotes.
inline std::string quote(std::string_view text) {
  std::string json(tk_json_quote(str(text), nullptr, 0), '\0');
  tk_json_quote(str(text), json.data(), json.size());
  return json;
}

/// The model's tokenizer. Any thread, at any time.
class Tokenizer {
 public:
  explicit Tokenizer(const tk_tokenizer_v1 *table) : table_(table) {}

  std::vector<int32_t> encode(std::string_view text) const {
    return filled<std::vector<int32_t>>(text.size() + 1, [&](int32_t *ids, size_t capacity) {
      return table_->encode(table_, str(text), ids, capacity);
    });
  }

  std::string decode(const std::vector<int32_t> &ids) const {
    return filled<std::string>(8 * ids.size() + 1, [&](char *utf8, size_t capacity) {
      return table_->decode(table_, ids.data(), ids.size(), utf8, capacity);
    });
  }

 private:
  /// Calls once with a guessed capacity and again with the needed one.
  template <class Buffer, class Call>
  static Buffer filled(size_t guess, Call call) {
    Buffer buffer(guess, 0);
    while (true) {
      const int64_t needed = call(buffer.data(), buffer.size());
      if (needed < 0) throw Error(static_cast<tk_status>(needed), "the tokenizer failed");
      const bool fits = static_cast<size_t>(needed) <= buffer.size();
      buffer.resize(static_cast<size_t>(needed));
      if (fits) return buffer;
    }
  }

  const tk_tokenizer_v1 *table_;
};

namespace detail {

inline std::vector<tk_str> strs(const std::vector<std::string> &texts) {
  std::vector<tk_str> all;
  for (const std::string &text : texts) all.push_back(str(text));
  return all;
}

/// Calls a function of the host that reports failures through tk_error.
template <class Call>
void check(Call call) {
  char text[1024] = "";
  tk_error error = {text, sizeof text};
  const tk_status status = call(&error);
  if (status != TK_OK) throw Error(status, *text ? text : "the model could not answer");
}

}  // namespace detail

/// The run's model, to ask within a call of the host and on that call's thread.
class Generator {
 public:
  explicit Generator(const tk_generate_v1 *table) : table_(table) {}

  /// One answer for each prompt. `how` zeroed but for max_new_tokens: greedy, by the current model.
  std::vector<std::string> complete(const std::vector<std::string> &prompts,
                                    const tk_generation_v1 &how) const {
    Answers answers{std::vector<std::string>(prompts.size()), nullptr};
    const tk_answers_out_v1 out = {&answers, receive};
    const std::vector<tk_str> texts = detail::strs(prompts);
    detail::check([&](tk_error *error) {
      return table_->complete(table_, &how, texts.data(), texts.size(), &out, error);
    });
    if (answers.failure) std::rethrow_exception(answers.failure);
    return answers.texts;
  }

  struct LogLikelihood {
    double sum;     ///< natural logarithm, summed over the completion's tokens
    int64_t tokens;
  };

  /// How likely `model` (TK_MODEL_...) finds each completion after its prompt.
  std::vector<LogLikelihood> log_likelihoods(const std::vector<std::string> &prompts,
                                             const std::vector<std::string> &completions,
                                             int32_t model = TK_MODEL_CURRENT,
                                             int32_t prompt_kind = TK_PROMPT_TEXT) const {
    const size_t count = prompts.size();
    if (completions.size() != count) throw Error(TK_E_INTERNAL, "one completion for each prompt");
    const std::vector<tk_str> before = detail::strs(prompts);
    const std::vector<tk_str> after = detail::strs(completions);
    std::vector<double> sums(count);
    std::vector<int64_t> tokens(count);
    detail::check([&](tk_error *error) {
      return table_->log_likelihoods(table_, model, prompt_kind, before.data(), after.data(),
                                     count, sums.data(), tokens.data(), error);
    });
    std::vector<LogLikelihood> all(count);
    for (size_t i = 0; i < count; i++) all[i] = {sums[i], tokens[i]};
    return all;
  }

 private:
  struct Answers {
    std::vector<std::string> texts;
    std::exception_ptr failure;  ///< must not pass through the host
  };

  static void receive(const tk_answers_out_v1 *out, size_t index, tk_str text) noexcept {
    Answers *answers = static_cast<Answers *>(out->ctx);
    try {
      answers->texts.at(index) = view(text);
    } catch (...) {
      answers->failure = std::current_exception();
    }
  }

  const tk_generate_v1 *table_;
};

/// A reward model that was trained before, to ask within a call of the host and on that call's thread.
class RewardModel {
 public:
  /// Opens the model in the folder `model`, with the adapter in the folder `adapter` unless that is
  /// empty.
  RewardModel(const tk_score_v1 *table, std::string_view model, std::string_view adapter)
      : table_(table) {
    detail::check([&](tk_error *error) {
      return table_->open(table_, str(model), str(adapter), &number_, error);
    });
  }

  /// What the model scores each completion as the answer to its prompt.
  std::vector<double> scores(const std::vector<std::string> &prompts,
                             const std::vector<std::string> &completions,
                             int32_t prompt_kind = TK_PROMPT_TEXT) const {
    const size_t count = prompts.size();
    if (completions.size() != count) throw Error(TK_E_INTERNAL, "one completion for each prompt");
    const std::vector<tk_str> before = detail::strs(prompts);
    const std::vector<tk_str> after = detail::strs(completions);
    std::vector<double> all(count);
    detail::check([&](tk_error *error) {
      return table_->scores(table_, number_, prompt_kind, before.data(), after.data(), count,
                            all.data(), error);
    });
    return all;
  }

 private:
  const tk_score_v1 *table_;
  int64_t number_ = 0;
};

/// The host's services; copy it freely, it is valid as long as the process lives.
class Host {
 public:
  explicit Host(const tk_host_v1 *table) : table_(table) {}

  /// Writes a line to the host's log; level: TK_LOG_... Any thread.
  void log(int32_t level, std::string_view message) const {
    table_->log(table_, level, str(message));
  }

  /// Throws TK_E_CANCELLED once the user asked to stop; long calls poll it. Any thread.
  void check_cancelled() const {
    if (table_->cancelled(table_)) throw Error(TK_E_CANCELLED, "cancelled");
  }

  /// Says that `done` of `total` parts of the work `label` are done; the host shows a bar. Any
  /// thread, as often as you like. Nothing happens with a host older than ABI 1.3.
  void progress(std::string_view label, int64_t done, int64_t total) const {
    const void *found = table_->service(table_, TK_SERVICE_PROGRESS);
    const auto *service = static_cast<const tk_progress_v1 *>(found);
    if (service) service->show(service, str(label), done, total);
  }

  /// The model's tokenizer; none while the host has no model open.
  std::optional<Tokenizer> tokenizer() const {
    return service<Tokenizer, tk_tokenizer_v1>(TK_SERVICE_TOKENIZER);
  }

  /// The run's model; none while the host has no model open, or if it is older than ABI 1.1.
  std::optional<Generator> generator() const {
    return service<Generator, tk_generate_v1>(TK_SERVICE_GENERATE);
  }

  /// The reward model in the folder `model`, with the adapter in the folder `adapter` unless that is
  /// empty; what is open already is not opened a second time. Throws where there is no such model, and
  /// with a host older than ABI 1.6.
  RewardModel reward_model(std::string_view model, std::string_view adapter = "") const {
    const void *table = table_->service(table_, TK_SERVICE_SCORE);
    if (!table)
      throw Error(TK_E_UNSUPPORTED,
                  "this host opens no reward models (it may be older than ABI 1.6)");
    return RewardModel(static_cast<const tk_score_v1 *>(table), model, adapter);
  }

 private:
  template <class Wrapper, class Table>
  std::optional<Wrapper> service(const char *id) const {
    const void *table = table_->service(table_, id);
    return table ? std::optional<Wrapper>(static_cast<const Table *>(table)) : std::nullopt;
  }

  const tk_host_v1 *table_;
};

}  // namespace tk

#endif
