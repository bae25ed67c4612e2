// A plugin in C++17: derive from tk::Reward, tk::Dataset or tk::Evaluator and list the classes.
//
//     struct Brevity : tk::Reward {
//       Brevity(const tk::Host &, const tk::Json &config) : target(config["target"].integer()) {}
//       tk::Score score(const tk::Sample &sample) const override { ... }
//     };
//     TK_PLUGIN("brevity", "1.0.0", tk::reward<Brevity>("brevity", "Shorter is better."))
//
// An exception becomes a status and its what(); none crosses the boundary. The functions of a class
// are const and called on any thread; set `static constexpr bool thread_safe = true` in the class
// where calls on one instance may overlap.
#ifndef TASKKIT_HPP
#define TASKKIT_HPP

#include <cstdio>
#include <initializer_list>
#include <limits>
#include <type_traits>

#include "taskkit_host.hpp"

namespace tk {

/// Runs `body` and returns its status; exceptions become a status and one sentence in `error`.
template <class Body>
tk_status guarded(tk_error *error, Body body) noexcept {
  const auto fail = [error](tk_status status, const char *sentence) {
    if (error && error->capacity > 0) {
      std::snprintf(error->text, error->capacity, "%s", sentence);
    }
    return status;
  };
  try {
    return body();
  } catch (const Error &failure) {
    return fail(failure.status(), failure.what());
  } catch (const std::exception &failure) {
    return fail(TK_E_INTERNAL, failure.what());
  } catch (...) {
    return fail(TK_E_INTERNAL, "unknown exception");
  }
}

/// Throws what the host's sink does not accept; the host knows the reason.
inline void accepted(tk_status status) {
  if (status != TK_OK) throw Error(status, "the host did not accept it");
}

// ---- rewards --------------------------------------------------------------------------------

/// One completion to score; borrowed until the call returns.
struct Sample {
  std::string_view prompt, completion;
  std::string_view metadata_json;  ///< the row's metadata, an object: read it with tk::Json
  std::optional<int32_t> group;    ///< same prompt = same number
  std::optional<int64_t> tokens;   ///< how many the model wrote; not known to a host before 1.6
  bool truncated = false;          ///< cut off at the limit of tokens
  std::optional<std::string_view> reference;  ///< the row's own answer, where it has one
};

/// A score with named components, or the reason why there is none.
class Score {
 public:
  Score(double value) : value(static_cast<float>(value)) {}
  static Score abstain(std::string reason) {
    Score none(std::numeric_limits<double>::quiet_NaN());
    none.reason = std::move(reason);
    return none;
  }

  /// The same with a named part of the score.
  Score with(std::string name, double part) && {
    components.emplace_back(std::move(name), static_cast<float>(part));
    return std::move(*this);
  }

  float value;
  std::optional<std::string> reason;
  std::vector<std::pair<std::string, float>> components;
};

/// Scores completions. A derived class has a constructor (const Host &, const Json &config).
class Reward {
 public:
  static constexpr bool thread_safe = false;
  virtual ~Reward() = default;

  /// The score of one completion; what it throws is reported with the sample's index.
  virtual Score score(const Sample &sample) const = 0;

  /// The scores of a batch, in its order; override it where samples are better scored together.
  virtual std::vector<Score> score_batch(const std::vector<Sample> &batch) const {
    std::vector<Score> scores;
    scores.reserve(batch.size());
    for (const Sample &sample : batch) {
      const std::string where = "sample " + std::to_string(scores.size()) + ": ";
      try {
        scores.push_back(score(sample));
      } catch (const Error &failure) {
        throw Error(failure.status(), where + failure.what());
      } catch (const std::exception &failure) {
        throw Error(TK_E_INTERNAL, where + failure.what());
      } catch (...) {
        throw Error(TK_E_INTERNAL, where + "unknown exception");
      }
    }
    return scores;
  }
};

/// Hands the scores to the host: components as columns, NaN where a sample has none.
inline void write(const std::vector<Score> &scores, const tk_reward_out_v1 *out, size_t count) {
  if (scores.size() != count) {
    throw Error(TK_E_INTERNAL, std::to_string(scores.size()) + " scores for " +
                                   std::to_string(count) + " samples");
  }
  std::vector<std::pair<std::string, std::vector<float>>> columns;
  for (size_t i = 0; i < count; i++) {
    out->scores[i] = scores[i].value;
    if (scores[i].reason) accepted(out->abstain(out, i, str(*scores[i].reason)));
    for (const auto &[name, part] : scores[i].components) {
      size_t column = 0;
      while (column < columns.size() && columns[column].first != name) column++;
      if (column == columns.size()) {
        const float none = std::numeric_limits<float>::quiet_NaN();
        columns.emplace_back(name, std::vector<float>(count, none));
      }
      columns[column].second[i] = part;
    }
  }
  for (const auto &[name, values] : columns) {
    accepted(out->component(out, str(name), values.data(), count));
  }
}

// ---- datasets -------------------------------------------------------------------------------

/// Throw it from the constructor of a dataset that has no such split.
struct NoSuchSplit {};

/// The host's sink for one row, until read returns; everything is copied.
class Row {
 public:
  explicit Row(const tk_example_out_v1 *sink) : sink_(sink) {}

  /// Appends a turn of text; role: "system", "developer", "user", "assistant" or "tool".
  void turn(std::string_view role, std::string_view text,
            int32_t section = TK_SECTION_CONVERSATION) {
    const tk_part_v1 part = {TK_PART_TEXT, 0, {nullptr, 0}, str(text)};
    turn(role, std::vector<tk_part_v1>{part}, section);
  }

  /// Appends a turn of several parts, to a section (TK_SECTION_...). The two answers of a pair throw
  /// with a host older than ABI 1.5.
  void turn(std::string_view role, const std::vector<tk_part_v1> &parts,
            int32_t section = TK_SECTION_CONVERSATION) {
    if (section != TK_SECTION_CONVERSATION) needs(sink_->label, "1.5");
    accepted(sink_->turn(sink_, section, str(role), parts.data(), parts.size()));
  }

  /// Appends the preferred answer of a pair, whose prompt the other turns are.
  void chosen(std::string_view text) { turn("assistant", text, TK_SECTION_CHOSEN); }

  /// Appends the other answer of a pair.
  void rejected(std::string_view text) { turn("assistant", text, TK_SECTION_REJECTED); }

  /// Says whether the conversation's answer is a wanted one. Throws with a host older than ABI 1.5.
  void label(bool is_wanted) {
    needs(sink_->label, "1.5");
    accepted(sink_->label(sink_, is_wanted ? 1 : 0));
  }

  /// Says more of the turn that was appended last: a JSON object of what the message has beside role
  /// and content ("tool_calls", "reasoning_content", …; empty for none), as the chat template is to
  /// see it, and whether an assistant's turn is trained. Throws with a host older than ABI 1.4.
  void details(std::string_view members_json, bool is_trained = true) {
    needs(sink_->turn_details, "1.4");
    accepted(sink_->turn_details(sink_, is_trained ? 0u : static_cast<uint32_t>(TK_TURN_UNTRAINED),
                                 str(members_json)));
  }

  /// Sets what the chat template reads beside the messages, a JSON object: {"tools": […]}. Throws
  /// with a host older than ABI 1.4.
  void template_variables(std::string_view json) {
    needs(sink_->template_variables, "1.4");
    accepted(sink_->template_variables(sink_, str(json)));
  }

  /// Sets what the evaluator gets back beside the prediction: a JSON object.
  void metadata(std::string_view json) { accepted(sink_->metadata(sink_, str(json))); }

  /// Sets the endings whose log-likelihoods the host scores.
  void choices(const std::vector<std::string> &texts) {
    std::vector<tk_str> all;
    for (const std::string &text : texts) all.push_back(str(text));
    accepted(sink_->choices(sink_, all.data(), all.size()));
  }

  /// Adds a tensor of numbers, row-major, which a part of type TK_PART_MEDIA names.
  void tensor(std::string_view name, const std::vector<int64_t> &shape,
              const std::vector<float> &values) {
    accepted(sink_->tensor(sink_, str(name), TK_F32, shape.data(), shape.size(), values.data(),
                           values.size() * sizeof(float)));
  }

 private:
  /// Throws where the host is too old to have this function.
  template <class Function>
  static void needs(Function *function, const char *version) {
    if (function) return;
    throw Error(TK_E_UNSUPPORTED, std::string("needs a host of ABI ") + version + " or newer");
  }

  const tk_example_out_v1 *sink_;
};

/// Rows by random access. A derived class has a constructor (const Host &, const Json &config,
/// std::string_view split), where split is "train", "validation" or "test".
class Dataset {
 public:
  static constexpr bool thread_safe = false;
  virtual ~Dataset() = default;

  /// The number of rows, constant.
  virtual int64_t count() const = 0;

  /// Writes row `index`: a pure function of (index, epoch, seed).
  virtual void read(int64_t index, int64_t epoch, uint64_t seed, Row &row) const = 0;

  /// Every file whose content decides the rows, beside the configuration, the split and the seed; a
  /// folder stands for the names in it. The host then keeps the rows that it has encoded for as
  /// long as these files stay as they are. None: not known, every row is read anew.
  virtual std::vector<std::string> sources() const { return {}; }

  /// Whether a row may differ from epoch to epoch.
  virtual bool varies_by_epoch() const { return true; }

  /// Sentences about the rows that the user should read before each run, and in `data audit`.
  virtual std::vector<std::string> notes() const { return {}; }

  /// File and line of each row, which the host's errors about a row begin with. None: not known.
  virtual std::vector<std::string> places() const { return {}; }
};

// ---- evaluators -----------------------------------------------------------------------------

/// How likely a pair's answers are: natural logarithms, summed over each answer's tokens; under the
/// model that is judged and, where the run has one, under the one that it compares with.
struct PairLogProbabilities {
  double chosen, rejected;
  std::optional<double> reference_chosen, reference_rejected;
};

/// How likely the answer of a row with a label is, in the same way.
struct AnswerLogProbabilities {
  double answer;
  std::optional<double> reference;
};

/// What the model answered to one row; borrowed until the call returns.
struct Prediction {
  int64_t index;  ///< of the row in its dataset
  std::string_view text;
  std::optional<std::string_view> reference;       ///< the last assistant turn, calls included
  std::string_view example_json, metadata_json;    ///< the row: {"turns", "metadata", "choices"}
  std::vector<double> choice_log_likelihoods;
  /// What a reward model scores the row's answers, where such a model is judged: of a pair the chosen
  /// and the rejected one, of a row with a label its answer.
  std::vector<double> scores;

  /// Of a preference pair what the models give its answers; none where they were not asked.
  std::optional<PairLogProbabilities> pair() const {
    const std::vector<double> &all = choice_log_likelihoods;
    if (!has("chosen") || (all.size() != 2 && all.size() != 4)) return std::nullopt;
    PairLogProbabilities numbers = {all[0], all[1], std::nullopt, std::nullopt};
    if (all.size() == 4) numbers.reference_chosen = all[2], numbers.reference_rejected = all[3];
    return numbers;
  }

  /// Of a row with a label what the models give its answer; none where they were not asked.
  std::optional<AnswerLogProbabilities> labeled() const {
    const std::vector<double> &all = choice_log_likelihoods;
    if (!has("label") || all.empty() || all.size() > 2) return std::nullopt;
    AnswerLogProbabilities numbers = {all[0], std::nullopt};
    if (all.size() == 2) numbers.reference = all[1];
    return numbers;
  }

 private:
  bool has(const char *key) const { return Json(example_json).find(key).has_value(); }
};

/// An evaluator's report; metrics keep their order.
class Report {
 public:
  Report(size_t count, std::string_view primary)
      : head_("{\"count\": " + std::to_string(count) + ", \"primary\": " + quote(primary)) {}

  /// Adds a metric and the number of items behind it; `lower_is_better` for an error.
  Report &metric(std::string_view name, double value, size_t count,
                 bool lower_is_better = false) {
    metrics_ += (metrics_.empty() ? "" : ", ") + quote(name) + ": {\"value\": " + number(value) +
                ", \"count\": " + std::to_string(count) +
                (lower_is_better ? ", \"lower_is_better\": true}" : "}");
    return *this;
  }

  /// Says what the next prediction belongs to (a user, a clip), where rows are not independent; once
  /// for each, in their order.
  Report &cluster(std::string_view name) {
    clusters_ += (clusters_.empty() ? "" : ", ") + quote(name);
    return *this;
  }

  /// Adds what a trivial answer would score by one metric.
  Report &baseline(std::string_view name, std::string_view metric, double value) {
    baselines_ += (baselines_.empty() ? "" : ", ") + quote(name) + ": {" + quote(metric) + ": " +
                  number(value) + "}";
    return *this;
  }

  std::string json() const {
    return head_ + ", \"metrics\": {" + metrics_ + "}, \"baselines\": {" + baselines_ +
           "}, \"clusters\": [" + clusters_ + "]}";
  }

 private:
  static std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
  }

  std::string head_, metrics_, baselines_, clusters_;
};

/// Judges all predictions of a split. Constructor as for a dataset, but every split is judged.
class Evaluator {
 public:
  static constexpr bool thread_safe = false;
  virtual ~Evaluator() = default;
  virtual Report evaluate(const std::vector<Prediction> &predictions) const = 0;
};

}  // namespace tk

#include "taskkit_plugin.hpp"

#endif
