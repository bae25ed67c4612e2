/* A plugin that exports nothing: the fuzzer's first library. */
#include "CPluginABI.h"

static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "seed", "1", "C", 0, NULL, NULL, {0}};

const tk_plugin_head *tk_plugin_entry(uint32_t host_abi_major) {
  return host_abi_major == TK_ABI_MAJOR ? &plugin.head : NULL;
}
