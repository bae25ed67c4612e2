#include "CLogMel.h"
