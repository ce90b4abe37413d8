/* SPDX-License-Identifier: BSD-2-Clause */
/* Device trees made by hand for the bare-metal guest's reader. Each step ends the test where it
 * fails. */
#ifndef GUEST_BLOB_H
#define GUEST_BLOB_H

#include <stddef.h>
#include <stdint.h>

enum { BLOB_SIZE = 8192 };

/* The one in the making, and made. */
extern uint8_t blob[BLOB_SIZE];

/* Begins a tree; blob_end() ends its nodes, and blob_read() the root. */
void blob_begin(void);
void blob_node(const char *name);
void blob_end(void);

/* Properties of the node begun last. */
void blob_text(const char *name, const char *value);
void blob_flag(const char *name);
void blob_cell_counts(uint32_t address, uint32_t size);
void blob_put_cells(const char *name, size_t count, const uint32_t *values);

#define blob_cells(name, ...)                                                                      \
    blob_put_cells(name, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),                     \
                   (uint32_t[]){__VA_ARGS__})

/* Whole nodes. A parent or state of 0 is none. */
void blob_uart(const char *name, const char *compatible, uint32_t address);
void blob_domain(const char *name, uint32_t phandle, uint32_t parent, uint32_t idle);
void blob_state(const char *compatible, uint32_t phandle);

/* Ends the tree and gives it to the guest's reader. */
void blob_read(void);

/*
 * Nearly a whole tree: CPUs that name their cluster's domain, after one that is nothing to PSCI; a
 * system around them.
 */
void blob_of_domains(void);

#endif
