/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client sent: whether it is a command, and whether the client may give one now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/qmp_internal.h"

/* Jansson's words for what is wrong with JSON, as far as QEMU has words of its own for it. */
static const struct {
    const char *beginning;
    const char *words;
} json_problems[] = {
    {"':' expected", "missing : in object pair"},
    {"']' expected", "expected separator in list"},
    {"'}' expected", "expected separator in dict"},
    {"duplicate object key", "duplicate key"},
    {"invalid escape", "invalid escape sequence in string"},
    {"unable to decode byte", "invalid UTF-8 sequence in string"},
};

static const char *describe_problem(const char *text)
{
    for (size_t i = 0; i < sizeof(json_problems) / sizeof(json_problems[0]); i++) {
        if (strncmp(text, json_problems[i].beginning, strlen(json_problems[i].beginning)) == 0) {
            return json_problems[i].words;
        }
    }
    return "expecting value";
}

static json_t *complain_about_json(const json_error_t *error)
{
    static const char keyword[] = "invalid token near '";
    char words[32];

    if (strncmp(error->text, keyword, strlen(keyword)) == 0 &&
        sscanf(error->text + strlen(keyword), "%31[a-z]", words) == 1) {
        return qmp_error_about("GenericError", "JSON parse error, invalid keyword '", words, "'");
    }
    return qmp_error_about("GenericError", "JSON parse error, ", describe_problem(error->text), "");
}

/* As in QEMU, a number of more than 64 bits loses its last digits. */
static json_t *parse_json(const char *text, size_t length, json_error_t *error)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_t *request = json_loadb(text, length, flags, error);

    if (request == NULL && json_error_code(error) == json_error_numeric_overflow) {
        request = json_loadb(text, length, flags | JSON_DECODE_INT_AS_REAL, error);
    }
    return request;
}

static json_t *parse_request(const char *text, size_t length, json_error_t *error)
{
    char *quoted = malloc(2 * length);

    if (quoted == NULL) {
        error->text[0] = '\0';
        return NULL;
    }
    length = qmp_frame_quotes(quoted, text, length);
    json_t *request = parse_json(quoted, length, error);
    free(quoted);
    return request;
}

/* NULL: a command may have this member. */
static json_t *check_member(const char *name, const json_t *value)
{
    static const char before[] = "QMP input member '";

    if (strcmp(name, "execute") == 0) {
        return json_is_string(value)
                   ? NULL
                   : qmp_error_about("GenericError", before, name, "' must be a string");
    }
    if (strcmp(name, "arguments") == 0) {
        return json_is_object(value)
                   ? NULL
                   : qmp_error_about("GenericError", before, name, "' must be an object");
    }
    return strcmp(name, "id") == 0
               ? NULL
               : qmp_error_about("GenericError", before, name, "' is unexpected");
}

static json_t *check_members(json_t *request)
{
    const char *name;
    json_t *value;

    json_object_foreach(request, name, value)
    {
        json_t *objection = check_member(name, value);

        if (objection != NULL) {
            return objection;
        }
    }
    return json_object_get(request, "execute") != NULL
               ? NULL
               : qmp_error("QMP input lacks member 'execute'");
}

/* Before negotiation only one command is allowed, and after it all others. */
static json_t *check_negotiation(const char *name, bool negotiated)
{
    bool negotiates = strcmp(name, "qmp_capabilities") == 0;

    if (negotiates == negotiated) {
        return qmp_refuse("CommandNotFound",
                          negotiated
                              ? "Capabilities negotiation is already complete, command ignored"
                              : "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    return NULL;
}

static json_t *answer_request(struct qmp *qmp, json_t *request, bool *negotiated)
{
    json_t *objection = check_members(request);

    if (objection != NULL) {
        return objection;
    }
    const json_t *execute = json_object_get(request, "execute");
    const char *name = json_string_value(execute);
    if (strlen(name) != json_string_length(execute)) { /* It contains NUL, as no name does. */
        return qmp_not_found(name);
    }
    objection = check_negotiation(name, *negotiated);
    if (objection != NULL) {
        return objection;
    }
    json_t *reply = qmp_run(qmp, name, json_object_get(request, "arguments"));
    *negotiated = *negotiated || json_object_get(reply, "return") != NULL;
    return reply;
}

/* A number or a text can be longer in the reply than it was in the command. */
static bool id_is_too_long(const json_t *id)
{
    return id != NULL && json_dumpb(id, NULL, 0, QMP_FORMAT | JSON_ENCODE_ANY) > QMP_COMMAND_MAX;
}

json_t *qmp_execute(struct qmp *qmp, const char *text, size_t length, bool *negotiated)
{
    json_error_t error;
    json_t *request = parse_request(text, length, &error);
    json_t *id = json_object_get(request, "id");
    json_t *reply = NULL;

    if (request == NULL) {
        reply = complain_about_json(&error);
    } else if (!json_is_object(request)) {
        reply = qmp_error("QMP input must be a JSON object");
    } else if (id_is_too_long(id)) {
        reply = qmp_error("'id' is too long");
    } else {
        reply = answer_request(qmp, request, negotiated);
        if (id != NULL) {
            qmp_set(&reply, "id", json_incref(id));
        }
    }
    json_decref(request);
    return reply;
}
