/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands, in a table. Arguments are checked before a command runs. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/qmp_internal.h"

/* A command has one argument at most. */
enum argument_kind { NO_ARGUMENT, BOOLEAN, CPU_INDEX, ENABLE, BYTES, DEPTH };

struct argument {
    struct qmp_argument_type type;
    const char *problem; /* the error for a value of another type */
    enum argument_kind kind;
};

static const struct argument arguments[] = {
    [NO_ARGUMENT] = {{NULL, NULL, true}, NULL, NO_ARGUMENT},
    [BOOLEAN] = {{"honour", "bool", false}, "must be a boolean", BOOLEAN},
    [CPU_INDEX] = {{"cpu-index", "int", false}, "must be an integer", CPU_INDEX},
    [ENABLE] = {{"enable", "[QMPCapability]", true}, "must be an array", ENABLE},
    [BYTES] = {{"value", "int", false}, "must be an integer", BYTES},
    [DEPTH] = {{"depth", "x-dormouse-SleepMemory", false}, "must be a string", DEPTH},
};

/*
 * Returns the value of the reply, null if the command has none, or NULL with the reason in *error
 * (NULL: no memory).
 */
typedef json_t *command_fn(struct qmp *qmp, const json_t *argument, const char **error);

static json_t *make_version(void)
{
    char *rest;
    json_int_t major = strtol(DORMOUSE_VERSION, &rest, 10);
    json_int_t minor = strtol(rest + 1, &rest, 10);
    json_int_t micro = strtol(rest + 1, &rest, 10);

    return json_pack("{s:{s:I, s:I, s:I}, s:s}", "qemu", "major", major, "minor", minor, "micro",
                     micro, "package", "dormouse " DORMOUSE_VERSION);
}

json_t *qmp_greeting(void)
{
    return json_pack("{s:{s:o, s:[]}}", "QMP", "version", make_version(), "capabilities");
}

static json_t *error_reply(const char *class, const char *description)
{
    return json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc", description);
}

json_t *qmp_error(const char *description)
{
    return error_reply("GenericError", description);
}

/* The result of a command that has no value to return. It takes no memory. */
static json_t *make_done(const char *objection, const char **error)
{
    *error = objection;
    return objection == NULL ? json_null() : NULL;
}

static json_t *negotiate_capabilities(struct qmp *qmp, const json_t *enable, const char **error)
{
    (void)qmp;
    return make_done(json_array_size(enable) > 0 ? "none of the capabilities is offered" : NULL,
                     error);
}

static json_t *query_version(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)qmp, (void)argument, (void)error;
    return make_version();
}

static json_t *query_name(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument, (void)error;
    return json_pack("{s:s}", "name", qmp->name);
}

static json_t *query_status(struct qmp *qmp, const json_t *argument, const char **error)
{
    enum operator_status status = qmp->ops->status(qmp->machine);

    (void)argument, (void)error;
    return json_pack("{s:s, s:b, s:b}", "status", qmp_status_names[status], "running",
                     status == OPERATOR_RUNNING, "singlestep", 0);
}

static json_t *make_vcpu(const struct operator_vcpu *vcpu, unsigned index)
{
    char mpidr[sizeof("0x0123456789abcdef")];
    char path[48];

    (void)snprintf(mpidr, sizeof(mpidr), "0x%" PRIx64, vcpu->mpidr);
    (void)snprintf(path, sizeof(path), "/machine/unattached/device[%u]", index);
    return json_pack("{s:i, s:s, s:i, s:s, s:{}, s:s, s:s, s:b}", "cpu-index", (int)index,
                     "qom-path", path, "thread-id", vcpu->thread_id, "target", "aarch64", "props",
                     "x-dormouse-mpidr", mpidr, "x-dormouse-state", vcpu->state,
                     "x-dormouse-admitted", (int)vcpu->admitted);
}

static json_t *query_cpus_fast(struct qmp *qmp, const json_t *argument, const char **error)
{
    unsigned count = qmp->ops->vcpu_count(qmp->machine);
    struct operator_vcpu *vcpus = calloc(count, sizeof(*vcpus));
    json_t *list = vcpus != NULL ? json_array() : NULL;

    (void)argument, (void)error;
    if (list != NULL) {
        qmp->ops->vcpus(qmp->machine, vcpus, count);
    }
    for (unsigned i = 0; list != NULL && i < count; i++) {
        qmp_append(&list, make_vcpu(&vcpus[i], i));
    }
    free(vcpus);
    return list;
}

static bool is_ascii(const char *text)
{
    while (*text != '\0' && ((unsigned char)*text & 0x80) == 0) {
        text++;
    }
    return *text == '\0';
}

/* Files may have any names; texts of JSON are UTF-8. */
static json_t *make_file_name(const char *file)
{
    json_t *name = json_string(file);

    return name != NULL || is_ascii(file) ? name : json_string("(a name that is not UTF-8)");
}

/* A raw image. The format of what another process has is not known. */
static json_t *make_inserted(const struct operator_disk *disk)
{
    json_t *image =
        json_pack("{s:o, s:s, s:I}", "filename", make_file_name(disk->file), "format",
                  disk->remote ? "unknown" : "raw", "virtual-size", (json_int_t)disk->size);

    return json_pack("{s:o, s:b, s:s, s:b, s:i, s:o}", "file", make_file_name(disk->file), "ro",
                     (int)disk->read_only, "drv", disk->remote ? "vhost-user-blk" : "raw",
                     "encrypted", 0, "backing_file_depth", 0, "image", image);
}

static json_t *make_disk(const struct operator_disk *disk)
{
    char name[16];

    (void)snprintf(name, sizeof(name), "disk%u", disk->number);
    return json_pack("{s:s, s:s, s:b, s:b, s:s, s:o, s:i}", "device", name, "type", "unknown",
                     "removable", 0, "locked", 0, "io-status", qmp_disk_states[disk->state],
                     "inserted", make_inserted(disk), "x-dormouse-in-flight", (int)disk->under_way);
}

static json_t *query_block(struct qmp *qmp, const json_t *argument, const char **error)
{
    struct operator_disk disks[OPERATOR_DISKS_MAX];
    unsigned count = qmp->ops->disks(qmp->machine, disks, OPERATOR_DISKS_MAX);
    json_t *list = json_array();

    (void)argument, (void)error;
    for (unsigned i = 0; list != NULL && i < count; i++) {
        qmp_append(&list, make_disk(&disks[i]));
    }
    return list;
}

static json_t *stop_machine(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument;
    return make_done(qmp->ops->stop(qmp->machine), error);
}

static json_t *continue_machine(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument;
    return make_done(qmp->ops->cont(qmp->machine), error);
}

static json_t *wake_machine(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument;
    return make_done(qmp->ops->wake(qmp->machine), error);
}

static json_t *reset_machine(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument;
    return make_done(qmp->ops->reset(qmp->machine), error);
}

static json_t *power_machine_down(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument;
    return make_done(qmp->ops->power_down(qmp->machine), error);
}

static json_t *put_machine_to_sleep(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument;
    return make_done(qmp->ops->sleep(qmp->machine), error);
}

static json_t *save_machine(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument;
    return make_done(qmp->ops->save(qmp->machine), error);
}

static json_t *quit_machine(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument;
    qmp->ops->quit(qmp->machine);
    return make_done(NULL, error);
}

static json_t *reopen_files(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument;
    return make_done(qmp->ops->reopen(qmp->machine), error);
}

static json_t *query_suspend(struct qmp *qmp, const json_t *argument, const char **error)
{
    (void)argument, (void)error;
    return json_pack("{s:b}", "pending", (int)qmp->ops->suspend_is_pending(qmp->machine));
}

static json_t *answer_suspend(struct qmp *qmp, const json_t *honour, const char **error)
{
    return make_done(qmp->ops->answer_suspend(qmp->machine, json_is_true(honour)), error);
}

/* Turns an invalid number into one that no machine has. */
static unsigned cpu_index(const json_t *argument)
{
    json_int_t value = json_integer_value(argument);

    return value < 0 || value > INT_MAX ? UINT_MAX : (unsigned)value;
}

static json_t *admit_vcpu(struct qmp *qmp, const json_t *index, const char **error)
{
    return make_done(qmp->ops->admit(qmp->machine, cpu_index(index)), error);
}

static json_t *withdraw_vcpu(struct qmp *qmp, const json_t *index, const char **error)
{
    return make_done(qmp->ops->withdraw(qmp->machine, cpu_index(index)), error);
}

static json_t *query_balloon(struct qmp *qmp, const json_t *argument, const char **error)
{
    uint64_t bytes = 0;

    (void)argument;
    *error = qmp->ops->balloon(qmp->machine, &bytes);
    return *error == NULL ? json_pack("{s:I}", "actual", (json_int_t)bytes) : NULL;
}

static json_t *set_balloon(struct qmp *qmp, const json_t *value, const char **error)
{
    json_int_t bytes = json_integer_value(value);

    return make_done(bytes > 0 ? qmp->ops->set_balloon(qmp->machine, (uint64_t)bytes)
                               : "value must be the bytes that the guest should keep",
                     error);
}

static json_t *query_sleep_memory(struct qmp *qmp, const json_t *argument, const char **error)
{
    bool in_file = false;
    enum operator_depth depth = qmp->ops->depth(qmp->machine, &in_file);

    (void)argument, (void)error;
    return json_pack("{s:s, s:b}", "depth", qmp_depths[depth], "in-file", (int)in_file);
}

static json_t *set_sleep_memory(struct qmp *qmp, const json_t *depth, const char **error)
{
    for (unsigned i = 0; i < OPERATOR_DEPTHS; i++) {
        if (strcmp(json_string_value(depth), qmp_depths[i]) == 0) {
            return make_done(qmp->ops->set_depth(qmp->machine, (enum operator_depth)i), error);
        }
    }
    return make_done("depth must be keep, reclaim or disk", error);
}

static command_fn query_commands;
static command_fn query_schema;

static const struct command {
    const char *name;
    enum argument_kind argument;
    const char *result; /* its type, see qmp_schema.c */
    command_fn *run;
} commands[] = {
    {"qmp_capabilities", ENABLE, "0", negotiate_capabilities},
    {"query-commands", NO_ARGUMENT, "[CommandInfo]", query_commands},
    {"query-qmp-schema", NO_ARGUMENT, "[SchemaInfo]", query_schema},
    {"query-version", NO_ARGUMENT, "VersionInfo", query_version},
    {"query-name", NO_ARGUMENT, "NameInfo", query_name},
    {"query-status", NO_ARGUMENT, "StatusInfo", query_status},
    {"query-cpus-fast", NO_ARGUMENT, "[CpuInfoFast]", query_cpus_fast},
    {"query-block", NO_ARGUMENT, "[BlockInfo]", query_block},
    {"stop", NO_ARGUMENT, "0", stop_machine},
    {"cont", NO_ARGUMENT, "0", continue_machine},
    {"system_wakeup", NO_ARGUMENT, "0", wake_machine},
    {"system_powerdown", NO_ARGUMENT, "0", power_machine_down},
    {"system_reset", NO_ARGUMENT, "0", reset_machine},
    {"balloon", BYTES, "0", set_balloon},
    {"query-balloon", NO_ARGUMENT, "BalloonInfo", query_balloon},
    {"quit", NO_ARGUMENT, "0", quit_machine},
    {"x-dormouse-reopen", NO_ARGUMENT, "0", reopen_files},
    {"x-dormouse-sleep", NO_ARGUMENT, "0", put_machine_to_sleep},
    {"x-dormouse-save", NO_ARGUMENT, "0", save_machine},
    {"x-dormouse-sleep-memory", DEPTH, "0", set_sleep_memory},
    {"x-dormouse-query-sleep-memory", NO_ARGUMENT, "x-dormouse-SleepMemoryInfo",
     query_sleep_memory},
    {"x-dormouse-query-suspend", NO_ARGUMENT, "x-dormouse-SuspendInfo", query_suspend},
    {"x-dormouse-answer-suspend", BOOLEAN, "0", answer_suspend},
    {"x-dormouse-admit-vcpu", CPU_INDEX, "0", admit_vcpu},
    {"x-dormouse-withdraw-vcpu", CPU_INDEX, "0", withdraw_vcpu},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static json_t *query_commands(struct qmp *qmp, const json_t *argument, const char **error)
{
    json_t *list = json_array();

    (void)qmp, (void)argument, (void)error;
    for (size_t i = 0; list != NULL && i < COMMAND_COUNT; i++) {
        qmp_append(&list, json_pack("{s:s}", "name", commands[i].name));
    }
    return list;
}

static json_t *query_schema(struct qmp *qmp, const json_t *argument, const char **error)
{
    json_t *schema = qmp_schema_types();

    (void)qmp, (void)argument, (void)error;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        qmp_schema_add_command(&schema, commands[i].name, &arguments[commands[i].argument].type,
                               commands[i].result);
    }
    return schema;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

/* How much of a client's name an error shows. It is not cut inside a character. */
static int shown_length(const char *name)
{
    enum { NAME_SHOWN = 64 };
    size_t length = strlen(name);

    if (length <= NAME_SHOWN) {
        return (int)length;
    }
    length = NAME_SHOWN;
    while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80) {
        length--;
    }
    return (int)length;
}

static json_t *complain_about(const char *what, const char *name, const char *problem)
{
    char text[160];

    (void)snprintf(text, sizeof(text), "%s '%.*s' %s", what, shown_length(name), name, problem);
    return qmp_error(text);
}

/* QEMU's text, which programs know. */
static json_t *complain_not_found(const char *name)
{
    char text[160];

    (void)snprintf(text, sizeof(text), "The command %.*s has not been found", shown_length(name),
                   name);
    return error_reply("CommandNotFound", text);
}

static bool has_type(const json_t *value, enum argument_kind kind)
{
    switch (kind) {
    case BOOLEAN:
        return json_is_boolean(value);
    case CPU_INDEX:
    case BYTES:
        return json_is_integer(value);
    case ENABLE:
        return json_is_array(value);
    case DEPTH:
        return json_is_string(value);
    case NO_ARGUMENT:
        break;
    }
    return false;
}

/* NULL if the command takes these arguments; else the reply. */
static json_t *check_arguments(const struct command *command, json_t *given)
{
    const struct argument *wanted = &arguments[command->argument];
    const char *name;
    json_t *value;

    if (given != NULL && !json_is_object(given)) {
        return qmp_error("'arguments' must be an object");
    }
    json_object_foreach(given, name, value)
    {
        if (wanted->type.name == NULL || strcmp(name, wanted->type.name) != 0) {
            return complain_about("parameter", name, "is unexpected");
        }
        if (!has_type(value, wanted->kind)) {
            return complain_about("parameter", name, wanted->problem);
        }
    }
    if (!wanted->type.optional && json_object_get(given, wanted->type.name) == NULL) {
        return complain_about("parameter", wanted->type.name, "is missing");
    }
    return NULL;
}

/* The reply is made before the command runs, so that a command that was carried out is not refused. */
static json_t *run_command(struct qmp *qmp, const struct command *command, json_t *given)
{
    const char *error = NULL;
    const char *name = arguments[command->argument].type.name;
    json_t *reply = json_pack("{s:{}}", "return");

    if (reply == NULL) {
        return qmp_error(strerror(ENOMEM));
    }
    json_t *result = command->run(qmp, name != NULL ? json_object_get(given, name) : NULL, &error);
    if (result == NULL) {
        json_decref(reply);
        return qmp_error(error != NULL ? error : strerror(ENOMEM));
    }
    if (!json_is_null(result)) {
        qmp_set(&reply, "return", result);
    }
    return reply;
}

/* Before negotiation only one command is allowed, and after it all others. */
static json_t *check_negotiation(const char *name, bool negotiated)
{
    bool negotiates = strcmp(name, "qmp_capabilities") == 0;

    if (negotiates == negotiated) {
        return error_reply("CommandNotFound",
                           negotiated
                               ? "Capabilities negotiation is already complete, command ignored"
                               : "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    return NULL;
}

static json_t *check_members(const json_t *request)
{
    static const char *const known[] = {"execute", "arguments", "id"};
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)request, name, value)
    {
        bool found = false;

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            found = found || strcmp(name, known[i]) == 0;
        }
        if (!found) {
            return complain_about("member", name, "is unexpected");
        }
    }
    return NULL;
}

static json_t *answer_request(struct qmp *qmp, json_t *request, bool *negotiated)
{
    const char *name = json_string_value(json_object_get(request, "execute"));
    json_t *given = json_object_get(request, "arguments");
    json_t *objection = check_members(request);

    if (objection != NULL) {
        return objection;
    }
    if (name == NULL) {
        return qmp_error("'execute' must be a string, and name a command");
    }
    objection = check_negotiation(name, *negotiated);
    if (objection != NULL) {
        return objection;
    }
    const struct command *command = find_command(name);
    if (command == NULL) {
        return complain_not_found(name);
    }
    objection = check_arguments(command, given);
    if (objection != NULL) {
        return objection;
    }
    json_t *reply = run_command(qmp, command, given);
    *negotiated = *negotiated || json_object_get(reply, "return") != NULL;
    return reply;
}

static json_t *parse_request(const char *text, size_t length)
{
    char *quoted = malloc(2 * length);

    if (quoted == NULL) {
        return NULL;
    }
    length = qmp_frame_quotes(quoted, text, length);
    json_t *request = json_loadb(quoted, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    free(quoted);
    return request;
}

/* A number can be longer in the reply than it was in the command. */
static bool id_is_too_long(const json_t *id)
{
    return id != NULL && json_dumpb(id, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) > QMP_COMMAND_MAX;
}

json_t *qmp_execute(struct qmp *qmp, const char *text, size_t length, bool *negotiated)
{
    json_t *request = parse_request(text, length);
    json_t *id = json_object_get(request, "id");
    json_t *reply = NULL;

    if (request == NULL) {
        reply = qmp_error("this is not JSON");
    } else if (!json_is_object(request)) {
        reply = qmp_error("a command is an object");
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
