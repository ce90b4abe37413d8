# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034 # shared with lib.sh
# The image of a VM: `dormouse image`, a reader that was written from docs/image-format.md, and images of every version.

maker=$build/native/tests/vmm/image_maker
dormouse=$build/native/vmm/dormouse
reader=$root/tests/dev/read_image.py

# The image ./vm, and the memory that it was made from, ./ram.
make_image() {
    "$maker" vm >ram || fail "no image"
}

# flip FILE OFFSET: changes a byte.
flip() {
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf %03o $((byte ^ 64)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# One line on standard error, and this status.
expect_refusal() { # STATUS PATTERN
    expect_status "$1"
    expect_line err "$2"
    [ "$(wc -l <err)" = 1 ] || fail "there are several lines"
}

test_stranger_reads_it() {
    make_image
    python3 "$reader" --ram vm >other || fail "the other reader refuses it"
    cmp ram other || fail "memory differs"
    python3 "$reader" vm >seen
    "$dormouse" image info vm >told
    expect_line seen "^id $(sed -n 's/^id *//p' told)\$"
    expect_line seen "^memory $((9 << 20)) 0x40000000\$"
    expect_line told '^memory    9.0 MiB at 0x40000000, in the file 1.'
    sed -n 's/^section *//p' told >ours
    sed -n 's/^section //p' seen | diff - ours || fail "the sections differ"
    try "$dormouse" image check vm
    expect_status 0
    expect_line out '^vm is whole: 4 sections and 1.[0-9] MiB of memory have the right checksums$'
}

test_stream_keeps_every_byte() {
    make_image
    "$dormouse" image export vm | cat | "$dormouse" image import other || fail "no copy"
    cmp vm other || fail "the copy differs"
    [ "$(stat -c %b other)" -lt $((9 << 10)) ] || fail "the copy has no holes"
    [ "$(stat -c %a other)" = 600 ] || fail "others may read the copy"
    # Over a slow line, in small pieces, in the place of another image.
    "$maker" old >ram2
    "$dormouse" image export vm >stream
    dd if=stream bs=7 2>/dev/null | "$dormouse" image import old || fail "no copy in pieces"
    cmp vm old || fail "the copy in pieces differs"
    [ "$(find . -name '*.saving' | wc -l)" = 0 ] || fail "something is left"
}

test_damaged_stream_changes_nothing() {
    make_image
    "$dormouse" image export vm >stream
    size=$(stat -c %s stream)
    "$maker" old >ram2
    cp old before
    for length in 0 1 17 $((size / 2)) $((size - 1)); do
        head -c "$length" stream >part
        try "$dormouse" image import old <part
        expect_refusal 1 '^dormouse: image import: standard input: it ends too early'
    done
    for offset in 0 6 $((size / 3)) $((size / 2)) $((size - 2)); do
        cp stream bad
        flip bad "$offset"
        try "$dormouse" image import old <bad
        expect_refusal 1 '^dormouse: image '
    done
    { cat stream && printf x; } >long
    try "$dormouse" image import old <long
    expect_refusal 1 'something follows the end of the image'
    try "$dormouse" image import old <ram
    expect_refusal 1 '^dormouse: image import: standard input: '
    cmp old before || fail "the old image has changed"
    [ "$(find . -name '*.saving' | wc -l)" = 0 ] || fail "something is left"
}

test_each_damage_is_found() {
    make_image
    tail=$((10 << 20))
    # Header: magic, version, checksums, reserved bytes. RAM. Table, sections, map.
    for offset in 0 8 40 88 1000 4092 $((1 << 20)) $(((1 << 20) + 97 * 4096 + 9)) $((tail + 1)) $((tail + 17)) \
        $((tail + 130)) $((tail + 200)); do
        cp vm bad
        flip bad "$offset"
        try "$dormouse" image check bad
        expect_refusal 1 '^dormouse: image bad: '
    done
    truncate -s -1 bad
    try "$dormouse" image check bad
    expect_refusal 1 '^dormouse: image bad: '
    cp vm long
    printf x >>long
    try "$dormouse" image check long
    expect_refusal 1 '^dormouse: image long: the file has .* bytes, and should have .*: something was added$'
}

# Every image that an older dormouse has written is read.
test_images_of_each_version() {
    for stream in "$root"/tests/dev/images/*.zst "$root"/tests/lab/images/*.zst; do
        "$dormouse" image import vm <"$stream" || fail "$stream is refused"
        try "$dormouse" image check vm
        expect_status 0
        python3 "$reader" --ram vm | sha256sum | grep -q "^$(cat "${stream%.zst}.sha256")" || fail "memory differs"
        rm vm
    done
}

# arm64 has checksums of its own.
test_arm64_agrees() {
    arm64=$build/arm64/vmm/dormouse
    if [ ! -x "$arm64" ] || ! command -v qemu-aarch64 >/dev/null; then
        echo "skipped: no arm64 build, or no qemu-user"
        return
    fi
    make_image
    try qemu-aarch64 -L "$build/sysroot" "$arm64" image check vm
    expect_status 0
    qemu-aarch64 -L "$build/sysroot" "$arm64" image export vm | "$dormouse" image import other || fail "no copy"
    cmp vm other || fail "the copy differs"
}

test_wrong_use() {
    make_image
    try "$dormouse" image
    expect_refusal 2 '^dormouse: image: an action and a file are missing; see dormouse image --help$'
    try "$dormouse" image look vm
    expect_refusal 2 '^dormouse: image: there is no action look; there are info, check, export and import$'
    try "$dormouse" image info absent
    expect_refusal 1 '^dormouse: image absent: No such file or directory$'
    try "$dormouse" image check ram
    expect_refusal 1 '^dormouse: image ram: this is no image of a VM'
    status=0
    "$dormouse" image export vm 2>err >/dev/full || status=$?
    expect_refusal 1 '^dormouse: image export: standard output: No space left on device$'
    echo precious >notes
    try "$dormouse" image import notes <ram
    expect_refusal 1 '^dormouse: image import notes: this exists and is no image of a VM'
    expect_text notes precious
    mkfifo pipe
    try "$dormouse" image info pipe
    expect_refusal 1 '^dormouse: image pipe: this is not a regular file$'
}

# The import of `other` has come to the stream's last byte, which is for descriptor 3.
begin_import() {
    make_image
    "$dormouse" image export vm >stream
    mkfifo line
    "$dormouse" image import other <line 2>err &
    import=$!
    exec 3>line
    head -c $(($(stat -c %s stream) - 1)) stream >&3
    tries=0
    until [ -e other.saving ]; do
        tries=$((tries + 1))
        [ $tries -le 600 ] || fail "the import does not start"
        sleep 0.05
    done
}

# A signal ends an import, and nothing is left of it.
test_signal_ends_an_import() {
    begin_import
    kill -TERM $import
    status=0
    wait $import || status=$?
    exec 3>&-
    expect_refusal 143 '^dormouse: image import: standard input: a signal ends the import$'
    [ "$(find . -name 'other*' | wc -l)" = 0 ] || fail "something is left"
}

# Two imports of one file: the second is refused while the first is under way.
test_one_import_at_a_time() {
    begin_import
    try "$dormouse" image import other <stream
    expect_refusal 1 'other.saving: another process has it open to save'
    tail -c 1 stream >&3
    exec 3>&-
    wait $import || fail "the first import failed"
    cmp vm other || fail "the copy differs"
}
