#include "include/CHostSupport.h"
