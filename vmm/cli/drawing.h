/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * An event log as a picture: a row for the VM and one for each vCPU, and a line for each wake. The picture is
 * SVG, alone or in a page of HTML.
 */
#ifndef DORMOUSE_CLI_DRAWING_H
#define DORMOUSE_CLI_DRAWING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    DRAWING_ROWS_MAX = 1 + 512,    /* the VM and its vCPUs */
    DRAWING_STAYS_MAX = 32 * 1024, /* in states; what comes later is not drawn */
    DRAWING_MARKS_MAX = 4096,
};

enum drawing_form { DRAWING_NONE, DRAWING_SVG, DRAWING_HTML };

struct drawing;

/** NULL if there is no memory. */
struct drawing *drawing_create(void);
void drawing_destroy(struct drawing *drawing);

/** The next event of the log. False: there is no room, and it is not drawn. */
bool drawing_take(struct drawing *drawing, const char *name, const json_t *event, int64_t time);

/** `title` is the log's name. */
void drawing_print(struct drawing *drawing, FILE *file, enum drawing_form form, const char *title);

#endif
