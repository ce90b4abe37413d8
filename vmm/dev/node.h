/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the device tree's nodes of devices share with the rest of the tree: devices refer to these
 * phandles, and boot/ gives them to nodes.
 */
#ifndef DORMOUSE_DEV_NODE_H
#define DORMOUSE_DEV_NODE_H

enum { NODE_PHANDLE_GIC = 1, NODE_PHANDLE_APB_CLOCK = 2, NODE_PHANDLE_ITS = 3 };

#endif
