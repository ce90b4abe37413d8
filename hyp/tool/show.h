/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows a bundle, as hyp itself reads it. */
#ifndef HYP_TOOL_SHOW_H
#define HYP_TOOL_SHOW_H

/* Returns 0, or -errno after report()ing one line. */
int show_bundle(const char *path);

#endif
