# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev abi`: the binary interface of libvpsci, compared with lib/abi.txt.

abi_help() {
    cat <<'EOF'
./dev abi [--write]

Compares libvpsci's binary interface, on x86-64 and on arm64, with lib/abi.txt: functions and the versions of their
symbols, sizes of structs, offsets of fields, numbers of enumerators and macros. Programs that were compiled for one 1.x
run with each later 1.x only if nothing of it changes or goes. What may come: functions, enumerators, macros, structs,
and fields at the end of struct vpsci_config, which says its size.

  --write   write lib/abi.txt anew. This is refused if something has changed or gone, unless the soname has changed
            too.
EOF
}

abi_command() {
    local write=''
    (($# <= 1)) || die "abi takes one option, and '$2' is a second one; see ./dev abi --help"
    case ${1-} in
    '') ;;
    --write) write=yes ;;
    *) die "abi: unknown option $1; see ./dev abi --help" ;;
    esac
    need library
    open_folder
    abi_found=$build/abi
    abi_describe_all "$abi_found"
    if abi_compare "$root/lib/abi.txt" "$abi_found/abi.txt"; then
        say "the interface of libvpsci is that of lib/abi.txt"
    elif [[ ! $write ]]; then
        die "abi: $abi_advice"
    elif [[ $abi_broken ]] && ! abi_may_break; then
        die "abi: not written: $abi_advice"
    else
        cp "$abi_found/abi.txt" "$root/lib/abi.txt"
        say "lib/abi.txt is written"
    fi
}

# Describes the interface for each target; they must not differ.
abi_describe_all() { # FOLDER
    local target
    mkdir -p "$1"
    for target in x86_64-linux-gnu aarch64-linux-gnu; do
        abi_describe "$target" "$1" >"$1/$target"
    done
    cmp -s "$1/x86_64-linux-gnu" "$1/aarch64-linux-gnu" || {
        diff "$1/x86_64-linux-gnu" "$1/aarch64-linux-gnu" >&2 || true
        die "abi: the interface differs on x86-64 and arm64"
    }
    cp "$1/aarch64-linux-gnu" "$1/abi.txt"
}

# Clang knows the layouts of all targets without their headers.
abi_describe() { # TARGET FOLDER
    local compiler=(clang-19 "--target=$1" -std=c11 -ffreestanding -x c "$root/include/vpsci/vpsci.h")
    "${compiler[@]}" -fsyntax-only -Xclang -ast-dump=json >"$2/tree"
    "${compiler[@]}" -fsyntax-only -Xclang -fdump-record-layouts-complete >"$2/layouts"
    "${compiler[@]}" -E -dM >"$2/macros"
    sed -n "s/.*soversion: '\([0-9]*\)'.*/library: libvpsci.so.\1/p" "$root/lib/meson.build"
    python3 "$root/tools/abi/describe.py" "$2/tree" "$2/layouts" "$2/macros" "$root/lib/vpsci.map"
}

# Fails if the descriptions differ: shows how, and sets `abi_broken` if programs that know the old one could break, and
# `abi_advice`.
abi_compare() { # OLD NEW
    abi_broken='' abi_advice=''
    ! abi_breaks "$1" "$2" || abi_broken=yes
    ! diff "$1" "$2" >&2 || return 0
    if [[ $abi_broken ]]; then
        abi_advice="this would break programs that were compiled before: keep what has changed or gone, or put new fields \
at the end of struct vpsci_config; see ./dev abi --help"
    else
        abi_advice="the interface has grown: give new functions a node of their own in lib/vpsci.map, raise the minor \
version, note it in CHANGES.md, and run ./dev abi --write"
    fi
    return 1
}

# Whether a line of OLD is missing in NEW. The size of struct vpsci_config may grow, by fields behind its old end.
abi_breaks() { # OLD NEW
    awk '
        NR == FNR { old[$0]; if (/^struct vpsci_config: /) end = $3; next }
        { seen[$0] }
        /^struct vpsci_config, at/ && !($0 in old) && $4 + 0 < end { broken = 1 }
        /^struct vpsci_config: / { grown = $3 >= end }
        END {
            for (line in old) if (!(line in seen) && !(grown && line ~ /^struct vpsci_config: /)) broken = 1
            exit !broken
        }' "$1" "$2"
}

abi_may_break() {
    local old new
    old=$(sed -n 's/^library: //p' "$root/lib/abi.txt")
    new=$(sed -n 's/^library: //p' "$abi_found/abi.txt")
    [[ $old != "$new" ]]
}
