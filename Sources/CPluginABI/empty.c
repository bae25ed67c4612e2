#include "include/CPluginABI.h"
