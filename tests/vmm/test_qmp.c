/* SPDX-License-Identifier: BSD-2-Clause */
/* The QMP server with real sockets, and a machine that records the requests. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "capture.h"
#include "control/qmp_internal.h"
#include "drive.h"
#include "scratch.h"
#include "socket_client.h"

#define GREETING                                                                                   \
    "{\"QMP\":{\"version\":{\"qemu\":{\"major\":10,\"minor\":0,\"micro\":0},\"package\":"          \
    "\"dormouse " DORMOUSE_VERSION "\"},\"capabilities\":[]}}\n"
#define NO_BALLOON                                                                                 \
    "{\"error\":{\"class\":\"DeviceNotActive\",\"desc\":\"No balloon device has been "             \
    "activated\"},"                                                                                \
    "\"id\":1}\n"
#define DONE "{\"return\":{}}\n"

static struct loop *loop;
static struct qmp *qmp;
static char asked[256]; /* the machine's calls, a word each */
static enum operator_status machine_status;
static const char *objection;
static unsigned vcpu_count;

static const char *note(const char *word)
{
    size_t used = strlen(asked);

    (void)snprintf(asked + used, sizeof(asked) - used, "%s%s", used > 0 ? " " : "", word);
    return objection;
}

static enum operator_status fake_status(void *machine)
{
    (void)machine;
    return machine_status;
}

static unsigned fake_vcpu_count(void *machine)
{
    (void)machine;
    return vcpu_count;
}

/* One call for all vCPUs, because a machine may have to pause for it. */
static void fake_vcpus(void *machine, struct operator_vcpu *vcpus, unsigned count)
{
    (void)machine;
    note("vcpus");
    for (unsigned i = 0; i < count; i++) {
        vcpus[i] = (struct operator_vcpu){
            .mpidr = 0x100 + i,
            .thread_id = 7 + (int)i,
            .admitted = i == 0,
            .state = i == 0 ? "on" : "off",
        };
    }
}

static unsigned fake_disks(void *machine, struct operator_disk *disks, unsigned room)
{
    (void)machine;
    note("disks");
    assert_true(room >= 2);
    disks[0] = (struct operator_disk){
        .file = "a.img", .size = 1 << 20, .under_way = 3, .state = OPERATOR_DISK_FULL};
    disks[1] = (struct operator_disk){
        .number = 1, .file = "s\xff", .remote = true, .read_only = true, .size = 512};
    return 2;
}

static bool can_wake;

static void fake_facts(void *machine, struct operator_facts *facts)
{
    (void)machine;
    *facts = (struct operator_facts){.memory = 1 << 30, .cpus_max = 123, .can_wake = can_wake};
}

static unsigned fake_channels(void *machine, struct operator_channel *channels, unsigned room)
{
    (void)machine;
    assert_true(room >= 4);
    channels[3] = (struct operator_channel){.label = "c", .kind = "pty", .path = "link"};
    channels[0] = (struct operator_channel){.label = "console", .kind = "stdio", .open = true};
    channels[1] = (struct operator_channel){.label = "a", .kind = "unix", .path = "a.sock"};
    channels[2] = (struct operator_channel){.label = "b", .kind = "unix", .path = "b\xff"};
    return 4;
}

static const char *fake_stop(void *machine)
{
    (void)machine;
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_STOPPED});
    return note("stop");
}

static const char *fake_cont(void *machine)
{
    (void)machine;
    return note("cont");
}

static const char *fake_wake(void *machine)
{
    (void)machine;
    return note("wake");
}

static const char *fake_reset(void *machine)
{
    (void)machine;
    return note("reset");
}

static const char *fake_power_down(void *machine)
{
    (void)machine;
    return note("power-down");
}

static const char *fake_reboot(void *machine)
{
    (void)machine;
    return note("reboot");
}

static const char *fake_sleep(void *machine)
{
    (void)machine;
    return note("sleep");
}

static const char *fake_save(void *machine)
{
    (void)machine;
    return note("save");
}

static enum operator_depth fake_depth(void *machine, bool *in_file)
{
    (void)machine;
    *in_file = true;
    (void)note("depth?");
    return OPERATOR_DISK;
}

static const char *fake_set_depth(void *machine, enum operator_depth depth)
{
    static const char *const words[] = {"depth:keep", "depth:reclaim", "depth:disk"};

    (void)machine;
    return note(words[depth]);
}

static const char *fake_balloon(void *machine, uint64_t *bytes)
{
    (void)machine;
    *bytes = 4096;
    return note("balloon?");
}

static const char *fake_set_balloon(void *machine, uint64_t bytes)
{
    char word[32];

    (void)machine;
    (void)snprintf(word, sizeof(word), "balloon:%llu", (unsigned long long)bytes);
    return note(word);
}

static const char *fake_reopen(void *machine)
{
    (void)machine;
    return note("reopen");
}

static void fake_quit(void *machine)
{
    (void)machine;
    note("quit");
    qmp_tell_quit(qmp, QUIT_BY_QMP);
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

static const char *fake_answer(void *machine, bool honour)
{
    (void)machine;
    return note(honour ? "honour" : "refuse");
}

static const char *fake_admit(void *machine, unsigned vcpu)
{
    char word[32];

    (void)machine;
    (void)snprintf(word, sizeof(word), "admit:%u", vcpu);
    return note(word);
}

static const char *fake_withdraw(void *machine, unsigned vcpu)
{
    char word[32];

    (void)machine;
    (void)snprintf(word, sizeof(word), "withdraw:%u", vcpu);
    return note(word);
}

static const struct operator_ops fake_ops = {
    .status = fake_status,
    .facts = fake_facts,
    .vcpu_count = fake_vcpu_count,
    .vcpus = fake_vcpus,
    .disks = fake_disks,
    .channels = fake_channels,
    .stop = fake_stop,
    .cont = fake_cont,
    .wake = fake_wake,
    .reset = fake_reset,
    .power_down = fake_power_down,
    .reboot = fake_reboot,
    .balloon = fake_balloon,
    .set_balloon = fake_set_balloon,
    .sleep = fake_sleep,
    .save = fake_save,
    .depth = fake_depth,
    .set_depth = fake_set_depth,
    .quit = fake_quit,
    .reopen = fake_reopen,
    .life = fake_life,
    .suspend_is_pending = fake_pending,
    .answer_suspend = fake_answer,
    .admit = fake_admit,
    .withdraw = fake_withdraw,
};

static struct qmp *serve(const char *path)
{
    return qmp_open(loop, path, "vm-1", &fake_ops, NULL);
}

static int enter(void **state)
{
    asked[0] = '\0';
    objection = NULL;
    vcpu_count = 2;
    machine_status = OPERATOR_RUNNING;
    if (scratch_enter(state) != 0) {
        return -1;
    }
    loop = loop_create();
    qmp = serve("qmp");
    return loop != NULL && qmp != NULL ? 0 : -1;
}

static int leave(void **state)
{
    qmp_close(qmp);
    loop_destroy(loop);
    return scratch_leave(state);
}

static int client(void)
{
    return socket_client_open(loop, "qmp");
}

static void say(int fd, const char *text)
{
    socket_client_say(loop, fd, text);
}

/* Removes the CR from before each newline, where QEMU has one. */
static void fold_line_ends(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '\n') {
            assert_true(to > text && to[-1] == '\r');
            to--;
        }
        *to++ = *from;
    }
    *to = '\0';
}

/* Checks everything that the client got since the last check. */
static void expect(int fd, const char *expected)
{
    char said[16384];
    ssize_t count = read(fd, said, sizeof(said) - 1);

    said[count > 0 ? count : 0] = '\0';
    fold_line_ends(said);
    assert_string_equal(said, expected);
}

/* Checks that the server closed the connection after this text. */
static void expect_end(int fd, const char *expected)
{
    char byte;

    expect(fd, expected);
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
}

static int negotiated_client(void)
{
    int fd = client();

    expect(fd, GREETING);
    say(fd, "{\"execute\":\"qmp_capabilities\"}");
    expect(fd, DONE);
    return fd;
}

/* Checks the event's name and data; "": it has none. */
static void check_event(const json_t *event, const char *name, const char *data)
{
    const json_t *given = json_object_get(event, "data");
    char *text = given != NULL ? json_dumps(given, JSON_COMPACT) : strdup("");

    assert_string_equal(json_string_value(json_object_get(event, "event")), name);
    assert_string_equal(text, data);
    assert_true(
        json_is_integer(json_object_get(json_object_get(event, "timestamp"), "microseconds")));
    free(text);
}

/* Checks the first event, and the second unless `second` is NULL; drops the rest. */
static void expect_events(int fd, const char *first, const char *data, const char *second,
                          const char *second_data)
{
    char said[8192];
    ssize_t count = read(fd, said, sizeof(said) - 1);

    assert_true(count > 0);
    said[count] = '\0';
    json_t *event = json_loads(said, JSON_DISABLE_EOF_CHECK, NULL);
    check_event(event, first, data);
    json_decref(event);
    if (second != NULL) {
        event = json_loads(strchr(said, '\n'), 0, NULL);
        check_event(event, second, second_data);
        json_decref(event);
    }
}

static void expect_event(int fd, const char *name, const char *data)
{
    expect_events(fd, name, data, NULL, NULL);
}

static void negotiation_comes_first(void **state)
{
    int fd = client();

    (void)state;
    expect(fd, GREETING);
    say(fd, "{\"execute\":\"stop\"}");
    expect(fd, "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"Expecting capabilities "
               "negotiation with 'qmp_capabilities'\"}}\n");
    say(fd, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}");
    expect(fd,
           "{\"error\":{\"class\":\"GenericError\",\"desc\":\"Capability oob not available\"}}\n");
    say(fd, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[]},\"id\":[1,{}]}");
    expect(fd, "{\"return\":{},\"id\":[1,{}]}\n");
    say(fd, "{\"execute\":\"qmp_capabilities\"}");
    expect(fd, "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"Capabilities negotiation is "
               "already complete, command ignored\"}}\n");
    assert_string_equal(asked, "");
    close(fd);
}

static void queries_return_the_state(void **state)
{
    int fd = negotiated_client();

    (void)state;
    say(fd, "{\"execute\":\"query-status\"}");
    expect(fd, "{\"return\":{\"status\":\"running\",\"running\":true}}\n");
    machine_status = OPERATOR_SUSPENDED;
    say(fd, "{\"execute\":\"query-status\"}");
    expect(fd, "{\"return\":{\"status\":\"suspended\",\"running\":false}}\n");
    say(fd, "{\"execute\":\"query-name\"}");
    expect(fd, "{\"return\":{\"name\":\"vm-1\"}}\n");
    say(fd, "{\"execute\":\"x-dormouse-query-suspend\"}");
    expect(fd, "{\"return\":{\"pending\":true}}\n");
    say(fd, "{\"execute\":\"query-cpus-fast\"}");
    expect(fd,
           "{\"return\":[{\"cpu-index\":0,\"qom-path\":\"/machine/unattached/device[0]\","
           "\"thread-id\":7,\"target\":\"aarch64\",\"props\":{\"core-id\":0},\"x-dormouse-mpidr\":"
           "\"0x100\","
           "\"x-dormouse-state\":\"on\",\"x-dormouse-admitted\":true},{\"cpu-index\":1,"
           "\"qom-path\":\"/machine/unattached/device[1]\",\"thread-id\":8,\"target\":\"aarch64\","
           "\"props\":{\"core-id\":1},\"x-dormouse-mpidr\":\"0x101\",\"x-dormouse-state\":\"off\","
           "\"x-dormouse-admitted\":false}]}\n");
    assert_string_equal(asked, "vcpus");
    close(fd);
}

#define NODE(file, number, ro, driver, format, size)                                               \
    "{\"file\":\"" file "\",\"node-name\":\"disk" number "\",\"ro\":" ro ",\"drv\":\"" driver      \
    "\",\"backing_file_depth\":0,\"active\":true,\"encrypted\":false,\"detect_zeroes\":\"off\","   \
    "\"image\":{\"filename\":\"" file "\",\"format\":\"" format "\",\"virtual-size\":" size "},"   \
    "\"cache\":{\"writeback\":true,\"direct\":false,\"no-flush\":false},\"write_threshold\":0,"    \
    "\"bps\":0,\"bps_rd\":0,\"bps_wr\":0,\"iops\":0,\"iops_rd\":0,\"iops_wr\":0}"
#define NODE_0 NODE("a.img", "0", "false", "raw", "raw", "1048576")
#define NODE_1 NODE("(a name that is not UTF-8)", "1", "true", "vhost-user-blk", "unknown", "512")

static void disks_are_described(void **state)
{
    int fd = negotiated_client();

    (void)state;
    say(fd, "{\"execute\":\"query-block\"}");
    expect(fd, "{\"return\":[{\"device\":\"disk0\",\"type\":\"unknown\",\"removable\":false,"
               "\"locked\":false,\"io-status\":\"nospace\",\"inserted\":" NODE_0
               ",\"x-dormouse-in-flight\":3},{\"device\":\"disk1\",\"type\":\"unknown\","
               "\"removable\":false,\"locked\":false,\"io-status\":\"ok\",\"inserted\":" NODE_1
               ",\"x-dormouse-in-flight\":0}]}\n");
    say(fd, "{\"execute\":\"query-named-block-nodes\",\"arguments\":{\"flat\":true}}");
    expect(fd, "{\"return\":[" NODE_0 "," NODE_1 "]}\n");
    assert_string_equal(asked, "disks disks");
    close(fd);
}

static void machine_is_described(void **state)
{
    int fd = negotiated_client();

    (void)state;
    say(fd, "{\"execute\":\"query-current-machine\"}{\"execute\":\"query-kvm\"}"
            "{\"execute\":\"query-target\"}");
    expect(fd, "{\"return\":{\"wakeup-suspend-support\":false}}\n"
               "{\"return\":{\"enabled\":true,\"present\":true}}\n"
               "{\"return\":{\"arch\":\"aarch64\"}}\n");
    can_wake = true;
    say(fd, "{\"execute\":\"query-current-machine\"}");
    expect(fd, "{\"return\":{\"wakeup-suspend-support\":true}}\n");
    say(fd, "{\"execute\":\"query-machines\"}");
    expect(fd, "{\"return\":[{\"name\":\"dormouse\",\"is-default\":true,\"cpu-max\":123,"
               "\"hotpluggable-cpus\":false,\"numa-mem-supported\":false,\"deprecated\":false,"
               "\"acpi\":false,\"default-cpu-type\":\"host-arm-cpu\"}]}\n");
    say(fd, "{\"execute\":\"query-memory-size-summary\"}{\"execute\":\"query-uuid\"}");
    expect(fd, "{\"return\":{\"base-memory\":1073741824,\"plugged-memory\":0}}\n"
               "{\"return\":{\"UUID\":\"00000000-0000-0000-0000-000000000000\"}}\n");
    say(fd, "{\"execute\":\"query-chardev\"}");
    expect(fd, "{\"return\":[{\"label\":\"console\",\"filename\":\"stdio\",\"frontend-open\":true},"
               "{\"label\":\"a\",\"filename\":\"unix:a.sock,server=on\",\"frontend-open\":false},"
               "{\"label\":\"b\",\"filename\":\"unix:(a name that is not UTF-8),server=on\","
               "\"frontend-open\":false},{\"label\":\"c\",\"filename\":\"pty:link\",\"frontend-"
               "open\":false},"
               "{\"label\":\"qmp\",\"filename\":\"unix:qmp,server=on\","
               "\"frontend-open\":true}]}\n");
    close(fd);
}

/* Every command that query-commands names exists; commands without arguments answer. */
static void all_commands_exist(void **state)
{
    static char said[QMP_OUTPUT_MAX];
    int fd = negotiated_client();
    size_t index;
    json_t *entry;

    (void)state;
    say(fd, "{\"execute\":\"query-commands\"}");
    ssize_t count = read(fd, said, sizeof(said));
    assert_true(count > 0);
    json_t *reply = json_loadb(said, (size_t)count, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(reply, "return")), 35);
    json_array_foreach(json_object_get(reply, "return"), index, entry)
    {
        (void)snprintf(said, sizeof(said), "{\"execute\":\"%s\"}",
                       json_string_value(json_object_get(entry, "name")));
        say(fd, said);
    }
    json_decref(reply);
    count = read(fd, said, sizeof(said) - 1);
    assert_true(count > 0);
    said[count] = '\0';
    assert_null(strstr(said, "has not been found"));
    assert_string_equal(asked,
                        "stop cont wake power-down reset quit reopen reboot sleep save vcpus disks "
                        "disks balloon? depth?");
    close(fd);
}

static void commands_reach_the_machine(void **state)
{
    int fd = negotiated_client();

    (void)state;
    say(fd, "{\"execute\":\"cont\"}{\"execute\":\"system_wakeup\"}\n[\n]\n");
    expect(
        fd, DONE DONE
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"QMP input must be a JSON object\"}}\n");
    say(fd, "{\"execute\":\"x-dormouse-answer-suspend\",\"arguments\":{\"honour\":false}}");
    say(fd, "{\"execute\":\"x-dormouse-admit-vcpu\",\"arguments\":{\"cpu-index\":3}}");
    say(fd, "{\"execute\":\"x-dormouse-withdraw-vcpu\",\"arguments\":{\"cpu-index\":-1}}");
    expect(fd, DONE DONE DONE);
    say(fd, "{\"execute\":\"balloon\",\"arguments\":{\"value\":1073741824}}");
    say(fd, "{\"execute\":\"query-balloon\"}");
    expect(fd, DONE "{\"return\":{\"actual\":4096}}\n");
    for (unsigned i = 0; i < OPERATOR_DEPTHS; i++) {
        char command[96];

        (void)snprintf(command, sizeof(command),
                       "{'execute':'x-dormouse-sleep-memory','arguments':{'depth':'%s'}}",
                       qmp_depths[i]);
        say(fd, command);
    }
    say(fd, "{\"execute\":\"x-dormouse-query-sleep-memory\"}");
    expect(fd, DONE DONE DONE "{\"return\":{\"depth\":\"disk\",\"in-file\":true}}\n");
    assert_string_equal(asked,
                        "cont wake refuse admit:3 withdraw:4294967295 balloon? "
                        "balloon:1073741824 balloon? depth:keep depth:reclaim depth:disk depth?");
    objection = "why not";
    say(fd, "{\"execute\":\"system_reset\",\"id\":\"x\"}");
    expect(fd, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"why not\"},\"id\":\"x\"}\n");
    say(fd, "{\"execute\":\"query-balloon\",\"id\":1}"
            "{\"execute\":\"balloon\",\"arguments\":{\"value\":1},\"id\":1}");
    expect(fd, NO_BALLOON NO_BALLOON);
    close(fd);
}

static const struct {
    const char *sent;
    const char *desc;
} wrong[] = {
    {"hello\n", "JSON parse error, invalid keyword 'hello'"},
    {"}\n", "JSON parse error, expecting value"},
    {"3\n", "QMP input must be a JSON object"},
    {"null\n", "QMP input must be a JSON object"},
    {"[1, 2]", "QMP input must be a JSON object"},
    {"[1 2]", "JSON parse error, expected separator in list"},
    {"{\"execute\":\"stop\n", "JSON parse error, expecting value"},
    {"{\"execute\":\"stop\",}", "JSON parse error, expecting value"},
    {"{\"execute\" \"stop\"}", "JSON parse error, missing : in object pair"},
    {"{\"execute\":\"stop\" \"id\":1}", "JSON parse error, expected separator in dict"},
    {"{\"execute\":\"stop\",\"id\":tru}", "JSON parse error, invalid keyword 'tru'"},
    {"{\"execute\":\"stop\",\"id\":\"\\q\"}",
     "JSON parse error, invalid escape sequence in string"},
    {"{]", "JSON parse error, expecting value"},
    {"{\"execute\":\"\xfe\"}", "JSON parse error, invalid UTF-8 sequence in string"},
    {"{'execute':'stop}\n", "JSON parse error, expecting value"},
    {"{'execute':\"stop'}\n", "JSON parse error, expecting value"},
    {"{\"execute\":\"cont\",\"execute\":\"quit\"}", "JSON parse error, duplicate key"},
    {"{}", "QMP input lacks member 'execute'"},
    {"{\"id\":null}", "QMP input lacks member 'execute'\"},\"id\":null"},
    {"{\"execute\":1}", "QMP input member 'execute' must be a string"},
    {"{\"exec-oob\":\"cont\"}", "QMP input member 'exec-oob' is unexpected"},
    {"{\"execute\":\"cont\",\"control\":{}}", "QMP input member 'control' is unexpected"},
    {"{\"execute\":\"cont\",\"arguments\":[]}", "QMP input member 'arguments' must be an object"},
    {"{\"execute\":\"cont\",\"arguments\":null}", "QMP input member 'arguments' must be an object"},
    {"{\"execute\":\"cont\",\"arguments\":{\"x\":1}}", "Parameter 'x' is unexpected"},
    {"{\"execute\":\"balloon\",\"arguments\":{\"value\":0}}", "Parameter 'target' expects a size"},
    {"{\"execute\":\"balloon\",\"arguments\":{\"value\":1.5}}",
     "Invalid parameter type for 'value', expected: integer"},
    {"{\"execute\":\"balloon\",\"arguments\":{\"x\":1}}", "Parameter 'value' is missing"},
    {"{\"execute\":\"x-dormouse-admit-vcpu\"}", "Parameter 'cpu-index' is missing"},
    {"{\"execute\":\"x-dormouse-admit-vcpu\",\"arguments\":{\"cpu-index\":\"1\"}}",
     "Invalid parameter type for 'cpu-index', expected: integer"},
    {"{\"execute\":\"x-dormouse-answer-suspend\",\"arguments\":{\"honour\":1}}",
     "Invalid parameter type for 'honour', expected: boolean"},
    {"{\"execute\":\"x-dormouse-sleep-memory\",\"arguments\":{\"depth\":\"disk\\u0000\"}}",
     "Invalid parameter type for 'depth', expected: string"},
};

static void each_wrong_command_gets_one_error(void **state)
{
    int fd = negotiated_client();
    char expected[512];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        say(fd, wrong[i].sent);
        (void)snprintf(expected, sizeof(expected),
                       "{\"error\":{\"class\":\"GenericError\",\"desc\":\"%s%s}\n", wrong[i].desc,
                       strchr(wrong[i].desc, '"') != NULL ? "" : "\"}");
        expect(fd, expected);
    }
    assert_string_equal(asked, "balloon?");
    close(fd);
}

/* QEMU's words, because programs look for them. */
static void unknown_commands_are_named(void **state)
{
    static const char beginning[] =
        "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command ";
    int fd = negotiated_client();
    char text[512];

    (void)state;
    say(fd, "{\"execute\":\"quit\\u0000\"}");
    (void)snprintf(text, sizeof(text), "%squit has not been found\"}}\n", beginning);
    expect(fd, text);
    say(fd, "{\"execute\":\"x-dormouse-fly\"}");
    (void)snprintf(text, sizeof(text), "%sx-dormouse-fly has not been found\"}}\n", beginning);
    expect(fd, text);
    /* A long name is cut between two characters. */
    (void)snprintf(text, sizeof(text), "{\"execute\":\"%0*d\xe2\x82\xac\"}", 62, 0);
    say(fd, text);
    (void)snprintf(text, sizeof(text), "%s%0*d has not been found\"}}\n", beginning, 62, 0);
    expect(fd, text);
    close(fd);
}

static void strings_may_be_in_single_quotes(void **state)
{
    int fd = negotiated_client();

    (void)state;
    say(fd, "{'execute':'cont','id':'}\"{ \\' \\\\ "
            "\\u0041'}{\"execute\":\"system_wakeup\",\"id\":\"'\\'\"}");
    expect(fd, "{\"return\":{},\"id\":\"}\\\"{ ' \\\\ A\"}\n"
               "{\"return\":{},\"id\":\"''\"}\n");
    assert_string_equal(asked, "cont wake");
    close(fd);
}

/* Programs send the byte 0xFF if the server may have an incomplete command of another program. */
static void resynchronisation_cancels_an_incomplete_command(void **state)
{
    int fd = negotiated_client();

    (void)state;
    say(fd, "\xff\xff\n{\"execute\":\"cont\",\"id\":1}\xff");
    expect(fd, "{\"return\":{},\"id\":1}\n");
    say(fd, "{\"execute\":\"quit\",\"id\":\"\xff{'execute':'cont','id':2}");
    expect(fd, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON parse error, invalid "
               "UTF-8 sequence in string\"}}\n"
               "{\"return\":{},\"id\":2}\n");
    assert_string_equal(asked, "cont cont");
    close(fd);
}

/* Whatever JSON the id is, the reply has it too; what is not ASCII is escaped, as in QEMU. */
static void ids_are_returned(void **state)
{
    static const char *const ids[][2] = {
        {"null", "null"},
        {"false", "false"},
        {"-1.5", "-1.5"},
        {"9223372036854775807", "9223372036854775807"},
        {"99999999999999999999", "1e20"},
        {"[]", "[]"},
        {"{\"id\":[null,{\"execute\":\"quit\"}]}", "{\"id\":[null,{\"execute\":\"quit\"}]}"},
        {"\"\xc3\xa9\\u20ac\\u0000\\\"\"", "\"\\u00E9\\u20AC\\u0000\\\"\""},
    };
    int fd = negotiated_client();

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char text[128];

        (void)snprintf(text, sizeof(text), "{\"id\":%s,\"execute\":\"cont\"}", ids[i][0]);
        say(fd, text);
        (void)snprintf(text, sizeof(text), "{\"return\":{},\"id\":%s}\n", ids[i][1]);
        expect(fd, text);
        (void)snprintf(text, sizeof(text), "{\"execute\":\"x\",\"id\":%s}", ids[i][0]);
        say(fd, text);
        (void)snprintf(text, sizeof(text),
                       "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command x has not "
                       "been found\"},\"id\":%s}\n",
                       ids[i][1]);
        expect(fd, text);
    }
    close(fd);
}

/* 1e9 is 1000000000.0 in a reply. */
static void id_that_grows_is_refused_before_the_command(void **state)
{
    int fd = negotiated_client();
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    (void)state;
    assert_non_null(stream);
    (void)fputs("{\"execute\":\"quit\",\"id\":[1e9", stream);
    for (unsigned i = 0; i < 16000; i++) {
        (void)fputs(",1e9", stream);
    }
    (void)fputs("]}", stream);
    assert_int_equal(fclose(stream), 0);
    say(fd, text);
    free(text);
    expect(fd, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"'id' is too long\"}}\n");
    assert_string_equal(asked, "");
    say(fd, "{\"execute\":\"cont\"}");
    expect(fd, DONE);
    close(fd);
}

/* A machine whose description is too long for a reply. */
static void reply_that_is_too_long_becomes_an_error(void **state)
{
    int fd = negotiated_client();

    (void)state;
    vcpu_count = 2000;
    say(fd, "{\"execute\":\"query-cpus-fast\"}{\"execute\":\"cont\"}");
    expect(fd,
           "{\"error\":{\"class\":\"GenericError\",\"desc\":\"the reply is too long\"}}\n" DONE);
    close(fd);
}

static void commands_may_come_in_pieces(void **state)
{
    static const char text[] = "  {\"execute\" :\r\n \"c\\u006fnt\", \"id\": \"}{\\\"[\"}";
    int fd = negotiated_client();
    char byte[2] = "";

    (void)state;
    for (size_t i = 0; text[i] != '\0'; i++) {
        byte[0] = text[i];
        say(fd, byte);
    }
    expect(fd, "{\"return\":{},\"id\":\"}{\\\"[\"}\n");
    assert_string_equal(asked, "cont");
    close(fd);
}

static void events_go_to_negotiated_clients(void **state)
{
    int one = negotiated_client();
    int two = negotiated_client();
    int mute = client();

    (void)state;
    expect(mute, GREETING);
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_ASLEEP});
    expect_event(one, "SUSPEND", "");
    expect_event(two, "SUSPEND", "");
    expect(mute, "");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_RESUMED});
    expect_event(one, "WAKEUP", "");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_VCPU_OFF});
    qmp_tell(NULL, &(struct power_news){.kind = POWER_NEWS_ASLEEP});
    expect(one, "");
    close(one);
    close(two);
    close(mute);
}

static void events_report_what_happened(void **state)
{
    static const struct suspend_call call = {.entry = {0x40200000}, .context = UINT64_MAX};
    int fd = negotiated_client();

    (void)state;
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_REBOOT});
    expect_event(fd, "RESET", "{\"guest\":true,\"reason\":\"guest-reset\"}");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_RESET});
    expect_event(fd, "RESET", "{\"guest\":false,\"reason\":\"host-qmp-system-reset\"}");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_REBOOT,
                                       .has_type = true,
                                       .reset_type = 0x80000001,
                                       .reset_cookie = UINT64_MAX});
    expect_event(
        fd, "RESET",
        "{\"guest\":true,\"reason\":\"guest-reset\",\"x-dormouse-kind\":\"cold\","
        "\"x-dormouse-type\":\"0x80000001\",\"x-dormouse-cookie\":\"0xffffffffffffffff\"}");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_ASKED,
                                       .vcpu = 1,
                                       .call = &call,
                                       .deadline_ns = 5000000000,
                                       .by_default = true});
    expect_event(fd, "X_DORMOUSE_SUSPEND_REQUEST",
                 "{\"cpu-index\":1,\"entry\":\"0x40200000\",\"context\":\"0xffffffffffffffff\","
                 "\"deadline-ms\":5000,\"default\":\"honour\"}");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_NOT_ADMITTED, .vcpu = 3});
    expect_event(fd, "X_DORMOUSE_VCPU_NOT_ADMITTED", "{\"cpu-index\":3}");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_ASKED_SHUTDOWN, .way = "key"});
    expect_event(fd, "POWERDOWN", "{\"x-dormouse-way\":\"key\"}");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_ASKED_SLEEP, .way = "agent"});
    expect_event(fd, "X_DORMOUSE_SLEEP_ASKED", "{\"way\":\"agent\"}");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_REQUEST_FAILED,
                                       .request = REQUEST_SHUTDOWN,
                                       .reason = "it sulks"});
    expect_event(fd, "X_DORMOUSE_REQUEST_FAILED",
                 "{\"request\":\"shutdown\",\"reason\":\"it sulks\"}");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_DISK_FAILED,
                                       .device = "disk0",
                                       .operation = "write",
                                       .reason = "it is full",
                                       .no_space = true,
                                       .pauses = true});
    expect_event(fd, "BLOCK_IO_ERROR",
                 "{\"qom-path\":\"/machine/"
                 "disk0\",\"device\":\"disk0\",\"operation\":\"write\",\"action\":\"stop\","
                 "\"nospace\":true,\"reason\":\"it is full\"}");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_CONTINUED});
    expect_event(fd, "RESUME", "");
    qmp_tell_quit(qmp, QUIT_BY_SIGNAL);
    expect_event(fd, "SHUTDOWN", "{\"guest\":false,\"reason\":\"host-signal\"}");
    close(fd);
}

/* What the guest does, and what it does by itself. */
static void events_report_the_guest(void **state)
{
    int fd = negotiated_client();

    (void)state;
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_OFF});
    expect_event(fd, "SHUTDOWN",
                 "{\"guest\":true,\"reason\":\"guest-shutdown\",\"x-dormouse-hibernated\":false}");
    qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_OFF, .hibernated = true});
    expect_events(fd, "SUSPEND_DISK", "", "SHUTDOWN",
                  "{\"guest\":true,\"reason\":\"guest-shutdown\",\"x-dormouse-hibernated\":true}");
    qmp_tell_port(qmp, "org.qemu.guest_agent.0", true);
    expect_event(fd, "VSERPORT_CHANGE", "{\"id\":\"org.qemu.guest_agent.0\",\"open\":true}");
    qmp_tell_clock(qmp, -3600);
    expect_event(fd, "RTC_CHANGE", "{\"offset\":-3600,\"qom-path\":\"/machine/rtc\"}");
    close(fd);
}

static const struct row {
    enum power_news_kind kind;
    const char *event;
    const char *fields;
} rows[] = {
#define NEWS(kind, event, fields, qmp, qmp_fields, colour, words)                                  \
    {POWER_NEWS_##kind, qmp, qmp_fields},
#define TOLD(event, fields, qmp, qmp_fields, colour, words)
#include "power/news.def"
};

/* Checks that the event is that of `row`, and that its data has exactly the row's members. */
static void expect_row(int fd, const struct row *row)
{
    char said[1024];
    char fields[128];
    char *rest = NULL;
    size_t found = 0;
    ssize_t count = read(fd, said, sizeof(said));

    assert_true(count > 0);
    json_t *event = json_loadb(said, (size_t)count, 0, NULL);
    const json_t *data = json_object_get(event, "data");
    assert_string_equal(json_string_value(json_object_get(event, "event")), row->event);
    (void)snprintf(fields, sizeof(fields), "%s", row->fields);
    for (char *name = strtok_r(fields, "? ", &rest); name != NULL;
         name = strtok_r(NULL, "? ", &rest)) {
        if (json_object_get(data, name) == NULL) {
            fail_msg("%s has no member %s", row->event, name);
        }
        found++;
    }
    assert_int_equal(json_object_size(data), found);
    json_decref(event);
}

static void events_have_the_fields_of_their_rows(void **state)
{
    static const struct suspend_call call = {.entry = {0x40200000}};
    int fd = negotiated_client();

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        qmp_tell(qmp, &(struct power_news){.kind = rows[i].kind,
                                           .call = &call,
                                           .has_type = true,
                                           .way = "key",
                                           .file = "f",
                                           .device = "disk0",
                                           .operation = "write",
                                           .reason = ""});
        if (rows[i].event == NULL) {
            expect(fd, "");
        } else {
            expect_row(fd, &rows[i]);
        }
    }
    close(fd);
}

static void too_long_or_too_deep_ends_the_connection(void **state)
{
    int fd = negotiated_client();
    char text[4097];

    (void)state;
    say(fd, "{\"execute\":\"");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (unsigned i = 0; i < QMP_COMMAND_MAX / (sizeof(text) - 1) - 1; i++) {
        say(fd, text);
    }
    expect(fd, "");
    say(fd, text);
    expect_end(fd,
               "{\"error\":{\"class\":\"GenericError\",\"desc\":\"the command is too long\"}}\n");

    fd = negotiated_client();
    memset(text, '[', QMP_DEPTH_MAX + 1);
    text[QMP_DEPTH_MAX + 1] = '\0';
    say(fd, text);
    expect_end(fd, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"the command is nested too "
                   "deeply\"}}\n");

    fd = negotiated_client();
    memset(text, '[', QMP_DEPTH_MAX);
    memset(text + QMP_DEPTH_MAX, ']', QMP_DEPTH_MAX);
    text[(size_t)2 * QMP_DEPTH_MAX] = '\0';
    say(fd, text);
    expect(
        fd,
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"QMP input must be a JSON object\"}}\n");
    close(fd);
}

/* Commands of QEMU's that clients try, and go on without. */
static void commands_of_qemu_are_refused(void **state)
{
    static const char *const names[] = {
        "human-monitor-command",
        "getfd",
        "add-fd",
        "device_add",
        "device_del",
        "netdev_add",
        "netdev_del",
        "set_link",
        "blockdev-add",
        "blockdev-del",
        "object-add",
        "chardev-add",
        "migrate",
        "query-migrate",
        "qom-get",
        "qom-set",
        "job-dismiss",
        "set-action",
        "query-events",
        "query-hotpluggable-cpus",
        "inject-nmi",
        "send-key",
        "dump-guest-memory",
    };
    int fd = negotiated_client();
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(
            text, sizeof(text),
            "{\"execute\":\"%s\",\"arguments\":{\"id\":\"net0\"},\"id\":\"libvirt-%zu\"}", names[i],
            i);
        say(fd, text);
        (void)snprintf(
            text, sizeof(text),
            "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command %s has not "
            "been found\"},\"id\":\"libvirt-%zu\"}\n",
            names[i], i);
        expect(fd, text);
    }
    assert_string_equal(asked, "");
    close(fd);
}

/* A descriptor that comes with a command is closed: nobody can fill the process's table. */
static void descriptors_are_not_kept(void **state)
{
    static char text[] = "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"x\"}}";
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {text, sizeof(text) - 1};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    int fd = negotiated_client();
    int ends[2];
    char byte;

    (void)state;
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    control.header = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(&control.header), &ends[1], sizeof(int));
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), sizeof(text) - 1);
    close(ends[1]);
    drive_until_idle(loop);
    expect(fd,
           "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command getfd has not been "
           "found\"}}\n");
    assert_int_equal(read(ends[0], &byte, 1), 0); /* No writer is left. */
    close(ends[0]);
    close(fd);
}

/*
 * What systemd-vmspawn sends (systemd 261) and looks at: it takes a line only with CR LF, numbers its
 * commands, and finds a reply by its number. A command that is not there must not disturb the others.
 */
static void vmspawn_is_served(void **state)
{
    static const struct {
        const char *sent;
        const char *answer;
    } log[] = {
        {"{\"execute\":\"qmp_capabilities\",\"id\":1}", "{\"return\":{},\"id\":1}"},
        {"{\"execute\":\"query-status\",\"id\":2}",
         "{\"return\":{\"status\":\"running\",\"running\":true},\"id\":2}"},
        {"{\"execute\":\"blockdev-add\",\"arguments\":{\"node-name\":\"vmspawn-0\",\"driver\":"
         "\"raw\","
         "\"file\":{\"driver\":\"file\",\"filename\":\"/dev/fdset/0\"}},\"id\":3}",
         "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command blockdev-add has not "
         "been "
         "found\"},\"id\":3}"},
        {"{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-blk-pci\","
         "\"drive\":\"vmspawn-0\",\"id\":\"vmspawn-0\"},\"id\":4}",
         "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command device_add has not been "
         "found\"},\"id\":4}"},
        {"{\"execute\":\"job-dismiss\",\"arguments\":{\"id\":\"snapshot\"},\"id\":5}",
         "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command job-dismiss has not "
         "been "
         "found\"},\"id\":5}"},
        {"{\"execute\":\"cont\",\"id\":6}", "{\"return\":{},\"id\":6}"},
        {"{\"execute\":\"system_powerdown\",\"id\":7}", "{\"return\":{},\"id\":7}"},
        {"{\"execute\":\"system_reset\",\"id\":8}", "{\"return\":{},\"id\":8}"},
    };
    int fd = client();
    char said[512];

    (void)state;
    expect(fd, GREETING);
    for (size_t i = 0; i < sizeof(log) / sizeof(log[0]); i++) {
        say(fd, log[i].sent);
        say(fd, "\r\n");
        ssize_t count = read(fd, said, sizeof(said) - 1);
        said[count > 0 ? count : 0] = '\0';
        assert_true(count > 2 && strcmp(said + count - 2, "\r\n") == 0);
        said[count - 2] = '\0';
        assert_string_equal(said, log[i].answer);
    }
    assert_string_equal(asked, "cont power-down reset");
    close(fd);
}

/* A client that does not read loses its connection; no other client misses anything. */
static void slow_clients_are_cut_off(void **state)
{
    int slow = negotiated_client();
    int quick = negotiated_client();
    char said[8192];
    ssize_t got = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_ASLEEP});
        ssize_t count = read(quick, said, sizeof(said));
        assert_true(count > 0 && said[count - 1] == '\n');
        if (i % 100 == 0) {
            drive_until_idle(loop);
        }
    }
    assert_int_equal(qmp->client_count, 1);
    for (ssize_t count; (count = read(slow, said, sizeof(said))) > 0;) {
        got += count;
    }
    assert_true(got > 0); /* What the socket had accepted. */
    say(quick, "{\"execute\":\"cont\"}");
    expect(quick, DONE);
    close(quick);
    close(slow);
}

/* A turn of the loop takes one command of each client, even if one has sent many. */
static void clients_take_turns(void **state)
{
    static const char cont[] = "{\"execute\":\"cont\"}";
    int flood = negotiated_client();
    int other = negotiated_client();

    (void)state;
    for (unsigned i = 0; flood >= 0 && i < 40; i++) {
        assert_true(send(flood, cont, sizeof(cont) - 1, MSG_NOSIGNAL) > 0);
    }
    say(other, "{\"execute\":\"system_wakeup\"}");
    const char *wake = strstr(asked, "wake");
    assert_non_null(wake);
    assert_true(wake - asked <= (ptrdiff_t)strlen("cont cont "));
    expect(other, DONE);
    assert_int_equal(strlen(asked), 40 * strlen("cont ") + strlen("wake"));
    close(flood);
    close(other);
}

/* A client that does not read its replies is not read either; later it continues where it stopped. */
static void replies_wait_for_their_reader(void **state)
{
    static const char query[] = "{\"execute\":\"query-cpus-fast\"}";
    int fd = negotiated_client();
    char said[65536];
    unsigned sent = 0;
    unsigned replies = 0;

    (void)state;
    while (fd >= 0 &&
           send(fd, query, sizeof(query) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(query) - 1) {
        sent++;
        if (sent % 64 == 0) {
            drive_until_idle(loop);
        }
    }
    for (bool more = true; more;) {
        drive_until_idle(loop);
        ssize_t count = read(fd, said, sizeof(said));
        more = count > 0;
        for (ssize_t i = 0; i < count; i++) {
            replies += said[i] == '\n';
        }
    }
    assert_true(sent > 100);
    assert_int_equal(replies, sent);
    close(fd);
}

static void clients_come_and_go(void **state)
{
    int fds[QMP_CLIENTS_MAX];

    (void)state;
    for (unsigned i = 0; i < QMP_CLIENTS_MAX; i++) {
        fds[i] = client();
    }
    expect_end(client(),
               "{\"error\": {\"class\": \"GenericError\", \"desc\": \"too many clients\"}}\n");
    close(fds[3]);
    drive_until_idle(loop);
    fds[3] = negotiated_client();
    for (unsigned i = 0; i < QMP_CLIENTS_MAX; i++) {
        close(fds[i]);
    }
    drive_until_idle(loop);
    assert_int_equal(qmp->client_count, 0);
    /* Commands from before a half-close are answered. */
    int fd = client();
    send(fd, "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"cont\"}{\"exec", 55, 0);
    shutdown(fd, SHUT_WR);
    drive_until_idle(loop);
    expect_end(fd, GREETING DONE DONE);
}

/* If no descriptor is left, the client is refused, and the loop does not spin. */
static void without_descriptors_clients_are_refused(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "qmp"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct rlimit limit;
    struct rlimit none;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &limit);
    none = limit;
    none.rlim_cur = (rlim_t)fd + 1;
    setrlimit(RLIMIT_NOFILE, &none);
    assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    drive_until_idle(loop);
    setrlimit(RLIMIT_NOFILE, &limit);
    expect_end(fd, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"too many clients\"}}\n");
}

static void expect_refusal(const char *path, const char *words)
{
    struct capture capture;
    char said[512];

    capture_begin(&capture, STDERR_FILENO);
    struct qmp *other = serve(path);
    capture_end(&capture, said, sizeof(said));
    assert_null(other);
    assert_string_equal(said, words);
}

static void existing_socket_is_replaced_with_care(void **state)
{
    struct stat status;
    char path[200];

    (void)state;
    assert_int_equal(stat("qmp", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    expect_refusal("qmp", "dormouse: --qmp qmp: another program already listens there\n");
    scratch_write("file", "precious", 8);
    expect_refusal("file", "dormouse: --qmp file: a file that is not a socket is already there\n");
    assert_int_equal(access("file", F_OK), 0);
    expect_refusal("none/qmp", "dormouse: --qmp none/qmp: cannot listen there: No such file or "
                               "directory\n");
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    char expected[400];
    (void)snprintf(expected, sizeof(expected),
                   "dormouse: --qmp %s: a socket's path has 1 to 107 characters\n", path);
    expect_refusal(path, expected);

    /* A stale socket is replaced; a socket that another program has put there is not removed. */
    assert_int_equal(link("qmp", "kept"), 0);
    qmp_close(qmp);
    assert_int_not_equal(access("qmp", F_OK), 0);
    assert_int_equal(rename("kept", "qmp"), 0);
    qmp = serve("qmp");
    assert_non_null(qmp);
    unlink("qmp");
    struct qmp *second = serve("qmp");
    assert_non_null(second);
    qmp_close(qmp);
    qmp = second;
    assert_int_equal(access("qmp", F_OK), 0);
}

/* QEMU's clients and socat send a newline after the command, which the server never reads. */
static void last_replies_are_sent(void **state)
{
    int fd = negotiated_client();

    (void)state;
    say(fd, "{\"execute\":\"quit\"}\n");
    assert_true(fd >= 0 && send(fd, "\n{\"execute\":\"cont\"}\n", 20, MSG_NOSIGNAL) == 20);
    qmp_close(qmp);
    qmp = NULL;
    expect_event(fd, "SHUTDOWN", "{\"guest\":false,\"reason\":\"host-qmp-quit\"}");
    expect_end(fd, "");
    assert_string_equal(asked, "quit");
}

/*
 * Neither a refused connection nor one that the server gives up looks as if the server had crashed.
 */
static void refused_clients_get_an_orderly_end(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "qmp"};
    int fds[QMP_CLIENTS_MAX];

    (void)state;
    for (unsigned i = 0; i < QMP_CLIENTS_MAX; i++) {
        fds[i] = client();
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    say(fd, "{\"execute\":\"qmp_capabilities\"}\n");
    expect_end(fd, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"too many clients\"}}\n");

    expect(fds[0], GREETING);
    char deep[8192];
    memset(deep, '[', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    say(fds[0], deep);
    expect_end(fds[0],
               "{\"error\":{\"class\":\"GenericError\",\"desc\":\"the command is nested too "
               "deeply\"}}\n");
    for (unsigned i = 1; i < QMP_CLIENTS_MAX; i++) {
        close(fds[i]);
    }
}

static int reader = -1;
static unsigned lines_read;
static unsigned polls;

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

/* The client reads whenever the server waits. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    char said[4096];
    ssize_t length;

    polls++;
    assert_in_range(timeout, 1, 500);
    while (reader >= 0 && (length = read(reader, said, sizeof(said))) > 0) {
        for (ssize_t i = 0; i < length; i++) {
            lines_read += said[i] == '\n';
        }
    }
    return __real_poll(fds, count, 0);
}

/* The end waits for a client that reads, and for a limited time for one that does not. */
static void end_waits_for_clients_with_a_limit(void **state)
{
    enum { EVENTS = 1500 }; /* more than the socket takes */
    int sleeper = negotiated_client();

    (void)state;
    reader = negotiated_client();
    for (unsigned i = 0; i < EVENTS; i++) {
        qmp_tell(qmp, &(struct power_news){.kind = POWER_NEWS_ASLEEP});
    }
    lines_read = 0;
    polls = 0;
    qmp_close(qmp);
    qmp = NULL;
    (void)__wrap_poll(NULL, 0, 1); /* what the socket held at the end */
    assert_int_equal(lines_read, EVENTS);
    assert_true(polls > 2);
    close(reader);
    reader = -1;
    close(sleeper);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(negotiation_comes_first),
        TEST(queries_return_the_state),
        TEST(disks_are_described),
        TEST(machine_is_described),
        TEST(all_commands_exist),
        TEST(commands_reach_the_machine),
        TEST(each_wrong_command_gets_one_error),
        TEST(unknown_commands_are_named),
        TEST(strings_may_be_in_single_quotes),
        TEST(resynchronisation_cancels_an_incomplete_command),
        TEST(ids_are_returned),
        TEST(id_that_grows_is_refused_before_the_command),
        TEST(reply_that_is_too_long_becomes_an_error),
        TEST(commands_may_come_in_pieces),
        TEST(events_go_to_negotiated_clients),
        TEST(events_report_what_happened),
        TEST(events_report_the_guest),
        TEST(events_have_the_fields_of_their_rows),
        TEST(too_long_or_too_deep_ends_the_connection),
        TEST(commands_of_qemu_are_refused),
        TEST(descriptors_are_not_kept),
        TEST(vmspawn_is_served),
        TEST(slow_clients_are_cut_off),
        TEST(clients_take_turns),
        TEST(replies_wait_for_their_reader),
        TEST(clients_come_and_go),
        TEST(without_descriptors_clients_are_refused),
        TEST(existing_socket_is_replaced_with_care),
        TEST(last_replies_are_sent),
        TEST(refused_clients_get_an_orderly_end),
        TEST(end_waits_for_clients_with_a_limit),
    };

    return cmocka_run_group_tests_name("qmp", tests, NULL, NULL);
}
