// A reward in C++: 1 up to a target length, then target / length.
#include <algorithm>

#include "taskkit.hpp"

namespace {

class Brevity : public tk::Reward {
 public:
  static constexpr bool thread_safe = true;  // score only reads

  // snippet: config
  Brevity(const tk::Host &, const tk::Json &config) {
    config.only({"target"});
    target = config["target"].integer();
    if (target <= 0) throw config["target"].wrong("greater than 0");
  }
  // end snippet

  // snippet: score
  tk::Score score(const tk::Sample &sample) const override {
    const int64_t length = characters(sample.completion);
    const tk::Score score =
        is_blank(sample.completion) ? tk::Score::abstain("empty completion")
        : length <= target          ? tk::Score(1)
                                    : tk::Score(double(target) / double(length));
    return tk::Score(score).with("characters", double(length));
  }
  // end snippet

 private:
  /// Unicode scalars: every byte of UTF-8 that does not continue one.
  static int64_t characters(std::string_view text) {
    return std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; });
  }

  static bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\n\v\f\r") == text.npos;
  }

  int64_t target;  // characters
};

}  // namespace

// snippet: entry
TK_PLUGIN("brevity", "1.0.0",
          tk::reward<Brevity>("brevity", "1 up to a target length, then target / length."))
// end snippet
