/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query-qmp-schema is right: replies and events have the types that it describes, and replies have
 * them whole if memory runs out.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "control/qmp_internal.h"

static enum operator_status status;
static json_t *schema;
static json_t *event; /* the last one sent */

static enum operator_status fake_status(void *machine)
{
    (void)machine;
    return status;
}

static void fake_facts(void *machine, struct operator_facts *facts)
{
    (void)machine;
    *facts = (struct operator_facts){.memory = 1 << 30, .cpus_max = 2};
}

static unsigned fake_channels(void *machine, struct operator_channel *channels, unsigned room)
{
    (void)machine;
    assert_true(room >= 2);
    channels[0] = (struct operator_channel){.label = "console", .kind = "stdio"};
    channels[1] = (struct operator_channel){.label = "a", .kind = "unix", .path = "a"};
    return 2;
}

static const char *fake_balloon(void *machine, uint64_t *bytes)
{
    (void)machine;
    *bytes = 4096;
    return NULL;
}

static unsigned fake_vcpu_count(void *machine)
{
    (void)machine;
    return 2;
}

static void fake_vcpus(void *machine, struct operator_vcpu *vcpus, unsigned count)
{
    (void)machine;
    for (unsigned i = 0; i < count; i++) {
        vcpus[i] = (struct operator_vcpu){.mpidr = i, .thread_id = 7, .state = "on"};
    }
}

static unsigned fake_disks(void *machine, struct operator_disk *disks, unsigned room)
{
    (void)machine;
    assert_true(room >= 3);
    for (unsigned i = 0; i < 3; i++) {
        disks[i] = (struct operator_disk){
            .number = i, .file = "image", .remote = i == 1, .size = 512, .state = i};
    }
    return 3;
}

static enum operator_depth depth;

static enum operator_depth fake_depth(void *machine, bool *in_file)
{
    (void)machine;
    *in_file = depth == OPERATOR_DISK;
    return depth;
}

static void fake_life(void *machine, struct operator_life *life)
{
    (void)machine;
    *life = (struct operator_life){.state_ms = 1500, .sleeps = 2, .wakes = 3};
}

static bool fake_pending(void *machine)
{
    (void)machine;
    return true;
}

static unsigned stops;

static const char *fake_stop(void *machine)
{
    (void)machine;
    stops++;
    return NULL;
}

static struct qmp server = {
    .name = "vm-1",
    .ops = &(const struct operator_ops){.status = fake_status,
                                        .facts = fake_facts,
                                        .channels = fake_channels,
                                        .balloon = fake_balloon,
                                        .vcpu_count = fake_vcpu_count,
                                        .vcpus = fake_vcpus,
                                        .disks = fake_disks,
                                        .depth = fake_depth,
                                        .life = fake_life,
                                        .suspend_is_pending = fake_pending,
                                        .stop = fake_stop},
};

void __wrap_qmp_send_event(struct qmp *qmp, json_t *sent);
void __wrap_qmp_send_event(struct qmp *qmp, json_t *sent)
{
    (void)qmp;
    json_decref(event);
    event = sent;
}

/* Returns a command's reply, which the caller frees. */
static json_t *ask(const char *command)
{
    bool negotiated = true;
    char text[128];

    (void)snprintf(text, sizeof(text), "{\"execute\":\"%s\"}", command);
    json_t *reply = qmp_execute(&server, text, strlen(text), &negotiated);
    json_t *value = json_incref(json_object_get(reply, "return"));

    if (value == NULL) {
        fail_msg("%s returns nothing", command);
    }
    json_decref(reply);
    return value;
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : "";
}

/* Finds the entry of a type, command or event by its name. */
static json_t *find(const char *name)
{
    size_t index;
    json_t *info;

    json_array_foreach(schema, index, info)
    {
        if (strcmp(text_of(info, "name"), name) == 0) {
            return info;
        }
    }
    fail_msg("the schema has no \"%s\"", name);
    return NULL;
}

static void conform(const json_t *value, const char *type);

static void conform_builtin(const json_t *value, const char *json_type)
{
    assert_true((json_is_boolean(value) && strcmp(json_type, "boolean") == 0) ||
                (json_is_integer(value) && strcmp(json_type, "int") == 0) ||
                (json_is_null(value) && strcmp(json_type, "null") == 0) ||
                (json_is_string(value) && strcmp(json_type, "string") == 0));
}

static void conform_enum(const json_t *value, const json_t *values)
{
    size_t index;
    json_t *known;

    json_array_foreach(values, index, known)
    {
        if (json_equal(known, (json_t *)(uintptr_t)value)) {
            return;
        }
    }
    fail_msg("\"%s\" is no value of the enum", json_string_value(value));
}

static void conform_object(const json_t *value, const json_t *members)
{
    size_t known = 0;
    size_t index;
    json_t *member;

    assert_true(json_is_object(value));
    json_array_foreach(members, index, member)
    {
        const json_t *given = json_object_get(value, text_of(member, "name"));

        if (given == NULL) {
            assert_non_null(json_object_get(member, "default"));
        } else {
            conform(given, text_of(member, "type"));
            known++;
        }
    }
    assert_int_equal(json_object_size(value), known);
}

/* Fails unless the value is of that type. */
static void conform(const json_t *value, const char *type)
{
    const json_t *info = find(type);
    const char *meta_type = text_of(info, "meta-type");
    size_t index;
    json_t *element;

    if (strcmp(meta_type, "builtin") == 0) {
        conform_builtin(value, text_of(info, "json-type"));
    } else if (strcmp(meta_type, "enum") == 0) {
        conform_enum(value, json_object_get(info, "values"));
    } else if (strcmp(meta_type, "object") == 0) {
        conform_object(value, json_object_get(info, "members"));
    } else {
        assert_string_equal(meta_type, "array");
        assert_true(json_is_array(value));
        json_array_foreach(value, index, element)
        {
            conform(element, text_of(info, "element-type"));
        }
    }
}

static int enter(void **state)
{
    (void)state;
    schema = ask("query-qmp-schema");
    return 0;
}

static int leave(void **state)
{
    (void)state;
    json_decref(schema);
    json_decref(event);
    event = NULL;
    return 0;
}

static void schema_has_every_command(void **state)
{
    json_t *names = ask("query-commands");
    size_t described = 0;
    size_t index;
    json_t *entry;

    (void)state;
    json_array_foreach(names, index, entry)
    {
        assert_string_equal(text_of(find(text_of(entry, "name")), "meta-type"), "command");
    }
    json_array_foreach(schema, index, entry)
    {
        described += strcmp(text_of(entry, "meta-type"), "command") == 0;
    }
    assert_int_equal(described, json_array_size(names));
    json_decref(names);
}

/* No name is there twice, and every type that is mentioned exists. */
static void schema_is_closed(void **state)
{
    static const char *const references[] = {"arg-type", "ret-type", "element-type"};
    size_t index;
    json_t *info;

    (void)state;
    json_array_foreach(schema, index, info)
    {
        size_t position;
        json_t *member;

        assert_ptr_equal(find(text_of(info, "name")), info);
        for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
            if (json_object_get(info, references[i]) != NULL) {
                find(text_of(info, references[i]));
            }
        }
        json_array_foreach(json_object_get(info, "members"), position, member)
        {
            if (strcmp(text_of(info, "meta-type"), "object") == 0) {
                find(text_of(member, "type"));
            }
        }
    }
}

/* All commands that only tell. */
static const char *const queries[] = {
    "query-commands",
    "query-qmp-schema",
    "query-version",
    "query-name",
    "query-cpus-fast",
    "query-status",
    "query-current-machine",
    "query-kvm",
    "query-target",
    "query-machines",
    "query-uuid",
    "query-memory-size-summary",
    "query-chardev",
    "query-block",
    "query-named-block-nodes",
    "query-balloon",
    "x-dormouse-query-power",
    "x-dormouse-query-suspend",
    "x-dormouse-query-sleep-memory",
};

enum { QUERY_COUNT = sizeof(queries) / sizeof(queries[0]) };

static bool is_tested(const char *name)
{
    bool found = false;

    for (size_t i = 0; i < QUERY_COUNT; i++) {
        found = found || strcmp(queries[i], name) == 0;
    }
    return found;
}

/* What returns something is in the list. */
static void all_queries_are_tested(void **state)
{
    size_t index;
    json_t *info;

    (void)state;
    json_array_foreach(schema, index, info)
    {
        if (strcmp(text_of(info, "meta-type"), "command") == 0 &&
            strcmp(text_of(info, "ret-type"), "0") != 0) {
            assert_true(is_tested(text_of(info, "name")));
        }
    }
}

static void replies_have_their_types(void **state)
{

    (void)state;
    for (size_t i = 0; i < QUERY_COUNT; i++) {
        json_t *reply = ask(queries[i]);

        conform(reply, text_of(find(queries[i]), "ret-type"));
        json_decref(reply);
    }
    for (status = OPERATOR_RUNNING; status <= OPERATOR_SHUTDOWN; status++) {
        json_t *reply = ask("query-status");

        conform(reply, "StatusInfo");
        json_decref(reply);
    }
    status = OPERATOR_RUNNING;
    for (depth = OPERATOR_KEEP; depth <= OPERATOR_DISK; depth++) {
        json_t *reply = ask("x-dormouse-query-sleep-memory");

        conform(reply, text_of(find("x-dormouse-query-sleep-memory"), "ret-type"));
        json_decref(reply);
    }
    depth = OPERATOR_KEEP;
}

static void conform_event(void)
{
    if (event != NULL) {
        const char *type = text_of(find(text_of(event, "event")), "arg-type");

        if (json_object_get(event, "data") != NULL) {
            conform(json_object_get(event, "data"), type);
        } else {
            assert_string_equal(type, "0");
        }
    }
}

static void events_have_their_types(void **state)
{
    static const struct suspend_call call = {.entry = {0x40200000}};
    static const enum power_news_kind kinds[] = {
#define NEWS(kind, event, fields, qmp, qmp_fields, colour, words) POWER_NEWS_##kind,
#define TOLD(event, fields, qmp, qmp_fields, colour, words)
#include "power/news.def"
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
        qmp_tell(&server, &(struct power_news){.kind = kinds[i / 2],
                                               .call = &call,
                                               .has_type = i % 2 != 0,
                                               .way = "key",
                                               .file = "f",
                                               .device = "disk0",
                                               .operation = "write",
                                               .reason = ""});
        conform_event();
    }
    qmp_tell_balloon(&server, 4096);
    conform_event();
    qmp_tell_port(&server, "p", true);
    conform_event();
    qmp_tell_clock(&server, -1);
    conform_event();
    for (enum quit_reason reason = QUIT_BY_SIGNAL; reason <= QUIT_BY_ERROR; reason++) {
        qmp_tell_quit(&server, reason);
        conform_event();
    }
}

static unsigned allocations_left;
static bool memory_was_short;

static void *fail_once(size_t size)
{
    if (allocations_left > 0) {
        allocations_left--;
        return malloc(size);
    }
    if (memory_was_short) {
        return malloc(size);
    }
    memory_was_short = true;
    return NULL;
}

static bool memory_gets_short; /* after the command has been read */

/* Jansson 2.14 writes beyond its buffer if memory runs out while it reads a string. */
json_t *__real_json_loadb(const char *text, size_t length, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t length, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t length, size_t flags, json_error_t *error)
{
    json_t *request = __real_json_loadb(text, length, flags, error);

    if (memory_gets_short) {
        json_set_alloc_funcs(fail_once, free);
    }
    return request;
}

/* Returns the reply if there is no memory for one allocation, after `good` others. */
static json_t *ask_with_short_memory(const char *text, unsigned good)
{
    bool negotiated = true;

    memory_was_short = false;
    allocations_left = good;
    memory_gets_short = true;
    json_t *reply = qmp_execute(&server, text, strlen(text), &negotiated);
    memory_gets_short = false;
    json_set_alloc_funcs(malloc, free);
    return reply;
}

/* NULL is the end of the connection. */
static void reply_is_whole(json_t *reply, json_t *full)
{
    const json_t *error = json_object_get(reply, "error");

    if (reply == NULL) {
        return;
    }
    if (error == NULL) {
        assert_true(json_equal(reply, full));
        return;
    }
    assert_string_equal(text_of(error, "class"), "GenericError");
    assert_null(json_object_get(reply, "return"));
}

static void replies_without_memory_are_never_shorter(void **state)
{

    (void)state;
    for (size_t i = 0; i < QUERY_COUNT; i++) {
        char text[128];

        (void)snprintf(text, sizeof(text), "{\"execute\":\"%s\",\"id\":[7]}", queries[i]);
        json_t *full = ask_with_short_memory(text, UINT_MAX);
        assert_non_null(json_object_get(full, "return"));
        memory_was_short = true;
        for (unsigned good = 0; memory_was_short; good++) {
            json_t *reply = ask_with_short_memory(text, good);

            reply_is_whole(reply, full);
            json_decref(reply);
        }
        json_decref(full);
    }
}

static void command_carried_out_is_not_refused(void **state)
{
    static const char text[] = "{\"execute\":\"stop\",\"id\":[7]}";
    unsigned errors = 0;

    (void)state;
    memory_was_short = true;
    for (unsigned good = 0; memory_was_short; good++) {
        unsigned stopped = stops;
        json_t *reply = ask_with_short_memory(text, good);

        if (json_object_get(reply, "error") != NULL) {
            assert_int_equal(stops, stopped);
            errors++;
        }
        json_decref(reply);
    }
    assert_true(errors > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(schema_has_every_command),
        TEST(schema_is_closed),
        TEST(all_queries_are_tested),
        TEST(replies_have_their_types),
        TEST(events_have_their_types),
        TEST(replies_without_memory_are_never_shorter),
        TEST(command_carried_out_is_not_refused),
    };

    return cmocka_run_group_tests_name("qmp_schema", tests, NULL, NULL);
}
