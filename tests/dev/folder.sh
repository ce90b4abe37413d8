# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2016 # shared with lib.sh; text for other shells
# The build folder: at another place, read-only, of another user, on a full disk. Also the installation of packages.

# Copies ./dev and its tools, for a user who cannot read or write this checkout.
copy_tools() { # FOLDER
    mkdir -p "$1"
    cp -r "$root/dev" "$root/tools" "$root/lab" "$root/peers" "$1"
    chmod -R a+rX "$work"
}

# Runs a command as a user other than root.
as_nobody() { # COMMAND...
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
    else
        "$@"
    fi
}

expect_one_line() { # PATTERN
    expect_status 1
    expect_line err "$1"
    [ "$(wc -l <err)" = 1 ] || fail "more than one line is said"
}

# Takes the place of the installed packages and of apt-get.
fake_apt() { # APT'S-LINES...
    mkdir -p bin
    printf '#!/bin/sh\nexit 1\n' >bin/dpkg-query
    printf '#!/bin/sh\n[ "$1" = -n ] || { shift; exec "$@"; }\n' >bin/sudo
    cat >bin/apt-get
    chmod +x bin/*
    PATH=$PWD/bin:$PATH
}

test_build_folder_can_be_elsewhere() {
    try "$root/dev" --build "this one" lint nosuch
    expect_status 1
    [ ! -e "this one" ] || fail "it is created without need"
    printf '#!/bin/sh\nexit 1\n' >meson
    chmod +x meson
    try env PATH="$PWD:$PATH" DORMOUSE_BUILD="that one" "$root/dev" build native
    expect_status 1
    expect_line err "meson could not configure .*that one/native"
    [ -e "that one/CACHEDIR.TAG" ] || fail "the folder is not tagged"
    try env DORMOUSE_BUILD="that one" "$root/dev" clean
    expect_status 0
    [ ! -e "that one" ] || fail "it is still there"
}

test_other_folders_are_left_alone() {
    mkdir precious
    echo data >precious/file
    try "$root/dev" --build precious build native
    expect_one_line "precious is not empty, and ./dev did not make it"
    try "$root/dev" --build precious clean
    expect_one_line "precious is not a build folder of ./dev; nothing is removed"
    expect_text precious/file data
    [ "$(ls -A precious)" = file ] || fail "something was left in it"
    try "$root/dev" --build "$root" build native
    expect_one_line "the build folder cannot be .*: the sources are in it"
}

test_checkout_that_cannot_be_written() {
    copy_tools checkout
    chmod a-w checkout
    try as_nobody env -u DORMOUSE_BUILD checkout/dev build native
    chmod u+w checkout
    expect_one_line "^dev: cannot create .*/checkout/build (Permission denied): mend that, or name another folder: ./dev --build"
}

# The list configures a build only to learn the names of Meson's tests.
test_list_in_a_checkout_that_cannot_be_written() {
    copy_tools checkout
    cp -r "$root/meson.build" "$root/tests" "$root/lib" "$root/kvm" "$root/vmm" "$root/check" "$root/base" "$root/fuzz" checkout
    chmod -R a+rX,a-w checkout
    try as_nobody env -u DORMOUSE_BUILD checkout/dev test --list
    chmod -R u+w checkout
    expect_status 0
    expect_text err ""
    expect_line out "^unit$"
    expect_line out "^dev/folder/list_in_a_checkout_that_cannot_be_written$"
    [ ! -e checkout/build ] || fail "a build folder is made"
}

test_build_folder_of_another_user() {
    [ "$(id -u)" = 0 ] || return 0 # It takes root to make one.
    copy_tools checkout
    mkdir -p checkout/build/native
    chown -R 65534:65534 checkout
    chown 0:0 checkout/build/native
    for command in "build native" clean; do
        # shellcheck disable=SC2086 # several words
        try as_nobody env -u DORMOUSE_BUILD checkout/dev $command
        expect_one_line "^dev: .*/checkout/build/native belongs to root, perhaps because of a sudo ./dev: take it back"
    done
    [ -d checkout/build/native ] || fail "it was removed"
}

# On a file system of its own; a container may not allow one to be created.
test_full_and_read_only_disks() {
    mkdir disk
    unshare -rm mount -t tmpfs none disk 2>/dev/null || return 0
    try unshare -rm sh -c 'mount -t tmpfs -o size=8M none disk && exec "$1" --build disk/build build native' sh "$root/dev"
    expect_one_line "^dev: the disk of .*disk/build is full: [0-9] MiB are free, and at least 64 MiB are needed"
    try unshare -rm sh -c 'mount -t tmpfs -o ro none disk && exec "$1" --build disk/build build native' sh "$root/dev"
    expect_one_line "^dev: cannot create .*disk/build (Read-only file system): mend that"
}

test_step_that_fills_the_disk() {
    printf '#!/bin/sh\necho "cc: error: cannot write x.o: No space left on device"\nexit 1\n' >meson
    chmod +x meson
    try env PATH="$PWD:$PATH" "$root/dev" --build made build native
    expect_status 1
    expect_line err "^dev: the disk of .*made was full for a while; make room"
}

test_first_cause_of_a_failed_installation() {
    fake_apt <<'EOF'
#!/bin/sh
echo "called with: $*"
case $* in
*" update"*)
    case $* in *Error-Mode=any*) ;; *) exit 0 ;; esac
    echo "Err:1 http://archive.invalid stable InRelease"
    echo "E: Failed to fetch http://archive.invalid/InRelease  Could not connect to proxy.invalid:9"
    exit 100
    ;;
*)
    for package in a b c d; do echo "E: Unable to locate package $package"; done
    exit 100
    ;;
esac
EOF
    try env PATH="$PATH" "$root/dev" --build made build native
    expect_status 1
    expect_line err "^dev: apt-get could not install .*: Failed to fetch .* Could not connect to proxy.invalid:9; its whole output is in .*made/apt.log$"
    expect_line err "1 to 5 minutes"
    [ "$(wc -l <err)" = 3 ] || fail "the output has more than the missing packages, the time, and the error"
}

# One source of packages may be unreachable if the packages can be had from the others.
test_unreachable_source_does_no_harm() {
    fake_apt <<'EOF'
#!/bin/sh
case $* in
*" update"*)
    echo "E: Failed to fetch http://archive.invalid/InRelease"
    exit 100
    ;;
esac
EOF
    try env PATH="$PATH" "$root/dev" --build made setup
    expect_status 0
    expect_line err "^dev: all packages are installed"
}

# Meson configures nothing here: it reads the cross files, and looks for a compiler that does not exist.
test_sysroot_may_have_an_apostrophe() {
    mkdir "it's here"
    printf '%s\n' '[binaries]' "c = ['/none', '--sysroot=' + sysroot]" >compiler.ini
    # shellcheck disable=SC2016 # for the inner shell
    try bash -c 'build=$1; source "$2/tools/build.sh"; name_sysroot' bash "$PWD/it's here" "$root"
    expect_status 0
    try meson setup -Dparts=lib --cross-file "it's here/sysroot.ini" \
        --cross-file "$root/tools/aarch64.ini" --cross-file compiler.ini made "$root"
    expect_line out "--sysroot=$PWD/it's here/sysroot"
}

# The names of $work and of this checkout have blanks and other special characters.
test_awkward_paths_are_quoted() {
    try "$root/dev" build native
    expect_status 0
    mkdir "Ümlaute und Leerzeichen"
    cp "$root/tests/check/run.sh" "$build/native/check/tool/vpsci-check" "$build/native/tests/check/fake_image" Ü*
    try sh Ü*/run.sh Ü*/vpsci-check Ü*/fake_image terminal help
    expect_status 0
}
