# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2016 # shared with lib.sh; backquotes are of the table
# What ./dev lint finds, and what it accepts.

# check_rooms INCLUDE...: runs the check of rooms on two rooms, high/ and low/, with lines PATH:#include "NAME".
check_rooms() {
    printf '%s\n' high/a.h high/b.h low/deep/c.h low/d.h >files
    {
        echo '| room | the question it answers | may include |'
        echo '|---|---|---|'
        echo '| `high/` | - | `low` |'
        echo '| `low/` | - | `high/b.h` |'
        echo
        echo '`high` | `other` are no rows of the table.'
    } >table
    printf '%s\n' "$@" >includes
    try awk -f "$root/tools/rooms.awk" files table includes
}

test_rooms_may_include_what_the_table_allows() {
    check_rooms 'high/x.c:#include "a.h"' 'high/x.c:#include "../low/deep/c.h"' 'low/y.c:#include "high/b.h"' \
        'low/deep/z.c:#include "../d.h"' 'low/deep/z.c:#include "libfdt.h"'
    expect_status 0
    expect_text out ""
}

test_forbidden_include_is_found() {
    check_rooms 'high/x.c:#include "a.h"' 'low/y.c:#include "high/a.h"'
    expect_status 1
    expect_text out "low/y.c includes high/a.h, and low/ may not include that"
    check_rooms 'low/deep/y.c:#include "../../high/a.h"'
    expect_status 1
}

test_file_in_no_room_is_found() {
    check_rooms 'attic/x.c:#include "high/a.h"'
    expect_status 1
    expect_text out "attic/x.c is in no room of the table"
    check_rooms
    expect_status 1
}

test_two_files_of_one_name_are_found() {
    printf '%s\n' vmm/a/x.h vmm/a/x.c vmm/b/y.h other/y.h vmm/b/x.c >files
    echo '| room |' >table
    echo 'y.c:#include "y.h"' >includes
    try awk -f "$root/tools/rooms.awk" files table includes
    expect_status 1
    expect_line out "^vmm/b/x.c has the name of vmm/a/x.c$"
    [ "$(grep -c 'has the name' out)" -eq 1 ] || fail "other names are complained about"
}

# As nm prints it: a uses b, and b uses c; x of another room uses a, which uses x.
test_circles_are_found() {
    {
        printf 'lib.a:lib.a.p/%s:0000 T %s\n' room_a.c.o a room_b.c.o b room_c.c.o c other_x.c.o x
        printf 'lib.a:lib.a.p/%s:      U %s\n' room_a.c.o b room_b.c.o c other_x.c.o a room_a.c.o x room_a.c.o malloc
    } >symbols
    try sh -c 'awk -f "$1/tools/circles.awk" symbols | sort' sh "$root"
    expect_text out "room_a.c.o room_b.c.o
room_b.c.o room_c.c.o"
    try sh -c 'awk -v one=1 -f "$1/tools/circles.awk" symbols | tsort' sh "$root"
    expect_status 1
    echo 'lib.a:room_c.c.o:      U a' >>symbols
    try sh -c 'awk -f "$1/tools/circles.awk" symbols | tsort' sh "$root"
    expect_status 1
}

test_names_of_static_functions_are_checked() {
    printf '%s\n' 'static int gate_open(void)' '{' '}' 'static int gate_close(void);' >a.c
    printf '%s\n' 'static bool gate_close(' '    int a)' '{' '}' 'static int table[] = {f(1)};' >b.c
    try awk -f "$root/tools/statics.awk" a.c b.c
    expect_status 0
    printf '%s\n' 'static void gate_open(int a,' '    int b)' '{' '}' >b.c
    try awk -f "$root/tools/statics.awk" a.c b.c
    expect_status 1
    expect_text out "gate_open() is in a.c and in b.c"
    echo 'static void take(void)' >b.c
    try awk -f "$root/tools/statics.awk" a.c b.c
    expect_status 1
    expect_line out '^take() in b.c names no room'
}

test_this_repositorys_rooms_are_checked() {
    mkdir checkout
    (cd "$root" && cp -r dev tools lab peers DESIGN.md include lib kvm examples base vmm bare check "$work/checkout")
    try bash -c '. checkout/tools/lint.sh; root=$PWD/checkout; lint_rooms'
    expect_status 0
    echo '#include "machine/machine.h"' >>checkout/vmm/core/loop.c
    try bash -c '. checkout/tools/lint.sh; root=$PWD/checkout; lint_rooms'
    expect_status 1
    expect_text out "vmm/core/loop.c includes vmm/machine/machine.h, and vmm/core/ may not include that"
}

test_numbers_of_psci_outside_their_headers_are_found() {
    mkdir checkout
    (cd "$root" && cp -r include lib kvm examples base vmm bare check tests bench fuzz "$work/checkout")
    for line in 'int id = 0x84000003;' 'int id = 0XC4000003u;' 'int id = 0x95c1ba60;' 'long mask = 0xff00ffffff;' ''; do
        cp "$root/vmm/core/loop.c" checkout/vmm/core/loop.c
        echo "$line" >>checkout/vmm/core/loop.c
        try bash -c '. "$1/tools/lint.sh"; root=$PWD/checkout; lint_numbers' - "$root"
        expect_status "$([ "$line" ] && echo 1 || echo 0)"
        [ ! "$line" ] || expect_line out "^vmm/core/loop.c:[0-9]*:$line$"
    done
}
