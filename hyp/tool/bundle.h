/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that hyp starts VMs from: docs/hyp.md has its format, hyp/core/describe.h reads it. */
#ifndef HYP_TOOL_BUNDLE_H
#define HYP_TOOL_BUNDLE_H

#include "tool_vm.h"

/* Makes it, and replaces `path` after it is complete. Returns 0, or -errno after report()ing one line. */
int bundle_make(const struct tool_vms *all, const char *path);

#endif
