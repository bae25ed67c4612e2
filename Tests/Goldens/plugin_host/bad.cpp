// A reward whose exception leaves the plugin, which the ABI forbids.
#include <stdexcept>

#include "CPluginABI.h"

static tk_status create(void *, const tk_host_v1 *, tk_str, void **, tk_error *) { return TK_OK; }
static void destroy(void *) {}
static tk_status score(void *, const tk_reward_batch_v1 *, const tk_reward_out_v1 *, tk_error *) {
  throw std::runtime_error("nobody catches me");
}

static const tk_reward_v1 reward = {sizeof reward, 0, create, destroy, score, {}};
static const tk_export_v1 exports[] = {{TK_KIND_REWARD, 0, "thrower", "", &reward, nullptr}};
static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "thrower", "1", "C++", 1,
    exports, nullptr, {}};

extern "C" const tk_plugin_head *tk_plugin_entry(uint32_t) { return &plugin.head; }
