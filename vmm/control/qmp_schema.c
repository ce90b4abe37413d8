/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What query-qmp-schema returns: commands, events and their types in the form of QEMU's introspection. Types have
 * QEMU's names where they are QEMU's types. An object without members is called "0", as QEMU calls it.
 */
#include <stdbool.h>
#include <string.h>

#include "control/qmp_internal.h"

/* Members are written "name:type", or "name?:type" for one that is not always there, with spaces between them. */
static const struct object_type {
    const char *name;
    const char *members;
} objects[] = {
    {"0", ""},
    {"VersionTriple", "major:int minor:int micro:int"},
    {"VersionInfo", "qemu:VersionTriple package:str"},
    {"CommandInfo", "name:str"},
    {"NameInfo", "name:str"},
    {"StatusInfo", "status:RunState running:bool"},
    {"CpuInfoFast", "cpu-index:int qom-path:str thread-id:int target:SysEmuTarget "
                    "props:CpuInstanceProperties x-dormouse-mpidr:str x-dormouse-state:str "
                    "x-dormouse-admitted:bool"},
    {"CpuInstanceProperties", "core-id?:int"},
    {"CurrentMachineParams", "wakeup-suspend-support:bool"},
    {"KvmInfo", "enabled:bool present:bool"},
    {"TargetInfo", "arch:SysEmuTarget"},
    {"MachineInfo", "name:str is-default?:bool cpu-max:int hotpluggable-cpus:bool "
                    "numa-mem-supported:bool deprecated:bool default-cpu-type?:str acpi:bool"},
    {"UuidInfo", "UUID:str"},
    {"MemoryInfo", "base-memory:int plugged-memory?:int"},
    {"ChardevInfo", "label:str filename:str frontend-open:bool"},
    {"BlockInfo", "device:str type:str removable:bool locked:bool io-status?:BlockDeviceIoStatus "
                  "inserted?:BlockDeviceInfo x-dormouse-in-flight:int"},
    {"BlockDeviceInfo",
     "file:str node-name?:str ro:bool drv:str backing_file_depth:int active:bool "
     "encrypted:bool detect_zeroes:BlockdevDetectZeroesOptions bps:int "
     "bps_rd:int bps_wr:int iops:int iops_rd:int iops_wr:int image:ImageInfo "
     "cache:BlockdevCacheInfo write_threshold:int"},
    {"BlockdevCacheInfo", "writeback:bool direct:bool no-flush:bool"},
    {"ImageInfo", "filename:str format:str virtual-size:int"},
    {"BalloonInfo", "actual:int"},
    {"x-dormouse-PowerInfo", "status:RunState state-ms:int sleeps:int wakes:int"},
    {"x-dormouse-SuspendInfo", "pending:bool"},
    {"x-dormouse-SleepMemoryInfo", "depth:x-dormouse-SleepMemory in-file:bool"},
    {"SchemaInfo", "name:str meta-type:str json-type?:str element-type?:str arg-type?:str "
                   "ret-type?:str members?:[SchemaInfoMember] values?:[str]"},
    {"SchemaInfoMember", "name:str type?:str default?:null"},
};

static const struct builtin_type {
    const char *name;
    const char *json_type;
} builtins[] = {{"bool", "boolean"}, {"int", "int"}, {"null", "null"}, {"str", "string"}};

/* Each is called by its element in brackets. */
static const char *const elements[] = {
    "BlockDeviceInfo", "BlockInfo",     "ChardevInfo",      "CommandInfo", "CpuInfoFast",
    "MachineInfo",     "QMPCapability", "SchemaInfoMember", "SchemaInfo",  "str",
};

static const char *const targets[] = {"aarch64"};
static const char *const zeroes[] = {"off"};
static const char *const operations[] = {"read", "write"};
static const char *const failure_actions[] = {"report", "stop"};
static const char *const causes[] = {
    "guest-reset",           "guest-shutdown", "host-error", "host-qmp-quit",
    "host-qmp-system-reset", "host-signal",    "host-ui",
};

const char *const qmp_status_names[] = {
    [OPERATOR_RUNNING] = "running",
    [OPERATOR_SUSPENDED] = "suspended",
    [OPERATOR_PAUSED] = "paused",
    [OPERATOR_SHUTDOWN] = "shutdown",
};

const char *const qmp_disk_states[] = {
    [OPERATOR_DISK_OK] = "ok",
    [OPERATOR_DISK_FAILED] = "failed",
    [OPERATOR_DISK_FULL] = "nospace",
};

const char *const qmp_depths[] = {
    [OPERATOR_KEEP] = "keep",
    [OPERATOR_RECLAIM] = "reclaim",
    [OPERATOR_DISK] = "disk",
};

static const struct enum_type {
    const char *name;
    const char *const *values;
    size_t count;
} enums[] = {
    {"BlockDeviceIoStatus", qmp_disk_states, sizeof(qmp_disk_states) / sizeof(qmp_disk_states[0])},
    {"BlockdevDetectZeroesOptions", zeroes, sizeof(zeroes) / sizeof(zeroes[0])},
    {"BlockErrorAction", failure_actions, sizeof(failure_actions) / sizeof(failure_actions[0])},
    {"IoOperationType", operations, sizeof(operations) / sizeof(operations[0])},
    {"ShutdownCause", causes, sizeof(causes) / sizeof(causes[0])},
    {"QMPCapability", NULL, 0},
    {"RunState", qmp_status_names, QMP_STATUS_COUNT},
    {"SysEmuTarget", targets, sizeof(targets) / sizeof(targets[0])},
    {"x-dormouse-SleepMemory", qmp_depths, OPERATOR_DEPTHS},
};

/* The members of events' data whose type is another one than "str". */
static const struct event_member {
    const char *event; /* NULL: any */
    const char *name;
    const char *type;
} event_members[] = {
    {"RESET", "reason", "ShutdownCause"},
    {"SHUTDOWN", "reason", "ShutdownCause"},
    {"BLOCK_IO_ERROR", "operation", "IoOperationType"},
    {"BLOCK_IO_ERROR", "action", "BlockErrorAction"},
    {NULL, "actual", "int"},
    {NULL, "cpu-index", "int"},
    {NULL, "deadline-ms", "int"},
    {NULL, "guest", "bool"},
    {NULL, "nospace", "bool"},
    {NULL, "offset", "int"},
    {NULL, "open", "bool"},
    {NULL, "x-dormouse-hibernated", "bool"},
};

static const struct event_row {
    const char *event;
    const char *members; /* as power/news.def writes them, without types */
} rows[] = {
#define NEWS(kind, event, fields, qmp, qmp_fields, colour, words) {qmp, qmp_fields},
#define TOLD(event, fields, qmp, qmp_fields, colour, words)       {qmp, qmp_fields},
#include "power/news.def"
    {"SUSPEND_DISK", ""},
    {"VSERPORT_CHANGE", "id open"},
    {"RTC_CHANGE", "offset qom-path"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static json_t *make_info(const char *name, const char *meta_type)
{
    return json_pack("{s:s, s:s}", "name", name, "meta-type", meta_type);
}

static json_t *make_member(const char *name, const char *type, bool optional)
{
    json_t *member = json_pack("{s:s, s:s}", "name", name, "type", type);

    if (optional) {
        qmp_set(&member, "default", json_null());
    }
    return member;
}

/* Takes over `members`. */
static void add_object(json_t **schema, const char *name, json_t *members)
{
    json_t *info = make_info(name, "object");

    qmp_set(&info, "members", members);
    qmp_append(schema, info);
}

/* The next word of a list, or false at its end. Moves `*list` after the word. */
static bool next_word(const char **list, char *word, size_t room)
{
    size_t length = strcspn(*list, " ");

    if (length == 0 || length >= room) {
        return false;
    }
    memcpy(word, *list, length);
    word[length] = '\0';
    *list += length;
    *list += strspn(*list, " ");
    return true;
}

enum { WORD_ROOM = 64 };

static void add_objects(json_t **schema)
{
    for (size_t i = 0; i < COUNT(objects); i++) {
        const char *list = objects[i].members;
        json_t *members = json_array();
        char word[WORD_ROOM];

        while (next_word(&list, word, sizeof(word))) {
            char *colon = strchr(word, ':');
            bool optional = colon[-1] == '?';

            colon[optional ? -1 : 0] = '\0';
            qmp_append(&members, make_member(word, colon + 1, optional));
        }
        add_object(schema, objects[i].name, members);
    }
}

static void add_builtins(json_t **schema)
{
    for (size_t i = 0; i < COUNT(builtins); i++) {
        json_t *info = make_info(builtins[i].name, "builtin");

        qmp_set(&info, "json-type", json_string(builtins[i].json_type));
        qmp_append(schema, info);
    }
}

static void add_arrays(json_t **schema)
{
    for (size_t i = 0; i < COUNT(elements); i++) {
        qmp_append(schema, json_pack("{s:s++, s:s, s:s}", "name", "[", elements[i], "]",
                                     "meta-type", "array", "element-type", elements[i]));
    }
}

static void add_enums(json_t **schema)
{
    for (size_t i = 0; i < COUNT(enums); i++) {
        json_t *info = make_info(enums[i].name, "enum");
        json_t *members = json_array();
        json_t *values = json_array();

        for (size_t j = 0; j < enums[i].count; j++) {
            qmp_append(&members, json_pack("{s:s}", "name", enums[i].values[j]));
            qmp_append(&values, json_string(enums[i].values[j]));
        }
        qmp_set(&info, "members", members);
        qmp_set(&info, "values", values);
        qmp_append(schema, info);
    }
}

static bool is_event(const struct event_row *row, const char *event)
{
    return row->event != NULL && strcmp(row->event, event) == 0;
}

static const char *type_of_member(const char *event, const char *name)
{
    for (size_t i = 0; i < COUNT(event_members); i++) {
        const struct event_member *member = &event_members[i];

        if (strcmp(member->name, name) == 0 &&
            (member->event == NULL || strcmp(member->event, event) == 0)) {
            return member->type;
        }
    }
    return "str";
}

/* Counts, by name, in how many rows of an event a member is always there. Returns how many rows there are. */
static json_int_t count_members(const char *event, json_t **counts)
{
    json_int_t row_count = 0;
    char word[WORD_ROOM];

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *list = rows[i].members;

        if (!is_event(&rows[i], event)) {
            continue;
        }
        row_count++;
        while (next_word(&list, word, sizeof(word))) {
            char *mark = strchr(word, '?');

            if (mark != NULL) {
                *mark = '\0';
            }
            json_int_t count = json_integer_value(json_object_get(*counts, word));
            qmp_set(counts, word, json_integer(count + (mark == NULL)));
        }
    }
    return row_count;
}

/* An event that several things cause has the members of all of them. */
static json_t *make_event_members(const char *event)
{
    json_t *counts = json_object();
    json_t *members = json_array();
    json_int_t row_count = count_members(event, &counts);
    const char *name;
    json_t *count;

    json_object_foreach(counts, name, count)
    {
        qmp_append(&members, make_member(name, type_of_member(event, name),
                                         json_integer_value(count) < row_count));
    }
    if (counts == NULL) {
        json_decref(members);
        return NULL;
    }
    json_decref(counts);
    return members;
}

/*
 * Takes over the array `members`; NULL: there was no memory for it. No members need no type of their own.
 */
static json_t *make_user(json_t **schema, const char *name, const char *meta_type, json_t *members)
{
    json_t *info = make_info(name, meta_type);
    json_t *type = json_sprintf("%s-arg", name);

    if (members != NULL && json_array_size(members) == 0) {
        json_decref(members);
        qmp_set(&info, "arg-type", json_string("0"));
    } else {
        add_object(schema, json_string_value(type), members);
        qmp_set(&info, "arg-type", json_incref(type));
    }
    json_decref(type);
    return info;
}

static void add_events(json_t **schema)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool seen = rows[i].event == NULL;

        for (size_t j = 0; j < i; j++) {
            seen = seen || is_event(&rows[j], rows[i].event);
        }
        if (!seen) {
            json_t *members = make_event_members(rows[i].event);

            qmp_append(schema, make_user(schema, rows[i].event, "event", members));
        }
    }
}

void qmp_schema_add_command(json_t **schema, const char *name,
                            const struct qmp_argument_type *argument, const char *result)
{
    json_t *members = json_array();

    if (argument->name != NULL) {
        qmp_append(&members, make_member(argument->name, argument->type, argument->optional));
    }
    json_t *info = make_user(schema, name, "command", members);
    qmp_set(&info, "ret-type", json_string(result));
    qmp_append(schema, info);
}

json_t *qmp_schema_types(void)
{
    json_t *schema = json_array();

    add_builtins(&schema);
    add_enums(&schema);
    add_arrays(&schema);
    add_objects(&schema);
    add_events(&schema);
    return schema;
}
