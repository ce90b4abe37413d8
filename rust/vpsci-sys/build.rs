// SPDX-License-Identifier: BSD-2-Clause
//! Compiles libvpsci with the C compiler of the system, or finds the installed one.
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

fn main() {
    println!("cargo:rerun-if-env-changed=VPSCI_SYS_USE_PKG_CONFIG");
    let use_installed = env::var_os("VPSCI_SYS_USE_PKG_CONFIG").map_or(false, |value| value != "0");
    let result = if use_installed {
        link_installed()
    } else {
        compile_sources()
    };
    if let Err(message) = result {
        eprintln!("vpsci-sys: {message}");
        process::exit(1);
    }
}

/// A variable that cargo sets for build scripts.
fn cargo_variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set; cargo runs this program"))
}

/// Runs a command, and returns what it prints on standard output.
fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stderr(process::Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{program} cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} failed: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn link_installed() -> Result<(), String> {
    let pkg_config = tool("PKG_CONFIG", &[], "pkg-config");
    let version = cargo_variable("CARGO_PKG_VERSION")?;
    let words = run(Command::new(pkg_config).args(["--libs", &format!("vpsci >= {version}")]))?;
    for word in split_quoted(&words) {
        match (word.get(..2), word.get(2..)) {
            (Some("-L"), Some(folder)) => println!("cargo:rustc-link-search=native={folder}"),
            (Some("-l"), Some(library)) => println!("cargo:rustc-link-lib={library}"),
            _ => println!("cargo:rustc-link-arg={word}"),
        }
    }
    Ok(())
}

/// Splits what pkg-config prints: words between blanks, in which a backslash quotes a character.
fn split_quoted(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let last = words.len() - 1;
        match letter {
            '\\' => words[last].extend(letters.next()),
            letter if letter.is_whitespace() => words.push(String::new()),
            letter => words[last].push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn compile_sources() -> Result<(), String> {
    let root = PathBuf::from(cargo_variable("CARGO_MANIFEST_DIR")?).join("libvpsci");
    let out = PathBuf::from(cargo_variable("OUT_DIR")?);
    let target = cargo_variable("TARGET")?;
    let list = fs::read_to_string(root.join("lib/sources.txt"));
    let list = list.map_err(|error| format!("the list of sources cannot be read: {error}"))?;
    let names: Vec<&str> = list.lines().collect();

    watch_files(&root)?;
    let prefix = tool_prefix(&target)?;
    let mut compiler = Command::new(tool(
        "CC",
        &variants("CC", &target),
        &compiler_name(&prefix),
    ));
    compiler.args([
        "-std=c11",
        "-O2",
        "-g",
        "-fPIC",
        "-ffreestanding",
        "-ffunction-sections",
        "-fno-short-enums", // the bindings say that an enum has 32 bits
    ]);
    if target.starts_with("aarch64") {
        // Otherwise gcc calls functions of libgcc, which has them only where there is Linux.
        compiler.arg("-mno-outline-atomics");
    }
    compiler
        .arg("-I")
        .arg(root.join("include"))
        .arg("-c")
        .current_dir(&out);
    run(compiler.args(names.iter().map(|name| root.join("lib").join(name))))?;

    let archive = out.join("libvpsci.a");
    let _ = fs::remove_file(&archive); // An old one may have objects that are no longer in the list.
    let mut archiver = Command::new(tool("AR", &variants("AR", &target), &(prefix + "ar")));
    archiver.arg("rcs").arg(&archive);
    run(archiver.args(names.iter().map(|name| out.join(name).with_extension("o"))))?;

    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=vpsci");
    println!("cargo:include={}", root.join("include").display());
    Ok(())
}

/// Cargo runs this program again after one of the files has changed.
fn watch_files(root: &Path) -> Result<(), String> {
    for folder in ["lib", "include/vpsci"] {
        let files = fs::read_dir(root.join(folder));
        let files = files.map_err(|error| format!("{folder} cannot be read: {error}"))?;
        for file in files.flatten() {
            println!("cargo:rerun-if-changed={}", file.path().display());
        }
    }
    Ok(())
}

/// What precedes the names `cc` and `ar` of the tools for the target, as Debian calls them.
fn tool_prefix(target: &str) -> Result<String, String> {
    let host = cargo_variable("HOST")?;
    match (cpu_of(target), cpu_of(&host)) {
        (cpu, host_cpu) if cpu == host_cpu => Ok(String::new()),
        (cpu, _) if cpu.starts_with("arm") || cpu.starts_with("thumb") => {
            Ok("arm-linux-gnueabihf-".to_string())
        }
        ("riscv64gc" | "riscv64imac", _) => Ok("riscv64-linux-gnu-".to_string()),
        (cpu, _) => Ok(format!("{cpu}-linux-gnu-")),
    }
}

fn compiler_name(prefix: &str) -> String {
    if prefix.is_empty() {
        "cc".to_string()
    } else {
        format!("{prefix}gcc")
    }
}

/// The first word of the name of a target.
fn cpu_of(target: &str) -> &str {
    target.split('-').next().unwrap_or(target)
}

/// The variables that name a tool for this target only, as the crate cc has them.
fn variants(name: &str, target: &str) -> [String; 3] {
    let underlined = target.replace('-', "_");
    [
        format!("{name}_{target}"),
        format!("{name}_{underlined}"),
        format!("TARGET_{name}"),
    ]
}

/// The program that a variable names; the first variable that is set counts.
fn tool(name: &str, variants: &[String], default: &str) -> OsString {
    for variable in variants.iter().map(String::as_str).chain([name]) {
        println!("cargo:rerun-if-env-changed={variable}");
        if let Some(value) = env::var_os(variable).filter(|value| !value.is_empty()) {
            return value;
        }
    }
    default.into()
}
