// SPDX-License-Identifier: GPL-2.0-or-later
//! libbpf as an oracle for our reader and linker of parsers: both load the default parsers
//! and all programs of tests/bpf, as each clang of Debian compiles them, and the kernel
//! tells what it has then. tests/libbpf is the program that does so in the guest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use guest::handshake::{KERNEL, initramfs, machine, tiny_uki};
use guest::{Initramfs, Transcript, host_program, packages, run, tree};

/// A way of compiling, by one of the versions of clang that tests/provision.sh unpacks.
struct Compiler {
    name: &'static str,
    clang: &'static str,
    /// Settings of bpf/bpf.mk.
    settings: &'static [&'static str],
}

const fn clang(version: &'static str) -> Compiler {
    Compiler {
        name: version,
        clang: version,
        settings: &[],
    }
}

const COMPILERS: [Compiler; 7] = [
    clang("14"),
    clang("15"),
    clang("16"),
    clang("17"),
    clang("18"),
    NEWEST,
    // The newest instructions, and debug data that nobody has stripped.
    Compiler {
        name: "19-v4-debug",
        clang: "19",
        settings: &["BPF_CPU=v4", "LLVM_STRIP=true"],
    },
];
const NEWEST: Compiler = clang("19");

/// Differences that every object with variables may have. ARCHITECTURE.md, "Differences
/// from libbpf", has the reasons for these and for all others.
const EVERYWHERE: [&str; 2] = ["map-name", "map-mmapable"];

/// Differences of single objects, and what the table says of them.
const NAMED: &[(&str, &str, &str)] = &[
    // Functions that call functions.
    ("calls", "order", "order"),
    ("linger", "order", "order"),
    // A weak kfunc of the module that is tested for: its address names a descriptor.
    ("linkage", "tag", "descriptor"),
];

/// Objects that only libbpf takes.
const NOT_OURS: [&str; 4] = ["configuration", "kprobe", "modify_return", "usdt"];
/// Objects that neither takes.
const NOBODYS: [&str; 4] = ["no_kfunc", "not_sleepable", "other_hook", "wild_store"];

/// Objects that name a kernel only if everything in them works.
const CHECKED: [&str; 5] = ["calls", "core", "core_kinds", "linkage", "storage"];

/// Builds the program for the guest.
fn oracle() -> PathBuf {
    let target = packages::cache().join("libbpf");
    let mut cargo = host_program(env!("CARGO"));
    for name in ["RUSTFLAGS", "MAKEFLAGS", "MFLAGS"] {
        cargo.env_remove(name);
    }
    cargo.args(["build", "--release", "--locked"]);
    cargo.env("CARGO_TARGET_DIR", &target);
    run(cargo.current_dir(tree("tests/libbpf")));
    target.join("x86_64-unknown-linux-gnu/release/libbpf-oracle")
}

/// Compiles all programs in a copy of the sources below `directory`. Returns the object
/// files by their names.
fn objects(directory: &Path, compiler: &Compiler) -> BTreeMap<String, PathBuf> {
    let copy = directory.join(format!("clang-{}", compiler.name));
    std::fs::create_dir_all(copy.join("tests")).expect("make the directory of the copy");
    let mut found = BTreeMap::new();
    for of in ["bpf", "tests/bpf"] {
        let mut cp = host_program("cp");
        run(cp.arg("-r").arg(tree(of)).arg(copy.join(of)));
        let script = tree("tests/clang.sh");
        let mut make = host_program("make");
        make.arg("--always-make").arg("-C").arg(copy.join(of));
        make.arg(format!("CLANG={} {}", script.display(), compiler.clang));
        make.arg("-j2").args(compiler.settings);
        run(make.env_remove("MAKEFLAGS").env_remove("MFLAGS"));
        let entries = std::fs::read_dir(copy.join(of)).expect("read the copy");
        let paths = entries.map(|entry| entry.expect("read the copy").path());
        let named = paths.filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".bpf.o")?;
            Some((name.to_owned(), path.clone()))
        });
        found.extend(named);
    }
    found
}

/// Begins a guest that runs `script`; `oracle ARGUMENT...` runs the program, and libbpf's
/// messages are in the console's log.
fn with_oracle(script: &str) -> Initramfs {
    let script = format!("oracle() {{ libbpf-oracle \"$@\" 2>/dev/console; }}\n{script}");
    // The kernel's configuration, where libbpf looks for it.
    let configuration = format!("boot/config-{}", KERNEL.release());
    initramfs(&script)
        .program("bin/libbpf-oracle", &oracle())
        .file(&configuration, b"CONFIG_KEXEC_FILE=y\n")
        .file("a.efi", &tiny_uki(None).bytes())
}

/// The program's lines about one object.
#[derive(Default)]
struct Verdict {
    /// Who accepts it: both, none, ours or libbpf.
    who: String,
    /// Kinds and places of differences.
    differences: Vec<(String, String)>,
}

fn verdicts(said: &Transcript, key: &str) -> BTreeMap<String, Verdict> {
    let mut found: BTreeMap<String, Verdict> = BTreeMap::new();
    said.expect(&format!("{key}-code"), "0");
    for line in said.all(key) {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (what, name) = (word(), word());
        let verdict = found.entry(name).or_default();
        match what.as_str() {
            "verdict" => verdict.who = word(),
            "difference" => verdict.differences.push((word(), word())),
            "reason" => println!("clang {key}: {line}"),
            _ => said.fail(&format!("not a line of the program: {line}")),
        }
    }
    found
}

/// Returns what is wrong with a verdict, or else its cell in the table.
fn cell(name: &str, verdict: &Verdict) -> Result<&'static str, String> {
    let (wanted, refused) = match name {
        name if NOT_OURS.contains(&name) => ("libbpf", "ours refuses"),
        name if NOBODYS.contains(&name) => ("none", "both refuse"),
        _ => ("both", ""),
    };
    let Verdict { who, differences } = verdict;
    if who != wanted {
        return Err(format!("accepted by {who}, not by {wanted}"));
    }
    if !refused.is_empty() {
        return Ok(refused);
    }
    let special = differences.iter();
    let mut special = special.filter(|(kind, _)| !EVERYWHERE.contains(&kind.as_str()));
    let mut named = NAMED.iter().filter(|(object, _, _)| *object == name);
    match (special.next(), named.next(), special.next()) {
        (None, None, _) => Ok("="),
        (Some((kind, _)), Some((_, wanted, cell)), None) if kind == wanted => Ok(cell),
        (None, Some((_, kind, _)), _) => Err(format!("does not differ in {kind} any more")),
        _ => Err(format!("differences {differences:?}")),
    }
}

#[test]
fn long_every_clang() {
    let directory = guest::work_dir("libbpf");
    let mut script = String::new();
    let mut files = Vec::new();
    for compiler in &COMPILERS {
        let of = compiler.name;
        script += &format!("attempt {of} oracle /a.efi /{of}/*\n");
        files.extend(
            objects(&directory, compiler)
                .into_iter()
                .map(|(name, path)| (format!("{of}/{name}.bpf.o"), path)),
        );
    }
    for name in CHECKED {
        let load = format!("kexec-bpf load --route handshake /{name}.efi");
        script += &format!("attempt load-{name} {load}\nkexec-bpf unload\n");
    }
    let mut guest = with_oracle(&script);
    for (name, path) in &files {
        guest = guest.file_from(name, path);
    }
    for name in CHECKED {
        let (_, path) = files
            .iter()
            .find(|(file, _)| *file == format!("{}/{name}.bpf.o", NEWEST.name))
            .expect("every object was compiled");
        let parser = std::fs::read(path).expect("read the object file");
        guest = guest.file(&format!("{name}.efi"), &tiny_uki(Some(&parser)).bytes());
    }
    let said = machine(&directory, guest).timeout_s(900).run();
    for name in CHECKED {
        said.expect(&format!("load-{name}-code"), "0");
    }
    let mut table: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for compiler in &COMPILERS {
        for (name, verdict) in verdicts(&said, compiler.name) {
            let cell = cell(&name, &verdict).unwrap_or_else(|what| {
                wrong.push(format!("{name}, clang {}: {what}", compiler.name));
                "WRONG"
            });
            table.entry(name).or_default().push(cell.to_owned());
        }
    }
    let names = COMPILERS.each_ref().map(|compiler| compiler.name);
    println!("| program | clang {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    for (name, cells) in &table {
        println!("| {name} | {} |", cells.join(" | "));
    }
    let all = table.values().map(Vec::len).sum::<usize>();
    assert_eq!(all, files.len(), "every object has a verdict");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The oracle finds what a fault in our linker would change: a word of the result, the place
/// of a variable, which no tag shows, and the offsets of the kernel's fields.
#[test]
fn long_planted_faults() {
    const FAULTS: [(&str, &str, &str); 3] = [
        ("word", "uki", "instruction"),
        ("offset", "uki", "instruction"),
        ("core", "core", "tag"),
    ];
    let directory = guest::work_dir("libbpf-faults");
    let objects = objects(&directory, &NEWEST);
    let mut script = String::new();
    for (fault, name, _) in FAULTS {
        script += &format!("attempt {fault} oracle --fault {fault} /a.efi /{name}.bpf.o\n");
    }
    let mut guest = with_oracle(&script);
    for name in ["uki", "core"] {
        guest = guest.file_from(&format!("{name}.bpf.o"), &objects[name]);
    }
    let said = machine(&directory, guest).run();
    for (fault, name, kind) in FAULTS {
        let verdict = &verdicts(&said, fault)[name];
        println!("{fault}: {} {:?}", verdict.who, verdict.differences);
        assert_eq!(verdict.who, "both", "{fault}");
        let found = verdict.differences.iter();
        let mut found = found.filter(|(found, _)| !EVERYWHERE.contains(&found.as_str()));
        assert_eq!(
            found.next().map(|(kind, _)| kind.as_str()),
            Some(kind),
            "{fault}"
        );
    }
}
