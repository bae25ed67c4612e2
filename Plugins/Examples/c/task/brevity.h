/* What the task is made of. */
#ifndef BREVITY_H
#define BREVITY_H

#include "CPluginABI.h"

extern const tk_dataset_v1 brevity_rows;
extern const tk_evaluator_v1 brevity_exact;

#endif
