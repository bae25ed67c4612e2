// The task's dataset: "Shorten: <a word three times>", answered by the word.
#ifndef ROWS_HPP
#define ROWS_HPP

#include "taskkit.hpp"

class Rows : public tk::Dataset {
 public:
  static constexpr bool thread_safe = true;  // count and read only read

  // snippet: config
  Rows(const tk::Host &, const tk::Json &config, std::string_view split)
      : validation(split == "validation") {
    if (!validation && split != "train") throw tk::NoSuchSplit();
    config.only_data({"words"});
    if (const auto chosen = config.find("words")) {
      words.clear();
      for (const tk::Json &word : chosen->elements()) words.push_back(word.string());
      if (words.empty()) throw chosen->wrong("an array of strings with at least one element");
    }
  }
  // end snippet

  int64_t count() const override {
    const size_t fifths = words.size() / 5;
    return static_cast<int64_t>(validation ? fifths : words.size() - fifths);
  }

  // snippet: row
  /// A row is the same in every epoch, so epoch and seed are not needed.
  void read(int64_t index, int64_t, uint64_t, tk::Row &row) const override {
    const size_t i = static_cast<size_t>(index);
    const std::string &word = words[validation ? 5 * i + 4 : i + i / 4];
    row.turn("user", "Shorten: " + word + " " + word + " " + word);
    row.turn("assistant", word);
    row.metadata("{\"word\": " + tk::quote(word) + "}");
  }
  // end snippet

 private:
  bool validation;  // every fifth word; the others are for training
  std::vector<std::string> words = {"river",  "lantern", "quiet", "meadow", "copper",
                                    "window", "thunder", "paper", "garden", "silver"};
};

#endif
