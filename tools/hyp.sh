# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # shared with dev
# `./dev hyp`: makes bundles for hyp, and runs guests on it in QEMU.

hyp_help() {
    cat <<'EOF'
./dev hyp run --kernel FILE [OPTION]...
./dev hyp run --vm FILE [--vm FILE]... [OPTION]...
./dev hyp run --bundle BUNDLE [OPTION]...
./dev hyp image [OPTION]... BUNDLE
./dev hyp show BUNDLE

hyp is a hypervisor for arm64 machines without an operating system beneath it; docs/hyp.md describes it.

  run    start an emulated machine (QEMU) with hyp and these VMs. The serial line of the first one is standard input
         and output. It ends when the last VM has turned itself off, with status 0, or by Ctrl-C, with status 130
  image  make a bundle, the file that hyp starts VMs from
  show   check a bundle, and show what is in it

A VM is described by --kernel FILE and --initrd, --append, --cpus, --memory, --enable, --suspend, --idle and others,
or by a file of such lines (--vm). build/native/hyp/tool/hyp-image make --help has them all. Other options of `run`:

  --machine-cpu max|cortex-a72  the kind of the machine's cores (max)
  --second-serial FILE|pty      the serial line of the second VM: to a file, or to a new terminal (pty)
  --timeout SECONDS             end the machine after that time, with status 124
EOF
}

hyp_command() {
    case ${1-} in
    run) hyp_run "${@:2}" ;;
    image)
        (($# >= 2)) || die "hyp image needs the name of a bundle to write; see ./dev hyp --help"
        hyp_need_image
        "$hyp_image" make "${@:2}"
        ;;
    show)
        (($# == 2)) || die "hyp show needs one bundle; see ./dev hyp --help"
        [[ -r $2 && ! -d $2 ]] || die "hyp show: cannot read the bundle $2"
        hyp_need_image
        "$hyp_image" show "${@:2}"
        ;;
    '') die "hyp needs run, image or show; see ./dev hyp --help" ;;
    *) die "hyp: there is no '$1'; use run, image or show" ;;
    esac
}

# Sets hyp_image to the program that makes bundles.
hyp_need_image() {
    need build
    compile_targets=hyp/tool/hyp-image build_for native
    hyp_image=$build/native/hyp/tool/hyp-image
}

# Everything that reports progress comes before the machine's start.
hyp_need_all() {
    local sets
    readarray -t sets < <(lab_needs)
    need build "${sets[@]}"
    hyp_need_image
    build_hyp
    find_qemu
}

hyp_run() { # OPTION...
    local hyp_bundle='' hyp_cpu=max hyp_second='' hyp_limit='' hyp_words=()
    hyp_run_options "$@"
    hyp_need_all
    hyp_folder=$(mktemp -d "${TMPDIR:-/tmp}/hyp.XXXXXX")
    trap 'rm -rf "$hyp_folder"' EXIT
    if [[ ! $hyp_bundle ]]; then
        hyp_bundle=$hyp_folder/bundle
        "$hyp_image" make "${hyp_words[@]}" "$hyp_bundle" || exit 1
    fi
    hyp_start "$hyp_bundle"
}

# Sets the hyp_ variables above; hyp_words are the options that describe a VM.
hyp_run_options() { # OPTION...
    while (($#)); do
        case $1 in
        --*=*)
            set -- "${1%%=*}" "${1#*=}" "${@:2}"
            continue
            ;;
        --bundle | --machine-cpu | --second-serial | --timeout)
            (($# >= 2)) || die "hyp run: $1 needs a value; see ./dev hyp --help"
            hyp_run_option "$1" "$2"
            shift
            ;;
        -h | --help)
            hyp_help
            exit
            ;;
        --control | --held) hyp_words+=("$1") ;;
        --*)
            (($# >= 2)) || die "hyp run: $1 needs a value; see ./dev hyp --help"
            hyp_check_file "$1" "$2"
            hyp_words+=("$1" "$2")
            shift
            ;;
        *) die "hyp run: '$1' is no option; see ./dev hyp --help" ;;
        esac
        shift
    done
    [[ $hyp_bundle ]] || ((${#hyp_words[@]})) ||
        die "hyp run needs a guest: --kernel, --vm or --bundle; see ./dev hyp --help"
    [[ ! $hyp_bundle ]] || ((${#hyp_words[@]} == 0)) ||
        die "hyp run: a bundle has its VMs already; leave out ${hyp_words[0]}"
}

# A file that is missing is reported before anything is compiled.
hyp_check_file() { # OPTION VALUE
    case $1 in
    --kernel | --initrd | --vm) [[ -r $2 && ! -d $2 ]] || die "hyp run: $1 $2: cannot read this file" ;;
    esac
}

hyp_run_option() { # OPTION VALUE
    case $1 in
    --bundle)
        [[ -f $2 && -r $2 ]] || die "hyp run: cannot read the bundle $2"
        hyp_bundle=$2
        ;;
    --machine-cpu)
        [[ $2 == max || $2 == cortex-a72 ]] || die "hyp run: --machine-cpu $2: use max or cortex-a72"
        hyp_cpu=$2
        ;;
    --second-serial) hyp_second=$2 ;;
    --timeout)
        [[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || die "hyp run: --timeout needs a number of seconds, not '$2'"
        hyp_limit=$2
        ;;
    esac
}

# Sets hyp_machine to the command that runs a bundle. `hyp-image show` says what machine it needs.
hyp_make_machine() { # BUNDLE
    local shown pattern='^needs: ([0-9]+) cores, ([0-9]+) MiB of RAM'
    shown=$("$hyp_image" show "$1") || exit 1
    [[ $shown =~ $pattern ]] || die "hyp-image show says nothing of cores and RAM"
    local cpu=$hyp_cpu
    [[ $cpu != max ]] || cpu=max,pauth-impdef=on # QEMU emulates the usual algorithm very slowly.
    # shellcheck disable=SC2054 # commas of QEMU's
    hyp_machine=("${qemu[@]}" -M 'virt,virtualization=on,gic-version=3' -cpu "$cpu" -smp "${BASH_REMATCH[1]}"
        -m "${BASH_REMATCH[2]}" -nodefaults -no-user-config -display none
        -chardev stdio,id=first,signal=on -serial chardev:first)
    if [[ $(grep -c '^vm ' <<<"$shown") != 1 && ! $hyp_second ]]; then
        hyp_second=pty
    fi
    case $hyp_second in
    '') ;;
    pty) hyp_machine+=(-serial pty) ;;
    *) hyp_machine+=(-chardev "file,id=second,path=${hyp_second//,/,,}" -serial chardev:second) ;;
    esac
    hyp_machine+=(-kernel "${hyp_image_file-$build/arm64/hyp/hyp.img}" -initrd "$1")
}

hyp_start() { # BUNDLE
    local hyp_machine status=0 limit=() machine_process
    hyp_make_machine "$1"
    [[ ! $hyp_limit ]] || limit=(timeout --foreground -k 5 "$hyp_limit")
    "${limit[@]}" "${hyp_machine[@]}" <&0 2> >(hyp_pass_errors) &
    machine_process=$!
    trap 'hyp_stop "$machine_process" 130' INT
    trap 'hyp_stop "$machine_process" 143' TERM
    wait "$machine_process" || status=$?
    ((status != 124)) || complain "hyp run: the VMs still ran after $hyp_limit s, so they were ended"
    exit "$status"
}

# QEMU's own words about a signal that was meant to end it are left out.
hyp_pass_errors() {
    sed -u '/: terminating on signal /d' >&2
}

# QEMU puts the terminal back before it ends.
hyp_stop() { # PID STATUS
    kill "$1" 2>/dev/null || true
    wait "$1" || true
    exit "$2"
}
