// The task's evaluator: the share of answers that are the reference, word for word.
#ifndef EXACT_HPP
#define EXACT_HPP

#include <algorithm>

#include "taskkit.hpp"

class Exact : public tk::Evaluator {
 public:
  static constexpr bool thread_safe = true;  // it keeps nothing

  Exact(const tk::Host &, const tk::Json &, std::string_view) {}

  // snippet: evaluate
  tk::Report evaluate(const std::vector<tk::Prediction> &predictions) const override {
    size_t exact = 0, echo = 0;
    for (const tk::Prediction &each : predictions) {
      if (!each.reference) {
        const std::string row = std::to_string(each.index);
        throw tk::Error(TK_E_DATA, "row " + row + " has no reference");
      }
      exact += trimmed(each.text) == *each.reference;
      echo += first_word(prompt(tk::Json(each.example_json))) == *each.reference;
    }
    const size_t count = predictions.size();
    const double all = static_cast<double>(std::max<size_t>(count, 1));
    return tk::Report(count, "exact")
        .metric("exact", static_cast<double>(exact) / all, count)
        .baseline("echo", "exact", static_cast<double>(echo) / all);
  }
  // end snippet

 private:
  static constexpr const char *space = " \t\n\v\f\r";

  static std::string_view trimmed(std::string_view text) {
    const size_t start = text.find_first_not_of(space);
    if (start == text.npos) return {};
    return text.substr(start, text.find_last_not_of(space) - start + 1);
  }

  static std::string first_word(const std::string &text) {
    const std::string_view word = trimmed(text);
    return std::string(word.substr(0, word.find_first_of(space)));
  }

  /// The first text of the row's first user turn.
  static std::string prompt(const tk::Json &example) {
    for (const tk::Json &turn : example["turns"].elements()) {
      if (turn["role"].string() != "user") continue;
      for (const tk::Json &part : turn["parts"].elements()) {
        if (const auto text = part.find("text")) return text->string();
      }
      break;
    }
    return "";
  }
};

#endif
