// SPDX-License-Identifier: BSD-2-Clause
//! The bindings and the C headers say the same. For each item of the bindings this test writes a
//! line of C that compiles only if the headers agree; and each name of the headers is in the
//! bindings.
use std::collections::BTreeSet;
use std::fmt::Write;
use std::mem::{align_of, size_of, MaybeUninit};
use std::process::Command;
use std::ptr::addr_of;
use std::{env, fs};

use vpsci_sys::*;

const BINDINGS: &str = include_str!("../src/lib.rs");
const HEADERS: [&str; 2] = [
    include_str!("../libvpsci/include/vpsci/abi.h"),
    include_str!("../libvpsci/include/vpsci/vpsci.h"),
];

struct Field {
    name: &'static str,
    offset: usize,
    size: usize,
}

struct Layout {
    name: &'static str,
    size: usize,
    alignment: usize,
    fields: Vec<Field>,
}

fn size_at<T>(_: *const T) -> usize {
    size_of::<T>()
}

macro_rules! layouts {
    ($($structure:ident { $($field:ident)* })*) => {
        vec![$({
            let value = MaybeUninit::<$structure>::uninit();
            let start = value.as_ptr();
            Layout {
                name: stringify!($structure),
                size: size_of::<$structure>(),
                alignment: align_of::<$structure>(),
                fields: vec![$({
                    // SAFETY: only the address is taken, inside of the value.
                    let field = unsafe { addr_of!((*start).$field) };
                    Field {
                        name: stringify!($field).trim_start_matches("r#"),
                        offset: field as usize - start as usize,
                        size: size_at(field),
                    }
                },)*],
            }
        },)*]
    };
}

fn layouts() -> Vec<Layout> {
    layouts! {
        vpsci_ipa { value }
        vpsci_mpidr { value }
        vpsci_power_state { value level local below }
        vpsci_ops { entry_is_valid range_is_protected now }
        vpsci_config {
            size vcpu_count mpidrs boot_vcpu version smccc_version capabilities options ids_0_1
            states state_count domains trusted_os trusted_os_vcpu statistics statistics_size ops
            host
        }
        vpsci_guest_call { function args aarch32 big_endian }
        vpsci_request { pending function vcpu target entry context r#type cookie }
        vpsci_entry { address context aarch32 thumb big_endian }
        vpsci_outcome { action wait ended x0 entry start request }
        vpsci_function_info { arguments starts_core by_power_state }
    }
}

/// The bindings' items that start so, each up to its end, in one line.
fn items(start: &'static str, end: char) -> impl Iterator<Item = String> {
    BINDINGS.split(start).skip(1).map(move |rest| {
        let item = rest.split(end).next().unwrap();
        item.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

/// The name at the start of an item.
fn name_of(item: &str) -> &str {
    let end = |letter: char| !letter.is_alphanumeric() && letter != '_';
    &item[..item.find(end).unwrap_or(item.len())]
}

/// A type of the bindings, in C.
fn type_in_c(rust: &str) -> String {
    if let Some(target) = rust.strip_prefix("*const ") {
        return format!("const {} *", type_in_c(target));
    }
    if let Some(target) = rust.strip_prefix("*mut ") {
        return format!("{} *", type_in_c(target));
    }
    let is_structure = BINDINGS.contains(&format!("pub struct {rust} {{"));
    match rust {
        "c_int" => "int".to_string(),
        "c_char" => "char".to_string(),
        "c_void" => "void".to_string(),
        "usize" => "size_t".to_string(),
        "isize" => "ptrdiff_t".to_string(),
        "bool" => "bool".to_string(),
        _ if is_structure => format!("struct {rust}"),
        _ if rust.starts_with("vpsci_") => format!("enum {rust}"),
        _ => match rust.split_at(1) {
            ("u", bits) => format!("uint{bits}_t"),
            ("i", bits) => format!("int{bits}_t"),
            _ => panic!("the type {rust} is not known"),
        },
    }
}

/// `name(a: A, b: B) -> R`, in C.
fn function_in_c(item: &str) -> String {
    let parameters_at = item.rfind('(').unwrap();
    let (name, rest) = (&item[..parameters_at], &item[parameters_at + 1..]);
    let (parameters, result) = rest.split_once(')').unwrap();
    let result = result
        .strip_prefix(" -> ")
        .map_or("void".to_string(), type_in_c);
    let parameters: Vec<_> = parameters
        .split(',')
        .filter_map(|parameter| parameter.split_once(": "))
        .map(|(_, rust)| type_in_c(rust.trim()))
        .collect();
    let parameters = if parameters.is_empty() {
        "void".to_string()
    } else {
        parameters.join(", ")
    };
    format!("{result} {name}({parameters});")
}

/// The pointers to functions in structs: names, and `(a: A, b: B) -> R`.
fn callbacks() -> Vec<(String, String)> {
    let text = BINDINGS.split_whitespace().collect::<Vec<_>>().join(" ");
    let callbacks: Vec<_> = text
        .replace("Option< ", "Option<")
        .split(" pub ")
        .filter_map(|item| item.split_once(": Option<unsafe extern \"C\" fn"))
        .map(|(name, rest)| {
            (
                name.to_string(),
                rest.split(">,").next().unwrap().replace(", >", ""),
            )
        })
        .collect();
    assert_eq!(callbacks.len(), 3, "{callbacks:?}");
    callbacks
}

/// A C program that compiles only if the headers agree with the bindings.
fn program() -> String {
    let mut c = String::from("#include <vpsci/vpsci.h>\n");

    for item in items("pub const ", ';') {
        let (declaration, value) = item.split_once(" = ").unwrap();
        let name = name_of(declaration);
        if value.starts_with('"') {
            writeln!(
                c,
                "_Static_assert(__builtin_strcmp({name}, {value}) == 0, \"{name}\");"
            )
            .unwrap();
            continue;
        }
        writeln!(c, "_Static_assert(({name}) == ({value}), \"{name}\");").unwrap();
    }
    for item in items("    pub fn ", ';') {
        writeln!(c, "{}", function_in_c(&item)).unwrap();
    }
    for (name, function) in callbacks() {
        let pointer = function_in_c(&format!("(*){function}"));
        let pointer = pointer.trim_end_matches(';');
        let field = format!("((struct vpsci_ops *)0)->{name}");
        writeln!(
            c,
            "_Static_assert(_Generic({field}, {pointer}: 1), \"{name}\");"
        )
        .unwrap();
    }
    for item in items("pub type vpsci_", ';') {
        let (name, rust) = item.split_once(" = ").unwrap();
        let c_type = if rust == "c_int" { "int" } else { "unsigned" };
        writeln!(
            c,
            "_Static_assert((enum vpsci_{name})-1 < 0 == ({c_type})-1 < 0, \"{name}\");"
        )
        .unwrap();
        writeln!(
            c,
            "_Static_assert(sizeof(enum vpsci_{name}) == sizeof(int), \"{name}\");"
        )
        .unwrap();
    }
    for Layout {
        name,
        size,
        alignment,
        fields,
    } in layouts()
    {
        writeln!(
            c,
            "_Static_assert(sizeof(struct {name}) == {size}, \"{name}\");"
        )
        .unwrap();
        writeln!(
            c,
            "_Static_assert(_Alignof(struct {name}) == {alignment}, \"{name}\");"
        )
        .unwrap();
        for Field {
            name: field,
            offset,
            size,
        } in fields
        {
            let place = format!("offsetof(struct {name}, {field}) == {offset}");
            let length = format!("sizeof(((struct {name} *)0)->{field}) == {size}");
            writeln!(
                c,
                "_Static_assert({place} && {length}, \"{name}.{field}\");"
            )
            .unwrap();
        }
    }
    c
}

#[test]
fn the_headers_agree_with_the_bindings() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/libvpsci/include");
    let path = format!("{folder}/bindings.c");
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_string());

    let program = program();
    assert!(
        program.lines().count() > 250,
        "the bindings were not read:\n{program}"
    );
    fs::write(&path, &program).unwrap();
    let output = Command::new(&compiler)
        .args(["-std=c11", "-fsyntax-only", "-I", include, &path])
        .output()
        .unwrap_or_else(|error| panic!("{compiler} cannot be run: {error}"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The headers without comments.
fn header_text() -> String {
    let mut text = String::new();
    let mut rest = HEADERS.concat();
    while let Some((before, after)) = rest.split_once("/*") {
        text.push_str(before);
        rest = after.split_once("*/").unwrap().1.to_string();
    }
    text + &rest
}

/// All words of the headers that begin with vpsci_ or VPSCI_.
fn names_of_headers() -> BTreeSet<String> {
    header_text()
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| word.to_lowercase().starts_with("vpsci_"))
        .filter(|word| !["VPSCI_ABI_H", "VPSCI_VPSCI_H"].contains(word))
        .map(str::to_string)
        .collect()
}

#[test]
fn each_name_of_the_headers_is_in_the_bindings() {
    let items = ["pub const ", "pub fn ", "pub type ", "pub struct "];
    let known: BTreeSet<String> = items
        .iter()
        .flat_map(|start| self::items(start, '\n'))
        .map(|item| name_of(&item).to_string())
        .collect();
    let names = names_of_headers();

    assert!(names.len() > 200, "the headers were not read: {names:?}");
    let missing: Vec<_> = names.difference(&known).collect();
    assert!(missing.is_empty(), "the bindings lack {missing:?}");
}

#[test]
fn each_field_of_the_headers_is_compared() {
    let text = header_text();
    let mut count = 0;
    for definition in text.split("\nstruct ").skip(1) {
        let name = name_of(definition);
        if !definition[name.len()..].starts_with(" {") {
            continue; // Declared only.
        }
        let (body, _) = definition.split_once("\n}").unwrap();
        let layouts = layouts();
        let layout = layouts.iter().find(|layout| layout.name == name);
        let layout = layout.unwrap_or_else(|| panic!("{name} is not compared"));
        assert_eq!(
            body.matches(';').count(),
            layout.fields.len(),
            "fields of {name}"
        );
        count += 1;
    }
    assert_eq!(count, layouts().len());
}

#[test]
fn the_version_is_that_of_the_library() {
    assert_eq!(env!("CARGO_PKG_VERSION"), VPSCI_LIBRARY_TEXT);
    // SAFETY: the function has no precondition.
    assert_eq!(unsafe { vpsci_library_version() }, VPSCI_LIBRARY_VERSION);
}
