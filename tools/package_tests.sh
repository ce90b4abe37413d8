# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The tests of the kind `package`.

package_names() {
    printf '%s\n' library all/arm64 all/amd64 all/bookworm all/trixie
}

package_test() { # NAME
    package_scratch=$(mktemp -d "${TMPDIR:-/tmp}/package.XXXXXX")
    trap 'as_root rm -rf -- "$package_scratch"' EXIT
    case $1 in
    library) package_test_library ;;
    all/arm64 | all/amd64) package_test_twice "${1#*/}" ;;
    all/*) package_test_installed "${1#*/}" ;;
    esac
}

# The packages of libvpsci alone take some seconds, on this machine and without a root of Debian. They are built twice: in
# two folders, by users with different habits.
package_test_library() {
    need packaging
    package_test_changelog
    package_test_installs
    (umask 022 && package_build_library "$package_scratch/one")
    (umask 077 && package_build_library "$package_scratch/another/folder")
    package_compare "$package_scratch/one" "$package_scratch/another/folder"
    package_test_files "$package_scratch/one"
}

package_test_changelog() {
    local version
    version=$(sed -n "s/^ *version: '\(.*\)',$/\1/p" "$root/meson.build")
    [[ $(package_upstream) == "$version" ]] || die "debian/changelog has $(package_upstream), meson.build $version"
}

# Each file that Meson installs is in a package. Those of arm64 alone only a build for arm64 finds, by dh_missing.
package_test_installs() {
    local words=() line file
    build_for native
    for file in "$root"/debian/*.install "$root/debian/not-installed"; do
        while read -r line; do
            [[ $line == '#'* ]] || words+=("$line" "$line/*")
        done <"$file"
    done
    meson introspect "$build/native" --installed | tr , '\n' | sed -n 's|.*": "/usr/local/\(.*\)".*|usr/\1|p' |
        sed 's|^usr/man/|usr/share/man/|' | while read -r file; do
        package_has "$file" "${words[@]}" || die "debian/*.install has no $file"
    done
}

package_has() { # FILE PATTERN...
    local pattern
    for pattern in "${@:2}"; do
        # shellcheck disable=SC2053 # a pattern
        [[ $1 != $pattern ]] || return 0
    done
    return 1
}

package_build_library() { # FOLDER
    mkdir -p "$1"
    package_copy_source "$1"
    cd "$1/dormouse-$(package_upstream)"
    DEB_BUILD_PROFILES='nocheck pkg.dormouse.library' dpkg-buildpackage -b -us -uc >"$1/log" 2>&1 ||
        die_of "$1/log" 30 "the packages of the library cannot be built"
}

# Fails unless both folders have the same packages, to the bit.
package_compare() { # FOLDER FOLDER
    local file count=0
    for file in "$1"/*.deb "$1"/*.dsc "$1"/*.tar.xz; do
        [[ -e $file ]] || continue
        cmp "$file" "$2/${file##*/}" || die "${file##*/} is not the same when it is built again"
        count=$((count + 1))
    done
    ((count >= 3)) || die "only $count files to compare"
}

# Each function of the map is in the package, and the files are where a compiler looks.
package_test_files() { # FOLDER
    local tree=$package_scratch/tree package path lib
    for package in "$1"/libvpsci{1,-dev}_*.deb; do
        dpkg-deb -x "$package" "$tree"
    done
    lib=$tree/usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH)
    for path in "$lib"/libvpsci.{a,so,so.1} "$lib/pkgconfig/vpsci.pc" "$tree"/usr/include/vpsci/{abi,vpsci}.h; do
        [[ -e $path ]] || die "no package has ${path#"$tree"}"
    done
    diff <(sed -n 's/^    \(vpsci_.*\);$/\1/p' "$root/lib/vpsci.map") \
        <(nm -D --defined-only "$lib/libvpsci.so.1" | sed -n 's/.* T \(.*\)@@.*/\1/p') || die "the library lacks functions"
    diff <(sed -n 's/^    \(vpsci_.*\);$/\1/p' "$root/lib/vpsci.map") \
        <(sed -n 's/^ \(vpsci_.*\)@.*/\1/p' "$root/debian/libvpsci1.symbols") || die "libvpsci1.symbols lacks functions"
    package_test_sbom "$tree/usr/share/doc/libvpsci1"/*.spdx.json libvpsci1 gcc-
}

# The list of static parts is a document of SPDX 2.3 that names these.
package_test_sbom() { # FILE PACKAGE PART...
    python3 "$root/tests/package/read_sbom" "$@" || die "${1##*/} is not right"
}

# Builds the packages again, with another umask in another folder, and compares. The first build had lintian's approval.
package_test_twice() { # ARCHITECTURE
    local again=$package_scratch/again umask=077
    package_make bookworm "$1"
    mkdir -p "$again/deeper/folder"
    package_copy_source "$again/deeper/folder"
    (
        umask "$umask"
        package_run "$package_root" "$1" "$again" deeper/folder
    )
    package_compare "$package_folder" "$again/deeper/folder"
    dpkg-deb -x "$package_folder"/libvpsci1_*.deb "$package_scratch/tree"
    if [[ $1 == arm64 ]]; then
        dpkg-deb -x "$package_folder"/dormouse_*.deb "$package_scratch/tree"
        package_test_sbom "$package_scratch"/tree/usr/share/doc/dormouse/*.spdx.json dormouse liburing gcc-
    fi
}

# Debian packages that those of ours depend on, for an architecture.
package_depends() { # ARCHITECTURE
    printf '%s\n' libc6 libfdt1 libinih1 libjansson4 libpcap0.8 libzstd1 zlib1g | sed "s/\$/:$1/"
}

# Packages built for Debian 12, installed, used, upgraded and removed on a release.
package_test_installed() { # SUITE
    local foreign='' version
    [[ $debian_arch == arm64 ]] || foreign=arm64
    package_make_test_root "$1"
    version=$(sed -n '1s/^dormouse (\(.*\)) .*/\1/p' "$root/debian/changelog")
    mkdir "$package_scratch"/{new,old}
    package_make bookworm arm64
    package_collect dormouse libvpsci1 libvpsci-dev dormouse-doc
    [[ ! $foreign ]] || package_make bookworm "$debian_arch"
    package_collect vpsci-check libvpsci1 libvpsci-dev
    package_copy_source "$package_scratch"
    mv "$package_scratch"/dormouse-*/ "$package_scratch/source"
    cp "$root/tests/package/"{installed,services} "$package_scratch"
    as_root cp -a "$package_test_root" "$package_scratch/root"
    as_root "$root/tools/package/inside" "$package_scratch/root" "$package_scratch" ./installed 0.9 "$version" "$foreign"
    package_test_services "${foreign:+:$foreign}"
}

# The same root, in which nothing of ours is installed any more, with its systemd.
package_test_services() { # ARCHITECTURE
    local status=0
    echo "dormouse$1" >"$package_scratch/package"
    as_root "$root/tools/package/inside_systemd" "$package_scratch/root" "$package_scratch" /work/services || status=1
    cat "$package_scratch/output"
    return "$status"
}

# Takes packages that were built, and makes older ones of them, which have another unit.
package_collect() { # PACKAGE...
    local package file tree=$package_scratch/tree
    for package; do
        file=$(echo "$package_folder/$package"_*.deb)
        cp "$file" "$package_scratch/new"
        rm -rf "$tree"
        dpkg-deb -R "$file" "$tree"
        [[ $package != dormouse ]] || package_change_unit "$tree"
        sed -i -E 's/^(Version: ).*/\10.9/; s/(\(= )[^)]*dormouse[^)]*/\10.9/' "$tree/DEBIAN/control"
        dpkg-deb --root-owner-group -b "$tree" "$package_scratch/old/${file##*/}"
    done
}

package_change_unit() { # TREE
    echo '# older' >>"$1/usr/lib/systemd/system/dormouse@.service"
    sed -i '\|/dormouse@\.service$|d' "$1/DEBIAN/md5sums"
}

# Sets `package_test_root` to a root of a release in which nothing of ours is installed.
package_make_test_root() { # SUITE
    local recipe
    need packages
    recipe=$(cat "$root/tools/package_tests.sh" "$root/tests/package/fetch_depends" | cksum)
    package_test_root=$build/package/roots/test-$1-${recipe%% *}
    make_once "$package_test_root" "making a root of Debian's $1 to install packages in" "1 min" package_fill_test_root "$1"
}

package_fill_test_root() { # SUITE FOLDER
    local architectures=$debian_arch tools=autopkgtest,dpkg-dev,bzip2,make,patch,xz-utils,gcc,libc6-dev,pkgconf,qemu-system-arm,systemd old words
    words=$(package_depends arm64)
    if [[ $debian_arch != arm64 ]]; then
        architectures+=,arm64 tools+=,qemu-user,libc6:arm64,libgcc-s1:arm64 words+=" $(package_depends "$debian_arch")"
    fi
    for old in "$build/package/roots/test-$1"-*; do
        [[ ! -d $old ]] || as_root rm -rf -- "$old"
    done
    package_mmdebstrap "$2" "$1" "$architectures" "$(quote_words "$root/tests/package/fetch_depends" "${words//$'\n'/ }")\"\$1\"" \
        "--include=$tools" --skip=cleanup/apt
}
