#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures libvpsci: instructions of its calls, by callgrind; its size, its memory and its stack. Nothing
# here is a test: a missed aim is shown, and the status is 0.
#
#   lib.sh [--json FILE]     ./dev bench lib is the way to call it
set -euo pipefail

here=$(dirname "$(realpath -- "$0")")
root=${here%/*}
build=${DORMOUSE_BUILD:-$root/build}
out=$build/bench
json=''

# The aims for instructions, at every number of vCPUs: NAME|INSTRUCTIONS.
aims() {
    cat <<'EOF'
PSCI_VERSION|60
CPU_ON, success|170
AFFINITY_INFO, level 0|110
SYSTEM_SUSPEND, asked|220
CPU_SUSPEND, standby|250
vpsci_next, to an entry|150
EOF
}

# The aims for text, memory and stack, in bytes.
aim_text=16384 aim_mandatory=8192 aim_data=0 aim_vcpu=64 aim_stack=256

# Compiled as in a hypervisor: small, no position-independent tables, no unwinder.
flags=(-std=c11 -Os -ffreestanding -fno-pie -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-stack-protector
    -fcallgraph-info=su -I "$root/include")

# Sets `verdict` to how a figure compares to its aim.
judge() { # FIGURE AIM
    verdict="aim $2"
    (($1 <= $2)) || verdict+="  MISSED"
}

count_instructions() {
    gcc -std=c11 -O2 -g -Wall -Wextra -Werror -I "$root/include" -o "$out/vpsci_calls" \
        "$here/vpsci_calls.c" "$here/vpsci_count.c" "$build/native/lib/libvpsci.a" -Wl,-z,now
    valgrind --tool=callgrind --combine-dumps=yes --compress-strings=no --compress-pos=no \
        --callgrind-out-file="$out/callgrind.out" "$out/vpsci_calls" >"$out/callgrind.log" 2>&1 || {
        tail -n 20 "$out/callgrind.log" >&2
        exit 1
    }
    awk -f "$here/lib_calls.awk" "$out/callgrind.out" >"$out/calls"
    aims >"$out/aims"
}

# "Identical" is an aim of its own: the check whether all others are off, at 1 and at 4,096 vCPUs.
compare_system_suspend() {
    awk -F '|' '$1 == "SYSTEM_SUSPEND, asked" {
            if (!low || $3 < low) { low = $3 }
            if ($4 > high) { high = $4 }
        }
        END {
            print "SYSTEM_SUSPEND at 1 and at 4,096 vCPUs: " low " and " high \
                " instructions, aim: identical" (low == high ? "" : "  MISSED")
        }' "$out/calls"
}

compile_for_size() { # FOLDER COMPILER...
    local file folder=$out/$1
    rm -rf "$folder"
    mkdir -p "$folder/without"
    while read -r file; do
        "${@:2}" "${flags[@]}" -c "$root/lib/$file" -o "$folder/${file%.c}.o"
    done < <(cd "$root/lib" && cat sources.txt && ls without/*.c)
}

show_size() {
    local text data bss name
    printf '\n%-24s %8s %8s %8s\n' "bytes, arm64 -Os" "text" ".data" ".bss"
    while read -r text data bss _ _ name; do
        [[ $text != text ]] || continue
        if [[ $name != "(TOTALS)" ]]; then
            name=${name##*/}
            printf '%-24s %8s %8s %8s\n' "${name%.o}" "$text" "$data" "$bss"
            continue
        fi
        judge "$text" "$aim_text"
        printf '%-24s %8s %8s %8s  %s' "all, text with constants" "$text" "$data" "$bss" "$verdict"
        judge $((data + bss)) "$aim_data"
        printf ', .data and .bss %s\n' "$verdict"
    done < <(size -t "$out"/arm64/*.o)
}

# The objects of the library without some families, by lib/families.txt.
objects_without() { # FOLDER FAMILY...
    awk -v left_out="${*:2}" -f "$root/tools/families.awk" "$root/lib/families.txt" "$root/lib/sources.txt" |
        sed "s|^|$out/$1/|; s|c\$|o|"
}

text_without() { # FOLDER FAMILY...
    # shellcheck disable=SC2046 # a list of files, none of which has a space
    size -t $(objects_without "$@") | awk 'END { print $1 }'
}

# What the library takes without families that docs/embedding.md says can be left out.
show_families() {
    local family text all=()
    printf '\n%-40s %8s %8s\n' "text with constants, bytes, -Os" arm64 x86-64
    printf '%-40s %8s %8s\n' "everything" "$(text_without arm64)" "$(text_without x86-64)"
    while IFS=: read -r family _; do
        all+=("$family")
        printf '%-40s %8s %8s\n' "without $family" "$(text_without arm64 "$family")" "$(text_without x86-64 "$family")"
    done <"$root/lib/families.txt"
    text=$(text_without arm64 "${all[@]}")
    judge "$text" "$aim_mandatory"
    printf '%-40s %8s %8s  %s\n' "without all of these" "$text" "$(text_without x86-64 "${all[@]}")" "$verdict"
}

show_memory() {
    local count size deep statistics last_count=0 last_size=0 last_deep=0 last_statistics=0
    printf '\n%-24s %10s %12s %12s\n' "bytes of memory, vCPUs" "a VM" "with domains" "statistics"
    while read -r count size deep statistics; do
        printf '%-24s %10s %12s %12s\n' "$count" "$size" "$deep" "$statistics"
        if ((count == 4096)); then
            size=$(((size - last_size + count - last_count - 1) / (count - last_count)))
            deep=$(((deep - last_deep + count - last_count - 1) / (count - last_count)))
            statistics=$(((statistics - last_statistics) / (count - last_count)))
            judge "$size" "$aim_vcpu"
            printf '%-24s %10s %12s %12s  %s without domains and statistics\n' "a vCPU more" "$size" "$deep" \
                "$statistics" "$verdict"
        fi
        last_count=$count last_size=$size last_deep=$deep last_statistics=$statistics
    done < <("$out/vpsci_calls" size)
}

show_stack() {
    local handlers bytes function path
    handlers=$(sed -n 's/^FUNCTION([A-Z0-9_]*, \([a-z0-9_]*\),.*/vpsci__\1/p' "$root/lib/functions.def" | tr '\n' ' ')
    printf '\n%-24s %8s  way\n' "bytes of stack, arm64" most
    while read -r bytes function path; do
        judge "$bytes" "$aim_stack"
        ((bytes > aim_stack)) || verdict=''
        printf '%-24s %8s  %s%s\n' "$function" "$bytes" "$path" "${verdict:+  ($verdict)}"
    done < <(awk -v handlers="$handlers" -f "$here/lib_stack.awk" "$out"/arm64/*.ci | sort -rn -k 1,1 -k 2)
}

while (($#)); do
    case $1 in
    --json)
        json=${2:?lib.sh: --json needs a file}
        shift
        ;;
    *)
        echo "lib.sh: '$1' is unknown; see ./dev bench --help" >&2
        exit 1
        ;;
    esac
    shift
done
mkdir -p "$out"
count_instructions
awk -v aims="$out/aims" -f "$here/lib_table.awk" "$out/calls"
compare_system_suspend
compile_for_size arm64 aarch64-linux-gnu-gcc -mno-outline-atomics
compile_for_size x86-64 gcc
show_size
show_families
show_memory
show_stack
if [[ $json ]]; then
    awk -v json=1 -f "$here/lib_table.awk" "$out/calls" >"$json"
    echo "instructions are written to $json" >&2
fi
