// A task in C++: say in one word what was said three times.
#include "exact.hpp"
#include "rows.hpp"

// snippet: task
TK_PLUGIN("brevity", "1.0.0",
          tk::task("brevity", "Say once what was said three times.", "brevity.rows",
                   "brevity.exact", R"({"training_args": {"max_length": 64}})"),
          tk::dataset<Rows>("brevity.rows", "Words said three times."),
          tk::evaluator<Exact>("brevity.exact", "The share of exact answers."))
// end snippet
