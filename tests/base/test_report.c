/* SPDX-License-Identifier: BSD-2-Clause */
/* A message is always one line, and never waits for a reader. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/report.h"
#include "capture.h"
#include "datagram_server.h"

static void line_names_the_program_and_the_vm(void **state)
{
    struct capture capture;
    char said[256];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    report("no %s", "cheese");
    report_name("vm-1");
    report("%d mice", 3);
    report_name(NULL);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "dormouse: no cheese\ndormouse: vm-1: 3 mice\n");
}

static void long_line_is_cut_and_ended(void **state)
{
    struct capture capture;
    char text[5000];
    char said[6000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    capture_begin(&capture, STDERR_FILENO);
    report("%s", text);
    capture_end(&capture, said, sizeof(said));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    assert_true(strlen(said) > 1000);
}

/* As systemd tells a service that its standard error is the journal; `other` 1: that it is another stream. */
static void name_journal(unsigned long long other)
{
    struct stat status;
    char stream[64];

    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    (void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
                   (unsigned long long)status.st_ino + other);
    setenv("JOURNAL_STREAM", stream, 1);
}

/* Lines of a service have a level; what it gave to a file has none. */
static void journal_gets_a_level(void **state)
{
    struct capture capture;
    char said[256];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    name_journal(0);
    report_open("dormouse");
    report("no cheese");
    report_note("%d mice", 3);
    report_close();
    name_journal(1);
    report_open("dormouse");
    report_note("plain");
    report_close();
    unsetenv("JOURNAL_STREAM");
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "<3>dormouse: no cheese\n<5>dormouse: 3 mice\ndormouse: plain\n");
}

/* Finds a field in an entry: its name, a newline, 64 bits of length, the value, a newline. */
static void expect_field(const char *entry, size_t size, const char *name, const char *value)
{
    char wanted[256];
    size_t head = (size_t)snprintf(wanted, sizeof(wanted), "%s\n%c", name, (char)strlen(value));

    memset(wanted + head, 0, 7);
    (void)snprintf(wanted + head + 7, sizeof(wanted) - head - 7, "%s\n", value);
    assert_non_null(memmem(entry, size, wanted, head + 7 + strlen(value) + 1));
}

static size_t expect_entry(int journal, char *entry, size_t size, const char *message,
                           const char *priority)
{
    ssize_t length = recv(journal, entry, size, 0);

    assert_true(length > 0);
    expect_field(entry, (size_t)length, "MESSAGE", message);
    expect_field(entry, (size_t)length, "PRIORITY", priority);
    expect_field(entry, (size_t)length, "SYSLOG_IDENTIFIER", "dormouse");
    expect_field(entry, (size_t)length, "DORMOUSE_VM", "web");
    return (size_t)length;
}

/* A value cannot make fields of its own. What a full queue does not take is on standard error, with its level. */
static void journal_gets_fields(void **state)
{
    struct capture capture;
    char journal_path[DATAGRAM_NAME_SIZE];
    int journal = datagram_server("journal", journal_path);
    char entry[8192];
    char said[16384];
    unsigned count = 0;

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    name_journal(0);
    report_open("dormouse");
    report_use_journal(journal_path);
    report_name("web");
    report("no cheese\nPRIORITY=7");
    size_t size = expect_entry(journal, entry, sizeof(entry), "no cheese\nPRIORITY=7", "3");
    assert_non_null(memmem(entry, size, "MESSAGE_ID\n", 11));
    report_note("%d mice", 3);
    size = expect_entry(journal, entry, sizeof(entry), "3 mice", "5");
    assert_null(memmem(entry, size, "MESSAGE_ID\n", 11));
    report_state("asleep");
    size = expect_entry(journal, entry, sizeof(entry), "asleep", "6");
    expect_field(entry, size, "DORMOUSE_STATE", "asleep");
    for (unsigned i = 0; i < 2000; i++) {
        report_state("asleep");
    }
    report("late");
    while (recv(journal, entry, sizeof(entry), 0) > 0) {
        count++;
    }
    assert_in_range(count, 1, 1999);
    close(journal);
    report("gone");
    report_close();
    report_name(NULL);
    unsetenv("JOURNAL_STREAM");
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "<3>dormouse: web: late\n<3>dormouse: web: gone\n");
}

/* A program whose standard error is no journal keeps it, and so does one that finds no socket. */
static void other_streams_get_lines(void **state)
{
    struct capture capture;
    char journal_path[DATAGRAM_NAME_SIZE];
    int journal;
    char entry[64];
    char said[256];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    name_journal(0);
    report_open("dormouse");
    report_use_journal("/no/journal");
    report("no socket");
    report_close();
    journal = datagram_server("journal", journal_path);
    name_journal(1);
    report_open("dormouse");
    report_use_journal(journal_path);
    report("plain");
    report_state("asleep");
    report_close();
    unsetenv("JOURNAL_STREAM");
    capture_end(&capture, said, sizeof(said));
    assert_true(recv(journal, entry, sizeof(entry), 0) < 0);
    close(journal);
    assert_string_equal(said, "<3>dormouse: no socket\ndormouse: plain\n");
}

static void strange_names_stay_in_their_line(void **state)
{
    struct capture capture;
    char said[256];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    report("cannot open %s", "a\n\x1b[31mb");
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "dormouse: cannot open a\xef\xbf\xbd\xef\xbf\xbd[31mb\n");
}

/* --- Standard error is full. --- */

static bool no_proc;

/* open() has two names; a program uses one of them, depending on the size of its file offsets. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

static bool is_missing(const char *path)
{
    errno = ENOENT;
    return no_proc && strncmp(path, "/proc/", strlen("/proc/")) == 0;
}

int __wrap_open(const char *path, int flags, ...)
{
    return is_missing(path) ? -1 : __real_open(path, flags);
}

int __wrap_open64(const char *path, int flags, ...)
{
    return is_missing(path) ? -1 : __real_open64(path, flags);
}

/* A pipe that blocks its writers, as shells create it. */
struct full_pipe {
    int saved;
    int read_end;
};

static void fill_stderr(struct full_pipe *full)
{
    static char bytes[4096];
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends[1], bytes, sizeof(bytes)) > 0) {
    }
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
    full->read_end = ends[0];
    full->saved = dup(STDERR_FILENO);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    alarm(50); /* If a message waits, the signal ends the test. */
}

static void drain_stderr(const struct full_pipe *full)
{
    char bytes[4096];

    while (read(full->read_end, bytes, sizeof(bytes)) > 0) {
    }
}

static void free_stderr(const struct full_pipe *full, char *text, size_t size)
{
    ssize_t length = read(full->read_end, text, size - 1);

    alarm(0);
    text[length > 0 ? length : 0] = '\0';
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
    if (full->saved >= 0) {
        dup2(full->saved, STDERR_FILENO);
        close(full->saved);
    }
    close(full->read_end);
}

static void check_lost_messages(bool opened)
{
    struct full_pipe full;
    char said[256];

    fill_stderr(&full);
    if (opened) {
        report_open("dormouse");
    }
    report("nobody reads this");
    report("nor this");
    drain_stderr(&full);
    report("read again");
    report_close();
    free_stderr(&full, said, sizeof(said));
    assert_string_equal(said, "dormouse: 2 messages were lost: standard error took no more\n"
                              "dormouse: read again\n");
}

static void full_pipe_loses_messages_but_no_time(void **state)
{
    (void)state;
    check_lost_messages(true);
    check_lost_messages(false);
}

/* As without /proc, or with a pipe of another user. */
static void full_pipe_that_cannot_be_reopened_does_not_block(void **state)
{
    (void)state;
    no_proc = true;
    check_lost_messages(true);
    no_proc = false;
}

static void end_reports_lost_messages(void **state)
{
    struct full_pipe full;
    char said[256];

    (void)state;
    fill_stderr(&full);
    report_open("mouse");
    report("nobody reads this");
    drain_stderr(&full);
    report_close();
    free_stderr(&full, said, sizeof(said));
    assert_string_equal(said, "mouse: 1 message was lost: standard error took no more\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(journal_gets_a_level),
        cmocka_unit_test(journal_gets_fields),
        cmocka_unit_test(other_streams_get_lines),
        cmocka_unit_test(line_names_the_program_and_the_vm),
        cmocka_unit_test(strange_names_stay_in_their_line),
        cmocka_unit_test(long_line_is_cut_and_ended),
        cmocka_unit_test(full_pipe_loses_messages_but_no_time),
        cmocka_unit_test(full_pipe_that_cannot_be_reopened_does_not_block),
        cmocka_unit_test(end_reports_lost_messages),
    };

    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
