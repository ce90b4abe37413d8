/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of hyp-image. A file of a VM has the same options, as the files of dormouse do. */
#ifndef HYP_TOOL_OPTIONS_H
#define HYP_TOOL_OPTIONS_H

#include "base/option.h"

/* `hyp-image make`: fills in a struct tool_vms. `hyp-image show` has no options. */
extern const struct option_command tool_make;
extern const struct option_command tool_show;

#endif
