/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of a VM's options: what it means, which options of the command line replace it, its errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "cli/run_options.h"
#include "scratch.h"

enum { WORDS_MAX = 8, SAID_SIZE = 1024 };

/* The user's folder of files is in the test's own. */
static int enter(void **state)
{
    char folder[512];

    if (scratch_enter(state) != 0 || getcwd(folder, sizeof(folder)) == NULL) {
        return -1;
    }
    setenv("XDG_CONFIG_HOME", folder, 1);
    return mkdir("dormouse", 0700);
}

static int leave(void **state)
{
    unlink("dormouse/vm.conf");
    rmdir("dormouse");
    return scratch_leave(state);
}

static void write_bytes(const char *text, size_t length)
{
    scratch_write("dormouse/vm.conf", text, length);
}

static enum option_result parse(struct config *config, const char *const *words)
{
    static char storage[WORDS_MAX][64];
    char *argv[WORDS_MAX];
    int argc = 0;

    for (; words[argc] != NULL; argc++) {
        assert_true(argc < WORDS_MAX);
        snprintf(storage[argc], sizeof(storage[argc]), "%s", words[argc]);
        argv[argc] = storage[argc];
    }
    return options_parse(config, argc, argv);
}

#define PARSE(config, ...) parse(config, (const char *const[]){__VA_ARGS__, NULL})

/* The command line is refused; what is said about it goes to `said`. */
static void parse_bad(char said[SAID_SIZE], const char *const *words)
{
    struct capture capture;
    struct config config;

    capture_begin(&capture, STDERR_FILENO);
    enum option_result result = parse(&config, words);
    capture_end(&capture, said, SAID_SIZE);
    config_close(&config);
    assert_int_equal(result, OPTION_BAD);
}

#define PARSE_BAD(said, ...) parse_bad(said, (const char *const[]){__VA_ARGS__, NULL})

/* The one line that the file is refused with. */
static void expect_refused_bytes(const char *text, size_t length, const char *expected)
{
    char said[SAID_SIZE];

    write_bytes(text, length);
    PARSE_BAD(said, "vm");
    const char *end = strchr(said, '\n');
    assert_non_null(end);
    assert_string_equal(end, "\n");
    if (strstr(said, expected) == NULL) {
        fail_msg("said '%s', not '%s'", said, expected);
    }
}

static void expect_refused(const char *text, const char *expected)
{
    expect_refused_bytes(text, strlen(text), expected);
}

static void words_of_the_command_line(void **state)
{
    static const char text[] = "# a comment\n"
                               "; another one\n"
                               "\n"
                               "kernel = /boot/vmlinuz ; after a value\n"
                               "cpus=2\n"
                               "memory :  2G  \n"
                               "disk = a.img,ro\n"
                               "disk = b.img\n"
                               "rng = yes\n"
                               "balloon = no\n"
                               "append = console=ttyAMA0\n"
                               "  root=/dev/vda\n"
                               "  [x]\n"
                               "\n"
                               "# in between\n"
                               "\tquiet\n";
    struct config config;

    (void)state;
    write_bytes(text, sizeof(text) - 1);
    assert_int_equal(PARSE(&config, "vm"), OPTION_GOOD);
    assert_string_equal(config.name, "vm");
    assert_true(config.name_given);
    assert_string_equal(config.kernel, "/boot/vmlinuz");
    assert_int_equal(config.cpu_count, 2);
    assert_true(config.memory_size == UINT64_C(2) << 30);
    assert_int_equal(config.disks.count, 2);
    assert_true(config.rng);
    assert_false(config.balloon);
    assert_string_equal(config.append, "console=ttyAMA0 root=/dev/vda [x] quiet");
    config_close(&config);
}

static void command_line_replaces_lines(void **state)
{
    static const char text[] = "kernel = k\ncpus = 2\ndisk = a.img\ndisk = b.img\nmemory = 1G\n";
    struct config config;

    (void)state;
    write_bytes(text, sizeof(text) - 1);
    assert_int_equal(PARSE(&config, "--cpus", "4", "vm", "--disk=c.img"), OPTION_GOOD);
    assert_string_equal(config.kernel, "k");
    assert_int_equal(config.cpu_count, 4);
    assert_int_equal(config.disks.count, 1);
    assert_true(config.memory_size == UINT64_C(1) << 30);
    config_close(&config);
    /* A name among the options' values is no operand. */
    assert_int_equal(PARSE(&config, "--initrd", "--cpus", "vm"), OPTION_GOOD);
    assert_int_equal(config.cpu_count, 2);
    assert_string_equal(config.initrd, "--cpus");
    config_close(&config);
}

static void line_that_is_replaced_is_not_judged(void **state)
{
    static const char text[] = "kernel = k\ncpus = many\n";
    struct config config;

    (void)state;
    write_bytes(text, sizeof(text) - 1);
    assert_int_equal(PARSE(&config, "vm", "--cpus", "4"), OPTION_GOOD);
    config_close(&config);
}

static void errors_have_file_and_line(void **state)
{
    (void)state;
    expect_refused("kernel = k\n\ncpus = many\n", "dormouse/vm.conf:3: --cpus many: not a number");
    expect_refused("smp = 2\n", "vm.conf:1: smp is not an option; did you mean cpus?");
    expect_refused("kernel = k\nkernl = k\n", "vm.conf:2: kernl is not an option; see");
    expect_refused("virtiofs = x\n",
                   "vm.conf:1: virtiofs is not an option: a guest with virtio-fs");
    expect_refused("kernel = k\nrng\n", "vm.conf:2: not a line of the form NAME = VALUE");
    expect_refused("rng = on\n", "vm.conf:1: rng = on: give yes or no");
    expect_refused("[vm]\nkernel = k\n", "vm.conf:1: the file has no sections");
    expect_refused("kernel = k\n[vm]\n", "vm.conf:2: the file has no sections");
    expect_refused("kernel = k\n[vm", "vm.conf:2: the file has no sections");
    expect_refused("  [vm]\n", "vm.conf:1: the file has no sections");
    expect_refused("\xef\xbb\xbf[vm]\n", "vm.conf:1: the file has no sections");
    expect_refused(" kernel = k\n", "vm.conf:1: an indented line continues the line before");
    expect_refused("kernel = k\nname = other\n", "vm.conf:2: the VM has the name of this file;");
    expect_refused("kernel = k\nclone = yes\n", "--clone: only a restored VM is a clone");
}

/* The first error ends the reading, in whatever way the rest is wrong. */
static void one_line_for_many_errors(void **state)
{
    (void)state;
    expect_refused("nonsense = 1\nmore = 2\ncpus = many\nrng\n",
                   "vm.conf:1: nonsense is not an option");
    expect_refused("rng\nnonsense = 1\n", "vm.conf:2: nonsense is not an option");
}

static void hostile_files(void **state)
{
    static char text[2 * CONFIG_FILE_VALUE_MAX];
    size_t length = 0;

    (void)state;
    expect_refused_bytes("kernel = k\nini\0trd = x\n", 23, "vm.conf:2: the file is not a text");
    memset(text, 'a', 300);
    memcpy(text, "kernel = ", 9);
    expect_refused(text, "vm.conf:1: the line is longer than 190 bytes");
    length += (size_t)sprintf(text, "append = x\n");
    while (length < CONFIG_FILE_VALUE_MAX + 300) {
        length += (size_t)sprintf(text + length,
                                  " aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
    }
    expect_refused(text, ": the value is too long");
}

static long peak_kib(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* What is wrong shows in the first bytes, so the line is not read to its end. */
static void endless_line(void **state)
{
    enum { MIB = 1 << 20, FILE_MIB = 256 };
    long before = peak_kib();
    char said[SAID_SIZE];

    (void)state;
    write_bytes("", 0);
    assert_int_equal(truncate("dormouse/vm.conf", (off_t)FILE_MIB * MIB), 0);
    PARSE_BAD(said, "vm");
    assert_non_null(strstr(said, "vm.conf:1: the file is not a text\n"));
    assert_true(peak_kib() - before < FILE_MIB / 4 * 1024);
}

/* A line that just fits into the parser's buffer comes out whole, also with two bytes for its end. */
static void longest_line(void **state)
{
    char text[CONFIG_FILE_LINE_MAX + 3];
    struct config config;

    (void)state;
    memset(text, 'k', sizeof(text));
    memcpy(text, "kernel = ", 9);
    text[CONFIG_FILE_LINE_MAX - 1] = '\n';
    write_bytes(text, CONFIG_FILE_LINE_MAX);
    assert_int_equal(PARSE(&config, "vm"), OPTION_GOOD);
    assert_int_equal(strlen(config.kernel), CONFIG_FILE_LINE_MAX - 1 - 9);
    config_close(&config);
}

static void one_name(void **state)
{
    char said[SAID_SIZE];

    (void)state;
    write_bytes("kernel = k\n", 11);
    PARSE_BAD(said, "vm", "other");
    assert_string_equal(said,
                        "dormouse: run: unexpected argument other; see dormouse run --help\n");
}

static void missing_file(void **state)
{
    char said[SAID_SIZE];

    (void)state;
    PARSE_BAD(said, "nosuchvm");
    assert_non_null(strstr(said, "run nosuchvm: there is no file "));
    assert_non_null(strstr(said, "dormouse/nosuchvm.conf or /etc/dormouse/nosuchvm.conf"));
    setenv("XDG_CONFIG_HOME", "/etc", 1);
    PARSE_BAD(said, "nosuchvm");
    assert_string_equal(said,
                        "dormouse: run nosuchvm: there is no file /etc/dormouse/nosuchvm.conf\n");
    PARSE_BAD(said, "../vm");
    assert_non_null(strstr(said, "--name ../vm: not a name"));
}

/* Another VM that has the same name must not start in its place. */
static void file_that_cannot_be_looked_for(void **state)
{
    char said[SAID_SIZE];

    (void)state;
    assert_int_equal(symlink("vm.conf", "dormouse/vm.conf"), 0);
    PARSE_BAD(said, "vm");
    assert_non_null(strstr(said, "cannot open "));
    assert_non_null(strstr(said, "/dormouse/vm.conf: Too many levels of symbolic links\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_of_the_command_line, enter, leave),
        cmocka_unit_test_setup_teardown(command_line_replaces_lines, enter, leave),
        cmocka_unit_test_setup_teardown(line_that_is_replaced_is_not_judged, enter, leave),
        cmocka_unit_test_setup_teardown(errors_have_file_and_line, enter, leave),
        cmocka_unit_test_setup_teardown(one_line_for_many_errors, enter, leave),
        cmocka_unit_test_setup_teardown(hostile_files, enter, leave),
        cmocka_unit_test_setup_teardown(endless_line, enter, leave),
        cmocka_unit_test_setup_teardown(longest_line, enter, leave),
        cmocka_unit_test_setup_teardown(one_name, enter, leave),
        cmocka_unit_test_setup_teardown(missing_file, enter, leave),
        cmocka_unit_test_setup_teardown(file_that_cannot_be_looked_for, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
