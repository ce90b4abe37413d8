/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "boot/firmware.h"
#include "capture.h"
#include "scratch.h"

static const char *const folders[] = {"user", "distribution", NULL};

static int setup(void **state)
{
    scratch_enter(state);
    assert_int_equal(mkdir("user", 0777), 0);
    return mkdir("distribution", 0777);
}

static void empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    int fd = folder == NULL ? -1 : dirfd(folder);
    struct dirent *entry;

    if (fd < 0) {
        fail_msg("cannot open the folder %s", path);
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        (void)unlinkat(fd, entry->d_name, 0);
    }
    closedir(folder);
    assert_int_equal(rmdir(path), 0);
}

static int teardown(void **state)
{
    empty_folder("user");
    empty_folder("distribution");
    return scratch_leave(state);
}

struct descriptor {
    const char *interface;
    const char *architecture;
    const char *machines;
    const char *device;
    const char *extra; /* of the mapping */
    const char *features;
};

static void describe(const char *path, const char *code, const struct descriptor *as)
{
    FILE *file = scratch_open(path, "w");

    fprintf(file,
            "{\"interface-types\": [\"%s\"], \"mapping\": {\"device\": \"%s\", %s"
            "\"executable\": {\"filename\": \"%s\", \"format\": \"raw\"}},"
            "\"targets\": [{\"architecture\": \"%s\", \"machines\": [\"%s\"]}],"
            "\"features\": [%s]}",
            as->interface, as->device, as->extra, code, as->architecture, as->machines,
            as->features);
    assert_int_equal(fclose(file), 0);
}

static const struct descriptor plain = {
    "uefi",
    "aarch64",
    "virt-*",
    "flash",
    "\"nvram-template\": {\"filename\": \"vars\", \"format\": \"raw\"},",
    "\"verbose-static\""};

static void expect_found(const char *code, const char *template)
{
    struct firmware firmware;

    assert_int_equal(firmware_find_in(folders, &firmware), 0);
    assert_string_equal(firmware.code, code);
    if (template == NULL) {
        assert_null(firmware.template);
    } else {
        assert_string_equal(firmware.template, template);
    }
    firmware_free(&firmware);
}

static void expect_nothing(void)
{
    struct capture capture;
    struct firmware firmware;
    char said[512];

    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(firmware_find_in(folders, &firmware), -1);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "dormouse: --firmware auto: no UEFI for arm64 is installed; install "
                              "qemu-efi-aarch64 (Debian) or give --firmware FILE\n");
    assert_null(firmware.code);
}

/* In the order of names, but one without Secure Boot before any with it. */
static void test_order(void **state)
{
    struct descriptor secure = plain;

    (void)state;
    secure.features = "\"enrolled-keys\", \"secure-boot\"";
    describe("distribution/40-secure.json", "secure", &secure);
    expect_found("secure", "vars");
    describe("distribution/60-second.json", "second", &plain);
    describe("distribution/50-first.json", "first", &plain);
    describe("distribution/10-not.jsonx", "not", &plain);
    expect_found("first", "vars");
}

/* A file of the same name in an earlier folder replaces one, and an empty one hides it. */
static void test_hidden(void **state)
{
    struct descriptor stateless = plain;

    (void)state;
    stateless.extra = "\"mode\": \"stateless\",";
    describe("distribution/60.json", "theirs", &plain);
    describe("user/60.json", "mine", &stateless);
    expect_found("mine", NULL);
    scratch_write("user/60.json", "", 0);
    expect_nothing();
}

static void test_useless(void **state)
{
    struct descriptor others[6];

    (void)state;
    expect_nothing();
    for (unsigned i = 0; i < 6; i++) {
        others[i] = plain;
    }
    others[0].interface = "bios";
    others[1].architecture = "x86_64";
    others[2].machines = "sbsa-*";
    others[3].device = "memory";
    others[4].extra = "\"mode\": \"combined\",";
    others[5].machines = "virt-9.*";
    for (unsigned i = 0; i < 6; i++) {
        describe("distribution/60.json", "code", &others[i]);
        expect_nothing();
    }
    scratch_write("distribution/60.json", "[\"uefi\"]", 8);
    expect_nothing();
    scratch_write("distribution/60.json", "{\"mapping\": 1, \"targets\": {\"a\": []}}", 37);
    expect_nothing();
}

static void test_path(void **state)
{
    struct firmware firmware;

    (void)state;
    assert_int_equal(firmware_find("u-boot.bin", &firmware), 0);
    assert_string_equal(firmware.code, "u-boot.bin");
    assert_null(firmware.template);
    firmware_free(&firmware);
}

#define FOLDER_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_order),
        FOLDER_TEST(test_hidden),
        FOLDER_TEST(test_useless),
        FOLDER_TEST(test_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
