# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev lab`: runs a command on an arm64 machine that has KVM; emulates one if this machine is none.

lab_help() {
    cat <<'EOF'
./dev lab shell [OPTION]...
./dev lab run [OPTION]... [--] COMMAND [ARGUMENT]...

Starts the lab: an arm64 machine with /dev/kvm, a Debian kernel, busybox, and programs such as
passt and ssh. It is emulated by QEMU (3 to 4 seconds to start). On an arm64 machine with /dev/kvm,
COMMAND runs on that machine instead.
`run` runs COMMAND, shows its output as it comes and returns its exit status; COMMAND's standard input
is empty. `shell` is interactive. The lab is thrown away afterwards.
Options may also come before `run` and `shell`.

  --host 6.1|6.12|backports
                          kernel of the lab: Debian 12's, 13's (the default), or the newest of
                          13's backports
  --guest cloud|generic   Debian 13 kernel for guests: the cloud one (the default) or the generic
                          one. May be given more than once; $LAB_GUEST is the first
  --in PATH               copy a file or folder into the command's working folder
  --out NAME              copy a file or folder from there to the current folder, at the end
  --limit SECONDS         time limit (run: 600; shell: none)
  --cpus N, --memory M    processors (2) and memory (4G) of the lab
  --sanitize address|thread
                          run a dormouse under the address and undefined-behaviour sanitizers, or
                          under the thread sanitizer: what they find ends it with status 99
  --disk                  give the lab the disk image of ./dev image: $LAB_DISK, read-only; root logs in
                          with the key $LAB_KEY
  --include PKG,...       the same, with these packages in the image
  --icount                one instruction is one nanosecond of the lab's time: slow, but counts of
                          instructions repeat exactly

The environment of COMMAND has: DORMOUSE (the program; also in PATH), LAB_GUEST (folder with vmlinuz
and initrd), LAB_GUESTS (folder with one such folder for each --guest), LAB_BARE (bare-metal test guest),
LAB_EXAMPLES, LAB_TOOLS, LAB_TESTS and LAB_UNITS (example programs, test programs, scripts, units for systemd), LAB_AGENT
(the resource agent for Pacemaker), LAB_TMP (scratch folder), LAB_HOST.

Exit status: COMMAND's own; 124 at the time limit; 125 if the lab itself failed (its kernel's last
messages are shown); 130 and 143 after Ctrl-C and SIGTERM; 141 if the reader of the output closes it.
EOF
}

lab_command() {
    local before=()
    lab_take_first "$@"
    shift "${#before[@]}"
    lab_mode=${1-}
    case $lab_mode in
    run | shell) shift ;;
    '') die "lab needs a word: shell or run; see ./dev lab --help" ;;
    *) die "lab: '$1' is unknown; use shell or run; see ./dev lab --help" ;;
    esac
    lab_defaults
    lab_options "${before[@]}" "$@"
    lab_start
}

# Sets `before` to the options before `run` or `shell`.
lab_take_first() { # WORD...
    while (($# > 1)) && [[ $1 == -* ]]; do
        before+=("$1")
        if [[ $1 != --icount && $1 != --disk && $1 != *=* ]]; then
            before+=("$2")
            shift
        fi
        shift
    done
}

lab_defaults() {
    lab_host=6.12 lab_host_chosen='' lab_guests=() lab_ins=() lab_outs=() lab_words=()
    lab_limit=600 lab_cpus=2 lab_memory=4G lab_icount='' lab_sanitize='' lab_disk='' lab_includes=()
    [[ $lab_mode == run ]] || lab_limit=''
}

lab_options() { # OPTION...
    while (($#)); do
        case $1 in
        --host | --guest | --in | --out | --limit | --cpus | --memory | --sanitize | --include)
            (($# >= 2)) || die "lab: $1 needs a value; see ./dev help lab"
            lab_option "$1" "$2"
            shift
            ;;
        --*=*)
            set -- "${1%%=*}" "${1#*=}" "${@:2}"
            continue
            ;;
        --icount) lab_icount=yes ;;
        --disk) lab_disk=yes ;;
        -h | --help)
            lab_help
            exit
            ;;
        --)
            shift
            break
            ;;
        -*) die "lab: unknown option $1; see ./dev help lab" ;;
        *) break ;;
        esac
        shift
    done
    lab_words=("$@")
    ((${#lab_guests[@]})) || lab_guests=(cloud)
    if [[ $lab_mode == run ]]; then
        ((${#lab_words[@]})) || die "lab run needs a command; see ./dev help lab"
    else
        ((${#lab_words[@]} == 0)) || die "lab shell takes no command: that is lab run"
    fi
}

lab_option() { # NAME VALUE
    case $1=$2 in
    --host=6.1 | --host=6.12 | --host=backports) lab_host=$2 lab_host_chosen=yes ;;
    --host=*) die "lab: no host kernel '$2'; use 6.1, 6.12 or backports" ;;
    --guest=cloud | --guest=generic) lab_guests+=("$2") ;;
    --guest=*) die "lab: no guest kernel '$2'; use cloud or generic" ;;
    --in=*)
        [[ -r $2 ]] || die "lab: cannot read $2"
        lab_ins+=("$(realpath -- "$2")")
        ;;
    --out=/* | --out=..* | --out=*/../* | --out=)
        die "lab: --out names a file in the command's working folder, and '$2' is none"
        ;;
    --out=*) lab_outs+=("$2") ;;
    --limit=* | --cpus=*)
        [[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || die "lab: $1 needs a number, not '$2'"
        [[ $1 == --limit ]] && lab_limit=$2 || lab_cpus=$2
        ;;
    --sanitize=address | --sanitize=thread) lab_sanitize=$2 ;;
    --sanitize=*) die "lab: no sanitizer '$2'; use address or thread" ;;
    --include=*)
        lab_disk=yes lab_includes+=(--include "$2")
        ;;
    --memory=*)
        [[ $2 =~ ^[1-9][0-9]{0,5}[MG]$ ]] || die "lab: --memory needs a size such as 4G, not '$2'"
        lab_memory=$2
        ;;
    esac
}

# Whether this machine is a lab itself: it is arm64 and has KVM.
lab_is_native() {
    [[ $machine == aarch64 && -e /dev/kvm ]]
}

# The sets of packages that the lab and the programs for it need.
lab_needs() {
    local sets=(images)
    if lab_is_native; then
        sets+=(tools)
    else
        sets+=(emulator)
    fi
    if [[ $machine == aarch64 ]]; then
        sets+=(build)
    else
        sets+=(cross)
    fi
    printf '%s\n' "${sets[@]}"
}

# Fetches all that a run of the lab boots, so that nothing reports progress after its start.
lab_fetch() { # HOST GUEST...
    local host=$1 guest qemu
    shift
    for guest; do
        make_kernel "$(kernel_of_guest "$guest")"
    done
    make_kernel trixie-cloud # Its busybox is in every guest.
    make_rtcwake
    if ! lab_is_native; then
        make_kernel "$(kernel_of_host "$host")"
        make_tools
        find_qemu
    fi
}

# Sets `lab_disk` to the image's path.
lab_fetch_disk() {
    [[ $lab_disk ]] || return 0
    need disks
    image_make_for_lab "${lab_includes[@]}"
    lab_disk=$image_path
}

lab_start() {
    local sets
    readarray -t sets < <(lab_needs)
    need "${sets[@]}"
    if lab_is_native; then
        lab_check_native
    fi
    lab_terminal
    build_for arm64
    [[ ! $lab_sanitize ]] || sanitize_build "$lab_sanitize"
    lab_fetch "$lab_host" "${lab_guests[@]}"
    lab_fetch_disk
    folder_check_room 262144 # The initramfs of the emulated machine is a copy for each run.
    lab_make_run_folder
    # The signal traps are set now, because a signal may come while this process waits for another.
    trap 'lab_clean' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    local status=0
    if lab_is_native; then
        lab_native || status=$?
    else
        lab_emulated || status=$?
    fi
    exit "$status"
}

lab_terminal() {
    lab_tty=''
    [[ $lab_mode == shell ]] || return 0
    [[ -t 0 && -t 1 ]] || die "lab shell needs a terminal; without one use lab run"
    lab_tty=$(stty -g)
}

# One folder for all files of this run. The process that uses it holds a lock on it. Folders without a lock are
# removed: their processes were killed and could not clean up.
lab_make_run_folder() {
    local old new
    mkdir -p "$build/run"
    for old in "$build"/run/*; do
        if [[ -d $old ]] && flock -n "$old" true; then
            rm -rf "$old"
        fi
    done
    new=$(mktemp -d "$build/run/.new.XXXXXX")
    exec {lab_lock}<"$new"
    flock -n "$lab_lock"
    run=$build/run/${new##*.new.}
    mv -T "$new" "$run"
    lab_pid='' lab_watch='' lab_helpers=() lab_followers=()
}

# Ends all processes of this run and removes its folder, also on Ctrl-C.
lab_clean() {
    trap - EXIT
    trap '' INT TERM HUP
    if [[ $lab_watch ]]; then
        kill "$lab_watch" 2>/dev/null || true
    fi
    if [[ $lab_pid ]]; then
        lab_end_machine
    fi
    if ((${#lab_helpers[@]} + ${#lab_followers[@]})); then
        kill "${lab_helpers[@]}" "${lab_followers[@]}" 2>/dev/null || true
    fi
    wait
    if [[ $lab_tty ]]; then
        stty "$lab_tty" </dev/tty || true
    fi
    rm -rf "$run"
}

lab_end_machine() {
    local tries=0
    kill -TERM "$lab_pid" 2>/dev/null || return 0
    while all_alive "$lab_pid"; do
        if ((++tries > 40)); then
            kill -KILL "$lab_pid" 2>/dev/null || true
        fi
        pause 0.05
    done
}

lab_take_out() { # FOLDER: where the command's files are
    local name status=0
    for name in "${lab_outs[@]}"; do
        if [[ ! -e $1/$name ]]; then
            complain "lab: the command created no $name for --out"
            status=125
            continue
        fi
        rm -rf "./${name##*/}"
        mv -T "$1/$name" "./${name##*/}"
    done
    return "$status"
}
