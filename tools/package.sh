# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev package`: Debian packages of debian/, built in a root of a Debian release that has nothing but what they need.

package_suites=(bookworm trixie)
package_architectures=(arm64 amd64)

# Inputs of fuzzers look like programs without a source, and no build needs them.
package_left_out=(build .git fuzz/corpus)

package_help() {
    cat <<'EOF'
./dev package [--arch arm64|amd64] [--suite bookworm|trixie] [--output FOLDER]

Builds the Debian packages dormouse, libvpsci1, libvpsci-dev, vpsci-check and dormouse-doc, with their source package,
from the files of this checkout, and lets lintian judge them. The last line of output is the folder that has them. Each
package with a program has a list of what is linked in statically, in SPDX 2.3:
/usr/share/doc/PACKAGE/PACKAGE_ARCHITECTURE.spdx.json.

  --arch ARCHITECTURE   build for arm64 (the default) or amd64, which has no dormouse
  --suite RELEASE       build with the libraries of bookworm (the default) or trixie. Packages built for
                        bookworm, Debian 12, also work on trixie, Debian 13
  --output FOLDER       copy the packages to FOLDER

The build runs without a network in a root of Debian, which is made once (about a minute) and kept in the build folder.
That needs root, by sudo if necessary. The same source gives the same packages, wherever it is built.
EOF
}

package_command() {
    package_take_options "$@"
    package_make "$package_suite" "$package_arch"
    if [[ $package_output ]]; then
        cp -t "$package_output" -- "$package_folder"/*
        package_folder=$package_output
    fi
    printf '%s\n' "$package_folder"
}

package_take_options() { # OPTION...
    package_suite=bookworm package_arch=arm64 package_output=''
    while (($#)); do
        case $1 in
        --arch | --suite | --output)
            [[ ${2-} ]] || die "package: $1 needs a value; see ./dev package --help"
            package_option "$1" "$2"
            shift
            ;;
        --*=*)
            set -- "${1%%=*}" "${1#*=}" "${@:2}"
            continue
            ;;
        -*) die "package: unknown option $1; see ./dev package --help" ;;
        *) die "package takes options only, and '$1' is none; see ./dev package --help" ;;
        esac
        shift
    done
}

package_option() { # NAME VALUE
    case $1 in
    --arch)
        [[ " ${package_architectures[*]} " == *" $2 "* ]] || die "package: no architecture '$2'; use arm64 or amd64"
        package_arch=$2
        ;;
    --suite)
        [[ " ${package_suites[*]} " == *" $2 "* ]] || die "package: no release '$2'; use bookworm or trixie"
        package_suite=$2
        ;;
    --output)
        [[ -d $2 && -w $2 ]] || die "package: --output needs a folder that can be written, and $2 is none"
        package_output=$(realpath -- "$2")
        ;;
    esac
}

# Sets `package_folder` to a folder with the packages, built from the files as they are now.
package_make() { # SUITE ARCHITECTURE
    package_folder=$build/package/$1-$2
    package_make_root "$1" "$2"
    with_lock package_build "$package_root" "$2" "$package_folder"
}

# Sets `package_root` to a root with all that a build for that architecture needs.
package_make_root() { # SUITE ARCHITECTURE
    local recipe
    need packages
    can_be_root || die "package: only root can make a root of Debian: run this as root, or with sudo"
    recipe=$(cat "$root/debian/control" "$root/tools/package/build_root" | cksum)
    package_root=$build/package/roots/$1-$2-${recipe%% *}
    make_once "$package_root" "making a root of Debian's $1 to build packages for $2" "1 min" \
        package_fill_root "$1" "$2"
}

# A root for another control file is of no use any more.
package_fill_root() { # SUITE ARCHITECTURE FOLDER
    local suite=$1 arch=$2 folder=$3 architectures=$debian_arch old
    [[ $arch == "$debian_arch" ]] || architectures+=,$arch
    for old in "$build/package/roots/$suite-$arch"-*; do
        [[ ! -d $old ]] || as_root rm -rf -- "$old"
    done
    package_mmdebstrap "$folder" "$suite" "$architectures" \
        "$(quote_words "$root/tools/package/build_root" "$root/debian/control" "$arch")\"\$1\""
}

package_mmdebstrap() { # FOLDER SUITE ARCHITECTURES HOOK OPTION...
    local log=$build/fetch.log
    as_root mmdebstrap --variant=apt "--architectures=$3" "--customize-hook=$4" "${@:5}" "$2" "$1" \
        >"$log" 2>&1 </dev/null ||
        die_of "$log" 15 "could not make a root of Debian's $2 (is there a network?)"
}

# The packages appear in FOLDER when all of them are complete.
package_build() { # ROOT ARCHITECTURE FOLDER
    local work
    work=$(mktemp -d "$build/tmp.XXXXXX")
    package_copy_source "$work"
    package_run "$1" "$2" "$work"
    rm -rf -- "$3"
    mkdir -p "$3"
    find "$work" -maxdepth 1 -type f -exec mv -t "$3" -- {} +
}

# Builds the packages in WORK/FOLDER, which has the source. What root makes there becomes the caller's.
package_run() { # ROOT ARCHITECTURE WORK [FOLDER]
    local log=$build/package.log
    say "building packages for $2 (usually 30 s)"
    start_ticker "$log"
    as_root "$root/tools/package/inside" "$1" "$3" sh "${4:-.}/dormouse-$(package_upstream)/debian/build" "$2" >"$log" 2>&1 ||
        die_of "$log" 30 "the packages cannot be built"
    stop_ticker
    ((EUID == 0)) || as_root chown -R "$EUID" -- "$3"
}

# The version without the revision of debian/.
package_upstream() {
    sed -n '1s/^dormouse (\(.*\)-[^-]*) .*/\1/p' "$root/debian/changelog"
}

# Copies the source into a folder, as dpkg-source wants it. The time in the archive is that of the changelog, so the same
# source makes the same archive.
package_copy_source() { # FOLDER
    local version tree date
    version=$(package_upstream)
    date=$(sed -n 's/^ -- .*>  //p' "$root/debian/changelog" | head -n 1)
    tree=$1/dormouse-$version
    mkdir -p "$tree"
    package_list_source | tar -c -C "$root" --null --no-recursion -T - | tar -x -C "$tree"
    tar -c -C "$tree" --exclude=./debian --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
        --mtime="$date" . | xz -T1 >"$1/dormouse_$version.orig.tar.xz"
}

# Prints the files that git does not ignore, or all files if this is no checkout of git.
package_list_source() {
    local left_out
    left_out=$(printf '|%s' "${package_left_out[@]}")
    (
        cd "$root"
        if [[ -e .git ]]; then
            git ls-files -z --cached --others --exclude-standard
        else
            find . ! -type d -printf '%P\0'
        fi | grep -zvE "^(${left_out#|})/" | while IFS= read -rd '' file; do
            [[ ! -e $file && ! -L $file ]] || printf '%s\0' "$file"
        done
    )
}
