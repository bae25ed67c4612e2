// A reward that fails as its completions say, in the place of the template's.
#include <stdexcept>

#include "taskkit.hpp"

class Faulty : public tk::Reward {
 public:
  Faulty(const tk::Host &, const tk::Json &) {}

  tk::Score score(const tk::Sample &sample) const override {
    if (sample.completion == "throw") throw tk::Error(TK_E_DATA, "réponse 🤖");
    if (sample.completion == "panic") throw std::runtime_error("nobody catches me");
    if (sample.completion == "index") throw 3;
    if (sample.completion == "abort") std::abort();
    return tk::Score(1);
  }
};

TK_PLUGIN("faulty", "1", tk::reward<Faulty>("faulty", "Fails as its completions say."))
