# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev bench`: the measurements are in bench/.

bench_help() {
    cat <<'EOF'
./dev bench
./dev bench psci
./dev bench wake
./dev bench io
./dev bench image
./dev bench hyp
./dev bench lib [--json FILE]

Measures, prints a table, and marks figures that miss their aim. A missed aim is not an error.

  (no argument)   dormouse, in the lab: starting, sleeping, memory. About 10 minutes; the figures
                  are kept in build/bench.json.
  psci            a guest's PSCI calls, answered by dormouse and by KVM, side by side at 1, 8 and
                  64 vCPUs, and the cost of the filter of system calls. About 4 minutes;
                  kept in build/bench-psci.json.
  wake            from a ping to its reply, for a guest asleep and awake. About 5 minutes; kept in
                  build/bench-wake.json.
  io              a guest's disk and network under dormouse and under QEMU, both with KVM, and the
                  same load on the host itself. Fetches Debian's QEMU for arm64 once (about
                  50 MB). About 10 minutes; kept in build/bench-io.json.
  image           a sleeping guest that becomes a file and comes back, beside QEMU's migration to a file
                  and back; its memory and its answer to a packet at each depth of sleep. Fetches
                  the same QEMU. About 10 minutes; kept in build/bench-image.json.
  hyp             a guest's PSCI calls and interrupts under hyp, KVM, Xen and Trusted Firmware, in
                  instructions, and the size of hyp. Fetches Debian's packages of the last two
                  once. About 4 minutes; kept in build/bench-hyp.json.
  lib             libvpsci: instructions of every call at 1 to 4,096 vCPUs, its size, its memory
                  and its stack. About a minute; --json writes the instructions as a list of
                  {"name", "vcpus", "instructions"}.
EOF
}

bench_command() {
    case ${1-}:$# in
    :0 | lib:1 | psci:1 | wake:1 | io:1 | image:1 | hyp:1) ;;
    lib:3) [[ $2 == --json && $3 ]] || die "bench lib: '$2' is unknown; see ./dev bench --help" ;;
    lib:*) die "bench lib takes --json FILE and nothing else; see ./dev bench --help" ;;
    psci:* | wake:* | io:* | image:* | hyp:*) take_nothing "bench $1" "${@:2}" ;;
    *) die "bench: '$1' is unknown; see ./dev bench --help" ;;
    esac
    case ${1-} in
    lib)
        (($# == 1)) || bench_check_file "$3"
        need build counting
        build_for native
        "$root/bench/lib.sh" "${@:2}"
        ;;
    io | image)
        need images
        make_lab_qemu
        exec "$root/bench/$1.sh"
        ;;
    psci | wake | hyp) exec "$root/bench/$1.sh" ;;
    '')
        say "measuring dormouse; ./dev bench lib measures libvpsci"
        exec "$root/bench/run.sh"
        ;;
    esac
}

# Refuses a file that cannot be written, before a minute of measuring.
bench_check_file() { # FILE
    local folder
    folder=$(dirname -- "$1")
    if [[ ! -d $folder ]]; then
        die "bench lib: cannot write $1: there is no folder $folder"
    elif [[ -d $1 ]]; then
        die "bench lib: cannot write $1: it is a folder"
    elif [[ -e $1 && ! -w $1 || ! -e $1 && ! -w $folder ]]; then
        die "bench lib: cannot write $1: permission denied"
    fi
}
