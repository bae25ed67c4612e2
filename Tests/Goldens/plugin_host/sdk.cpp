// The C and C++ parts of the SDK, tested by a program of their own: what does not cross the
// boundary, the services, and the JSON reader on good text and bad.
#include "taskkit.hpp"
#include "taskkit_test.h"

namespace {

struct Fragile : tk::Reward {
  Fragile(const tk::Host &host, const tk::Json &config) {
    CHECK(!host.tokenizer() && !host.generator());
    host.log(TK_LOG_INFO, "made");
    host.check_cancelled();
    if (config.find("throw")) throw 7;
  }

  tk::Score score(const tk::Sample &sample) const override {
    if (sample.completion == "std") throw std::out_of_range("beyond the end");
    if (sample.completion == "status") throw tk::Error(TK_E_DATA, "bad row");
    if (sample.completion == "int") throw 7;
    if (sample.completion == "long") throw tk::Error(TK_E_DATA, std::string(5000, 'x'));
    return tk::Score(1).with(std::string(sample.completion), 2);
  }
};

// The tokens, and the reference's length; what is not known abstains.
struct Facts : tk::Reward {
  Facts(const tk::Host &, const tk::Json &) {}
  tk::Score score(const tk::Sample &sample) const override {
    if (!sample.tokens) return tk::Score::abstain("no tokens");
    const double length = sample.reference ? double(sample.reference->size()) : -1;
    return tk::Score(double(*sample.tokens)).with("reference", length).with(
        "truncated", sample.truncated);
  }
};

struct Short : tk::Reward {
  Short(const tk::Host &, const tk::Json &) {}
  tk::Score score(const tk::Sample &) const override { return 0; }
  std::vector<tk::Score> score_batch(const std::vector<tk::Sample> &) const override { return {}; }
};

struct Broken : tk::Dataset {
  bool countable;
  Broken(const tk::Host &, const tk::Json &, std::string_view split) : countable(split == "train") {
    if (split == "test") throw tk::NoSuchSplit();
  }
  int64_t count() const override {
    if (!countable) throw tk::Error(TK_E_DATA, "no file");
    return 2;
  }
  void read(int64_t index, int64_t, uint64_t, tk::Row &row) const override {
    row.turn("user", "hello");
    row.turn("assistant", "hm");
    row.details("{\"name\": \"Ada\"}", false);
    row.template_variables("{\"tools\": []}");
    row.choices({"a", "b"});
    row.tensor("t", {1, 2}, {1, 2});
    if (index == 1) throw std::bad_alloc();
  }
  std::vector<std::string> sources() const override { return {"a.csv", "\"b\""}; }
  bool varies_by_epoch() const override { return false; }
  std::vector<std::string> notes() const override { return {"read me"}; }
  std::vector<std::string> places() const override { return {"a.csv:1", "a.csv:2"}; }
};

struct Preferences : tk::Dataset {
  Preferences(const tk::Host &, const tk::Json &, std::string_view) {}
  int64_t count() const override { return 2; }
  void read(int64_t index, int64_t, uint64_t, tk::Row &row) const override {
    row.turn("user", "q");
    if (index == 0) {
      row.chosen("a");
      row.rejected("b");
      row.details("", false);
    } else {
      row.turn("assistant", "a");
      row.label(true);
    }
  }
};

void preferences() {
  CHECK(strcmp(tk_test_row("preferences", "{}", "train", 0).text,
               "user: q\nchosen assistant: a\nrejected assistant: b\nuntrained\n") == 0);
  CHECK(strcmp(tk_test_row("preferences", "{}", "train", 1).text,
               "user: q\nassistant: a\nlabel: 1\n") == 0);
  tk::Prediction each = {};
  each.example_json = R"({"turns": [], "chosen": [{}], "rejected": [{}]})";
  CHECK(!each.pair());
  each.choice_log_likelihoods = {-1, -2};
  CHECK(each.pair()->rejected == -2 && !each.pair()->reference_chosen && !each.labeled());
  each.choice_log_likelihoods = {-1, -2, -3, -4};
  CHECK(each.pair()->chosen == -1 && *each.pair()->reference_chosen == -3);
  CHECK(*each.pair()->reference_rejected == -4);
  each.example_json = R"({"turns": [], "label": false})";
  each.choice_log_likelihoods = {-1, -3};
  CHECK(!each.pair() && each.labeled()->answer == -1 && *each.labeled()->reference == -3);
}

void facts() {
  const tk_str texts[] = {tk_test_str("a"), tk_test_str("b"), tk_test_str("c")};
  const tk_str references[] = {tk_test_str("ab"), {nullptr, 0}, tk_test_str("")};
  const int64_t tokens[] = {3, 0, -1};
  const uint8_t truncated[] = {1, 0, 0};
  const tk_reward_facts_v1 known = {tokens, truncated, references, {}};
  tk_reward_batch_v1 batch = {3, texts, texts, texts, nullptr, &known, {}};
  tk_test_scores made = {};
  const tk_reward_out_v1 out = {
      &made, made.scores, tk_test_component, tk_test_abstain, {nullptr, nullptr}};
  const Facts reward(tk::Host(&tk_test_host), tk::Json("{}"));
  tk_error error = {made.error, sizeof made.error};
  void *instance = const_cast<Facts *>(&reward);
  const auto score = tk::RewardTable<Facts>::table.score;
  CHECK(score(instance, &batch, &out, &error) == TK_OK);
  CHECK(made.scores[0] == 3 && made.scores[1] == 0 && strcmp(made.reasons[2], "no tokens") == 0);
  CHECK(strcmp(made.component, "truncated") == 0 && made.values[0] == 1 && made.values[1] == 0);
  batch.facts = nullptr;
  CHECK(score(instance, &batch, &out, &error) == TK_OK);
  CHECK(strcmp(made.reasons[0], "no tokens") == 0);
}

void boundary() {
  const auto fails = [](const char *config, std::vector<const char *> completions,
                        tk_status status, const char *sentence) {
    const auto made = tk_test_reward("fragile", config, completions.data(), completions.size());
    return made.status == status && strcmp(made.error, sentence) == 0;
  };
  CHECK(fails("{}", {"a", "std"}, TK_E_INTERNAL, "sample 1: beyond the end"));
  CHECK(fails("{}", {"status"}, TK_E_DATA, "sample 0: bad row"));
  CHECK(fails("{}", {"int"}, TK_E_INTERNAL, "sample 0: unknown exception"));
  CHECK(fails("{\"throw\": 1}", {"a"}, TK_E_INTERNAL, "unknown exception"));
  CHECK(fails("{", {"a"}, TK_E_CONFIG, "the configuration must be JSON"));
  CHECK(fails("[]", {"a"}, TK_E_CONFIG, "the configuration must be an object"));
  const char *completions[] = {"long", "a", "b"};
  CHECK(strlen(tk_test_reward("fragile", "{}", completions, 1).error) == 511);
  const auto made = tk_test_reward("fragile", "{}", completions + 1, 2);
  CHECK(strcmp(made.component, "b") == 0 && std::isnan(made.values[0]));
  CHECK(made.values[1] == 2);
  const auto few = tk_test_reward("short", "{}", completions, 2);
  CHECK(few.status == TK_E_INTERNAL && strcmp(few.error, "0 scores for 2 samples") == 0);
  const auto row = tk_test_row("broken", "{}", "train", 0);
  CHECK(strcmp(row.text,
               "user: hello\nassistant: hm\nuntrained\nmembers: {\"name\": \"Ada\"}"
               "variables: {\"tools\": []}choice: achoice: btensor: t") == 0);
  CHECK(tk_test_row("broken", "{}", "train", 1).status == TK_E_INTERNAL);
  CHECK(tk_test_row("broken", "{}", "validation", 0).count == TK_E_DATA);
  CHECK(tk_test_row("broken", "{}", "test", 0).status == TK_END);
}

// An older host lacks the functions; a row that needs them is refused, not mutilated.
void olderHost() {
  const auto turn = [](const tk_example_out_v1 *, int32_t, tk_str, const tk_part_v1 *,
                       size_t) -> tk_status { return TK_OK; };
  tk_example_out_v1 sink = {};
  sink.turn = turn;
  tk::Row row(&sink);
  row.turn("user", "x");
  int refused = 0;
  try { row.details("{}", false); } catch (const tk::Error &error) {
    refused += error.status() == TK_E_UNSUPPORTED;
  }
  try { row.template_variables("{}"); } catch (const tk::Error &error) {
    refused += error.status() == TK_E_UNSUPPORTED;
  }
  try { row.chosen("x"); } catch (const tk::Error &error) {
    refused += error.status() == TK_E_UNSUPPORTED;
  }
  try { row.label(true); } catch (const tk::Error &error) {
    refused += strcmp(error.what(), "needs a host of ABI 1.5 or newer") == 0;
  }
  CHECK(refused == 4);
}

// ---- extensions: where rows come from ----------------------------------------------------------

void sources() {
  const auto *plugin = reinterpret_cast<const tk_plugin_v1 *>(tk_plugin_entry(TK_ABI_MAJOR));
  CHECK(plugin->extension("tk.unheard_of/1") == nullptr);
  const auto *table = static_cast<const tk_dataset_sources_v1 *>(
      plugin->extension(TK_EXTENSION_DATASET_SOURCES));
  const tk_export_v1 *each = tk_test_export(TK_KIND_DATASET, "broken");
  const auto *dataset = static_cast<const tk_dataset_v1 *>(each->vtable);
  void *instance = nullptr;
  CHECK(dataset->create(each->user, &tk_test_host, tk_test_str("{}"), tk_test_str("train"),
                        &instance, nullptr) == TK_OK);
  tk_test_answer made = {};
  const tk_text_out_v1 out = {&made, tk_test_write};
  CHECK(table->describe(tk_test_str("broken"), instance, &out, nullptr) == TK_OK);
  CHECK(strcmp(made.text,
               "{\"sources\": [\"a.csv\", \"\\\"b\\\"\"], \"varies_by_epoch\": false, "
               "\"notes\": [\"read me\"], \"places\": [\"a.csv:1\", \"a.csv:2\"]}") == 0);
  dataset->destroy(instance);
}

// ---- services: a tokenizer of bytes, a model that repeats its prompt ---------------------------

int64_t encode(const tk_tokenizer_v1 *, tk_str text, int32_t *ids, size_t capacity) {
  for (size_t i = 0; i < 3 * text.len && i < capacity; i++) ids[i] = text.ptr[i / 3];
  return static_cast<int64_t>(3 * text.len);
}

int64_t decode(const tk_tokenizer_v1 *, const int32_t *ids, size_t count, char *utf8,
               size_t capacity) {
  for (size_t i = 0; i < count && i < capacity; i++) {
    if (ids[i] < 0) return TK_E_DATA;
    utf8[i] = static_cast<char>(ids[i]);
  }
  return static_cast<int64_t>(count);
}

tk_status complete(const tk_generate_v1 *, const tk_generation_v1 *how, const tk_str *prompts,
                   size_t count, const tk_answers_out_v1 *out, tk_error *error) {
  if (how->max_new_tokens <= 0) {
    std::snprintf(error->text, error->capacity, "no room to answer");
    return TK_E_DATA;
  }
  for (size_t i = 0; i < count; i++) out->answer(out, how->top_k == 9 ? i + 9 : i, prompts[i]);
  return TK_OK;
}

tk_status log_likelihoods(const tk_generate_v1 *, int32_t model, int32_t, const tk_str *,
                          const tk_str *completions, size_t count, double *sums,
                          int64_t *token_counts, tk_error *) {
  for (size_t i = 0; i < count; i++) {
    sums[i] = -static_cast<double>(completions[i].len) - model;
    token_counts[i] = static_cast<int64_t>(completions[i].len);
  }
  return TK_OK;
}

int64_t parts_done = 0;

void show(const tk_progress_v1 *, tk_str label, int64_t done, int64_t total) {
  CHECK(tk::view(label) == "reading" && total == 9);
  parts_done = done;
}

const void *service(const tk_host_v1 *, const char *id) {
  static const tk_progress_v1 progress = {nullptr, show, {}};
  if (strcmp(id, TK_SERVICE_PROGRESS) == 0) return &progress;
  static const tk_tokenizer_v1 tokenizer = {nullptr, encode, decode};
  static const tk_generate_v1 generate = {nullptr, complete, log_likelihoods, {}};
  if (strcmp(id, TK_SERVICE_TOKENIZER) == 0) return &tokenizer;
  return strcmp(id, TK_SERVICE_GENERATE) == 0 ? &generate : nullptr;
}

template <class Body>
tk_status status_of(Body body) {
  try {
    body();
    return TK_OK;
  } catch (const tk::Error &error) {
    return error.status();
  } catch (const std::out_of_range &) {
    return TK_E_INTERNAL;
  }
}

void services() {
  tk_host_v1 table = tk_test_host;
  table.service = service;
  table.cancelled = [](const tk_host_v1 *) -> int32_t { return 1; };
  const tk::Host host(&table);
  CHECK(status_of([&] { host.check_cancelled(); }) == TK_E_CANCELLED);
  host.progress("reading", 4, 9);
  CHECK(parts_done == 4);
  tk::Host(&tk_test_host).progress("reading", 5, 9);  // this one has no such service
  CHECK(parts_done == 4);
  const auto ids = host.tokenizer()->encode("abc");  // nine ids, guessed to be four
  CHECK(ids.size() == 9 && ids[8] == 'c' && host.tokenizer()->encode("").empty());
  CHECK(host.tokenizer()->decode({'h', 'i'}) == "hi");
  CHECK(status_of([&] { host.tokenizer()->decode({-1}); }) == TK_E_DATA);
  tk_generation_v1 how = {};
  CHECK(status_of([&] { host.generator()->complete({"a"}, how); }) == TK_E_DATA);
  how.max_new_tokens = 4;
  CHECK((host.generator()->complete({"a", "b"}, how) == std::vector<std::string>{"a", "b"}));
  how.top_k = 9;  // the model answers prompts that nobody asked
  CHECK(status_of([&] { host.generator()->complete({"a"}, how); }) == TK_E_INTERNAL);
  const auto likely = host.generator()->log_likelihoods({"a", "b"}, {"xy", "z"}, TK_MODEL_BASE);
  CHECK(likely[0].sum == -3 && likely[0].tokens == 2 && likely[1].sum == -2);
}

void json() {
  const tk::Json value(
      R"( {"a": [1, -2.5e1, true, null, []], "b\u00e9": "\ud83d\ude00\"\n", "c": {"d": 1}} )");
  const auto a = value["a"].elements();
  CHECK(a.size() == 5 && a[0].integer() == 1 && a[1].number() == -25 && a[2].boolean());
  CHECK(a[3].is_null() && a[4].elements().empty());
  CHECK(value["bé"].string() == "😀\"\n");
  CHECK(value["c"]["d"].integer() == 1 && !value.find("d"));
  const auto says = [&](auto body, const std::string &sentence) {
    try {
      body();
    } catch (const tk::Error &error) {
      return error.status() == TK_E_DATA && error.what() == sentence;
    }
    return false;
  };
  CHECK(says([&] { value["c"]["e"]; }, "'c.e' is required"));
  CHECK(says([&] { value["a"].elements()[2].string(); }, "'a[2]' must be a string"));
  CHECK(says([&] { a[1].integer(); }, "'a[1]' must be an integer"));
  CHECK(says([&] { value.elements(); }, "the text must be an array"));
  CHECK(says([&] { value.only({"a", "c"}); }, "unknown key 'b\\u00e9'; known: 'a', 'c'"));
  CHECK(says([&] { value["c"].only({"D"}); }, "unknown key 'c.d'; known: 'c.D'"));
  CHECK(says([&] { value["c"].only_data({}); }, "unknown key 'c.d'; known: none"));
  CHECK(says([&] { value["a"].only({}); }, "'a' must be an object"));
  tk::Json(" { } ").only({});
  const tk::Json hosts(R"({"mine": 0, "s\u0065ed": 1, "shuffle": 2, "test": 3, "train": 4,
                           "validation": 5})");
  hosts.only_data({"mine"});
  CHECK(says([&] { hosts.only({"mine"}); }, "unknown key 's\\u0065ed'; known: 'mine'"));
  CHECK(tk::Json("-9223372036854775808").integer() == INT64_MIN);
  CHECK(tk::Json("9223372036854775807").integer() == INT64_MAX);
  CHECK(says([&] { tk::Json("9223372036854775808").integer(); }, "the text must be an integer"));
  CHECK(says([&] { tk::Json("1e999").number(); }, "the text must be a number"));
  const std::string text = "a\"\\\n\x01é";
  CHECK(tk::quote(text) == "\"a\\\"\\\\\\u000a\\u0001é\"");
  CHECK(tk::Json(tk::quote(text)).string() == text);
  std::vector<std::string> garbage = {
      "", "{", "[1,]", "[,1]", "{\"a\" 1}", "{\"a\": 1,}", "{a: 1}", "01", "1.", ".5", "+1", "1e",
      "nul", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\u12g4\"",
      "\"a\nb\"", "\"a", "1 2", "-", "]"};
  garbage.emplace_back(1, '\0');
  garbage.emplace_back("\"\\\0\"", 4);
  garbage.emplace_back(100, '[');
  for (const std::string &each : garbage) {
    // In memory of its own size, so that a sanitizer sees reads beyond the end.
    const std::vector<char> bytes(each.begin(), each.end());
    const std::string_view view(bytes.data(), bytes.size());
    CHECK(says([&] { tk::Json{view}; }, "the text must be JSON"));
  }
}

}  // namespace

TK_PLUGIN("fragile", "1.0.0", tk::reward<Fragile>("fragile", ""), tk::reward<Short>("short", ""),
          tk::dataset<Broken>("broken", ""), tk::dataset<Preferences>("preferences", ""))

int main() {
  boundary();
  facts();
  preferences();
  olderHost();
  sources();
  services();
  json();
  return tk_test_result();
}
