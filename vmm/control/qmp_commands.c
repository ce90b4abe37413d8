/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that do something, and the list of all commands. Arguments are checked before one runs. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "control/qmp_internal.h"

static const struct argument {
    struct qmp_argument_type type;
    const char *problem; /* the end of the error for a value of another type */
} arguments[] = {
    [QMP_NO_ARGUMENT] = {{NULL, NULL, true}, NULL},
    [QMP_HONOUR] = {{"honour", "bool", false}, "', expected: boolean"},
    [QMP_FLAT] = {{"flat", "bool", true}, "', expected: boolean"},
    [QMP_CPU_INDEX] = {{"cpu-index", "int", false}, "', expected: integer"},
    [QMP_ENABLE] = {{"enable", "[QMPCapability]", true}, "', expected: array"},
    [QMP_BYTES] = {{"value", "int", false}, "', expected: integer"},
    [QMP_DEPTH] = {{"depth", "x-dormouse-SleepMemory", false}, "', expected: string"},
};

/* The result of a command that has no value to return. It takes no memory. */
static json_t *make_done(const char *objection, struct qmp_fault *fault)
{
    fault->words = objection;
    return objection == NULL ? json_null() : NULL;
}

static json_t *negotiate_capabilities(struct qmp *qmp, const json_t *enable,
                                      struct qmp_fault *fault)
{
    const json_t *first = json_array_get(enable, 0);

    (void)qmp;
    if (first == NULL) {
        return make_done(NULL, fault);
    }
    bool known = json_is_string(first) && strcmp(json_string_value(first), "oob") == 0;
    return make_done(known ? "Capability oob not available"
                           : "Parameter 'enable' does not accept this value",
                     fault);
}

static json_t *stop_machine(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument;
    return make_done(qmp->ops->stop(qmp->machine), fault);
}

static json_t *continue_machine(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument;
    return make_done(qmp->ops->cont(qmp->machine), fault);
}

static json_t *wake_machine(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument;
    return make_done(qmp->ops->wake(qmp->machine), fault);
}

static json_t *reset_machine(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument;
    return make_done(qmp->ops->reset(qmp->machine), fault);
}

static json_t *power_machine_down(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument;
    return make_done(qmp->ops->power_down(qmp->machine), fault);
}

static json_t *reboot_machine(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument;
    return make_done(qmp->ops->reboot(qmp->machine), fault);
}

static json_t *put_machine_to_sleep(struct qmp *qmp, const json_t *argument,
                                    struct qmp_fault *fault)
{
    (void)argument;
    return make_done(qmp->ops->sleep(qmp->machine), fault);
}

static json_t *save_machine(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument;
    return make_done(qmp->ops->save(qmp->machine), fault);
}

static json_t *quit_machine(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument;
    qmp->ops->quit(qmp->machine);
    return make_done(NULL, fault);
}

static json_t *reopen_files(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument;
    return make_done(qmp->ops->reopen(qmp->machine), fault);
}

static json_t *answer_suspend(struct qmp *qmp, const json_t *honour, struct qmp_fault *fault)
{
    return make_done(qmp->ops->answer_suspend(qmp->machine, json_is_true(honour)), fault);
}

/* Turns an invalid number into one that no machine has. */
static unsigned cpu_index(const json_t *argument)
{
    json_int_t value = json_integer_value(argument);

    return value < 0 || value > INT_MAX ? UINT_MAX : (unsigned)value;
}

static json_t *admit_vcpu(struct qmp *qmp, const json_t *index, struct qmp_fault *fault)
{
    return make_done(qmp->ops->admit(qmp->machine, cpu_index(index)), fault);
}

static json_t *withdraw_vcpu(struct qmp *qmp, const json_t *index, struct qmp_fault *fault)
{
    return make_done(qmp->ops->withdraw(qmp->machine, cpu_index(index)), fault);
}

static json_t *set_balloon(struct qmp *qmp, const json_t *value, struct qmp_fault *fault)
{
    json_int_t bytes = json_integer_value(value);
    uint64_t kept;

    if (qmp->ops->balloon(qmp->machine, &kept) != NULL) {
        return qmp_no_balloon(fault);
    }
    return make_done(bytes > 0 ? qmp->ops->set_balloon(qmp->machine, (uint64_t)bytes)
                               : "Parameter 'target' expects a size",
                     fault);
}

static json_t *set_sleep_memory(struct qmp *qmp, const json_t *depth, struct qmp_fault *fault)
{
    for (unsigned i = 0; i < OPERATOR_DEPTHS; i++) {
        if (strcmp(json_string_value(depth), qmp_depths[i]) == 0) {
            return make_done(qmp->ops->set_depth(qmp->machine, (enum operator_depth)i), fault);
        }
    }
    return make_done("depth must be keep, reclaim or disk", fault);
}

static qmp_command_fn query_commands;
static qmp_command_fn query_schema;

static const struct qmp_command actions[] = {
    {"qmp_capabilities", QMP_ENABLE, "0", negotiate_capabilities},
    {"query-commands", QMP_NO_ARGUMENT, "[CommandInfo]", query_commands},
    {"query-qmp-schema", QMP_NO_ARGUMENT, "[SchemaInfo]", query_schema},
    {"stop", QMP_NO_ARGUMENT, "0", stop_machine},
    {"cont", QMP_NO_ARGUMENT, "0", continue_machine},
    {"system_wakeup", QMP_NO_ARGUMENT, "0", wake_machine},
    {"system_powerdown", QMP_NO_ARGUMENT, "0", power_machine_down},
    {"system_reset", QMP_NO_ARGUMENT, "0", reset_machine},
    {"balloon", QMP_BYTES, "0", set_balloon},
    {"quit", QMP_NO_ARGUMENT, "0", quit_machine},
    {"x-dormouse-reopen", QMP_NO_ARGUMENT, "0", reopen_files},
    {"x-dormouse-reboot", QMP_NO_ARGUMENT, "0", reboot_machine},
    {"x-dormouse-sleep", QMP_NO_ARGUMENT, "0", put_machine_to_sleep},
    {"x-dormouse-save", QMP_NO_ARGUMENT, "0", save_machine},
    {"x-dormouse-sleep-memory", QMP_DEPTH, "0", set_sleep_memory},
    {"x-dormouse-answer-suspend", QMP_HONOUR, "0", answer_suspend},
    {"x-dormouse-admit-vcpu", QMP_CPU_INDEX, "0", admit_vcpu},
    {"x-dormouse-withdraw-vcpu", QMP_CPU_INDEX, "0", withdraw_vcpu},
    {NULL, QMP_NO_ARGUMENT, NULL, NULL},
};

static const struct qmp_command *const tables[] = {actions, qmp_queries};

enum { TABLE_COUNT = sizeof(tables) / sizeof(tables[0]) };

static json_t *query_commands(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    json_t *list = json_array();

    (void)qmp, (void)argument, (void)fault;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        for (const struct qmp_command *command = tables[i]; command->name != NULL; command++) {
            qmp_append(&list, json_pack("{s:s}", "name", command->name));
        }
    }
    return list;
}

static json_t *query_schema(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    json_t *schema = qmp_schema_types();

    (void)qmp, (void)argument, (void)fault;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        for (const struct qmp_command *command = tables[i]; command->name != NULL; command++) {
            qmp_schema_add_command(&schema, command->name, &arguments[command->argument].type,
                                   command->result);
        }
    }
    return schema;
}

static const struct qmp_command *find_command(const char *name)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        for (const struct qmp_command *command = tables[i]; command->name != NULL; command++) {
            if (strcmp(command->name, name) == 0) {
                return command;
            }
        }
    }
    return NULL;
}

/* A text that contains NUL is none that a command knows. */
static bool is_text(const json_t *value)
{
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
}

static bool has_type(const json_t *value, enum qmp_argument kind)
{
    switch (kind) {
    case QMP_HONOUR:
    case QMP_FLAT:
        return json_is_boolean(value);
    case QMP_CPU_INDEX:
    case QMP_BYTES:
        return json_is_integer(value);
    case QMP_ENABLE:
        return json_is_array(value);
    case QMP_DEPTH:
        return is_text(value);
    case QMP_NO_ARGUMENT:
        break;
    }
    return false;
}

/* NULL if the command's own argument is there and has its type, or need not be there. */
static json_t *check_argument(const struct qmp_command *command, const json_t *value)
{
    const struct argument *wanted = &arguments[command->argument];

    if (value == NULL) {
        return wanted->type.optional ? NULL
                                     : qmp_error_about("GenericError", "Parameter '",
                                                       wanted->type.name, "' is missing");
    }
    if (!has_type(value, command->argument)) {
        return qmp_error_about("GenericError", "Invalid parameter type for '", wanted->type.name,
                               wanted->problem);
    }
    return NULL;
}

/* NULL if the command takes these arguments; else the reply. */
static json_t *check_arguments(const struct qmp_command *command, json_t *given)
{
    const char *wanted = arguments[command->argument].type.name;
    json_t *objection =
        wanted != NULL ? check_argument(command, json_object_get(given, wanted)) : NULL;
    const char *name;
    json_t *value;

    json_object_foreach(given, name, value)
    {
        if (objection == NULL && (wanted == NULL || strcmp(name, wanted) != 0)) {
            objection = qmp_error_about("GenericError", "Parameter '", name, "' is unexpected");
        }
    }
    return objection;
}

/* The reply is made before the command runs, so that a command that was carried out is not refused. */
static json_t *run_command(struct qmp *qmp, const struct qmp_command *command, json_t *given)
{
    struct qmp_fault fault = {.class = "GenericError"};
    const char *name = arguments[command->argument].type.name;
    json_t *reply = json_pack("{s:{}}", "return");

    if (reply == NULL) {
        return qmp_error(strerror(ENOMEM));
    }
    json_t *result = command->run(qmp, name != NULL ? json_object_get(given, name) : NULL, &fault);
    if (result == NULL) {
        json_decref(reply);
        return fault.words != NULL ? qmp_refuse(fault.class, fault.words)
                                   : qmp_error(strerror(ENOMEM));
    }
    if (!json_is_null(result)) {
        qmp_set(&reply, "return", result);
    }
    return reply;
}

json_t *qmp_run(struct qmp *qmp, const char *name, json_t *given)
{
    const struct qmp_command *command = find_command(name);

    if (command == NULL) {
        return qmp_not_found(name);
    }
    json_t *objection = check_arguments(command, given);
    return objection != NULL ? objection : run_command(qmp, command, given);
}
