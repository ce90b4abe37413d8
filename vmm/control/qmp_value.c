/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of replies: one that memory runs out for becomes NULL as a whole. */
#include "control/qmp_internal.h"

void qmp_append(json_t **list, json_t *value)
{
    if (json_array_append_new(*list, value) != 0) {
        json_decref(*list);
        *list = NULL;
    }
}

void qmp_set(json_t **object, const char *name, json_t *value)
{
    if (json_object_set_new(*object, name, value) != 0) {
        json_decref(*object);
        *object = NULL;
    }
}
