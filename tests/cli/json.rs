// SPDX-License-Identifier: GPL-2.0-or-later
//! `--json`: read by Python's json, compared with docs/json.md and with the text.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use crate::build;
use crate::program::{Directory, PROGRAM, Run, finish};

/// Prints each value of a document as its path and itself; fails for names that occur
/// twice.
const FLATTEN: &str = r#"
import json, sys
def once(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)
def walk(value, path):
    if isinstance(value, dict):
        for name in value: walk(value[name], path + "." + name)
    elif isinstance(value, list):
        print(path + "\t[]")
        for element in value: walk(element, path)
    else:
        print(path + "\t" + json.dumps(value, ensure_ascii=False))
text = sys.stdin.buffer.read()
assert text.endswith(b"\n")
walk(json.loads(text, object_pairs_hook=once), "")
"#;

/// Returns whether docs/json.md has this member.
pub fn is_in_docs(name: &str) -> bool {
    include_str!("../../docs/json.md").contains(&format!("`{name}`"))
}

/// The values of a document, each with its path.
pub struct Document(Vec<(String, String)>);

impl Document {
    #[track_caller]
    fn read(text: &str) -> Document {
        let mut python = Command::new("python3");
        python
            .args(["-c", FLATTEN])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = python.spawn().expect("start python3");
        let mut input = child.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{text}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let pair = |line: &str| {
            let (path, value) = line.split_once('\t').unwrap();
            (path.to_owned(), value.trim_matches('"').to_owned())
        };
        let document = Document(lines.lines().map(pair).collect());
        document.is_described();
        document
    }

    /// Expects docs/json.md to have the name of each member.
    #[track_caller]
    fn is_described(&self) {
        for (path, _) in &self.0 {
            for name in path.split('.').filter(|name| !name.is_empty()) {
                assert!(is_in_docs(name), "{path}");
            }
        }
        self.has(".schema", "1");
    }

    pub fn values(&self, path: &str) -> Vec<&str> {
        let same = self.0.iter().filter(|(found, _)| found == path);
        same.map(|(_, value)| value.as_str()).collect()
    }

    #[track_caller]
    pub fn has(&self, path: &str, value: &str) {
        assert!(
            self.values(path).contains(&value),
            "{path} {value}: {:?}",
            self.0
        );
    }

    /// Returns whether there is this member, or one below it.
    pub fn is_there(&self, path: &str) -> bool {
        let below = format!("{path}.");
        self.0
            .iter()
            .any(|(found, _)| found == path || found.starts_with(&below))
    }
}

fn images(test: &str) -> Directory {
    let directory = Directory::new(test);
    fs::create_dir_all(directory.path("loader/entries")).unwrap();
    fs::create_dir_all(directory.path("EFI/Linux")).unwrap();
    directory.file("a.efi", &build::uki());
    directory.file("EFI/Linux/uki+3-1.efi", &build::uki());
    directory.file("vmlinuz", &build::bzimage());
    directory.file("b.img", &build::newc("b", &[b'b'; 6]));
    let entry =
        b"title A \"quoted\" \\ title\xff\nversion 1\nlinux /vmlinuz\noptions root=/dev/vda\n";
    directory.file("loader/entries/a.conf", entry);
    directory.file("loader/entries/bad.conf", b"linux /missing\n");
    directory
}

/// Returns the document of a command, which must be the same for both forms, and the text
/// of the same command.
#[track_caller]
pub fn both(directory: &Directory, words: &[&str]) -> (Document, Run, String) {
    let raw = |form: &str| {
        let mut command = directory.command(PROGRAM);
        command.args(words).arg(form);
        finish(&mut command)
    };
    let (short, without) = (raw("--json=short"), raw("--json"));
    assert_eq!(short.stdout, without.stdout, "a pipe gets one line");
    assert_eq!(short.stdout.matches('\n').count(), 1);
    let off = raw("--json=off");
    assert_eq!((short.code, &short.stderr), (off.code, &off.stderr));
    // The pretty form has tabs.
    let mut pretty = directory.command(PROGRAM);
    pretty.args(words).arg("--json=pretty").stdin(Stdio::null());
    let pretty = String::from_utf8(pretty.output().unwrap().stdout).unwrap();
    assert!(pretty.starts_with("{\n\t\"schema\": 1,\n"), "{pretty}");
    let document = Document::read(&short.stdout);
    let same = Document::read(&pretty);
    let stable = |document: &Document| -> Vec<_> {
        let moves = |path: &str| path.contains("age");
        document
            .0
            .iter()
            .filter(|(path, _)| !moves(path))
            .cloned()
            .collect()
    };
    assert_eq!(stable(&document), stable(&same));
    (document, short, off.stdout)
}

/// Expects each label of a text to be in the table, with a member that is in the document.
#[track_caller]
fn every_field(text: &str, column: usize, document: &Document, table: &[(&str, &str)]) {
    let mut count = 0;
    for line in text.lines().filter(|line| !line.starts_with(' ')) {
        let label = line.get(..column).unwrap_or(line).trim_end();
        let row = table.iter().find(|(name, _)| *name == label);
        let (_, path) = row.unwrap_or_else(|| panic!("no row for '{label}' of {text}"));
        assert!(
            document.is_there(path),
            "{label}: no {path} in {:?}",
            document.0
        );
        count += 1;
    }
    assert!(count > 3, "{text}");
}

#[test]
fn status() {
    let directory = images("json-status");
    let (document, run, text) = both(&directory, &["status"]);
    assert_eq!(run.code, 0);
    every_field(
        &text,
        20,
        &document,
        &[
            ("kernel", ".kernel"),
            ("image", ".isLoaded"),
            ("crash image", ".isCrashLoaded"),
            ("crash memory", ".crashReservedBytes"),
            ("crash image age", ".crashImage"),
            ("crash image fits", ".crashImage"),
            ("crash hotplug", ".crashHotplug"),
            ("on panic", ".onPanic"),
            ("panic settings", ".panicSettings.panicOnOops"),
            ("kexec_file_load", ".kexecFileLoad"),
            ("kexec_load", ".kexecLoad"),
            ("kexec_load_disabled", ".kexecLoadDisabled"),
            ("loads left", ".loadsLeft"),
            ("crash loads left", ".crashLoadsLeft"),
            ("lockdown", ".lockdown"),
            ("secure boot", ".secureBoot"),
            ("enforce", ".enforce"),
            ("CAP_SYS_BOOT", ".hasCapSysBoot"),
            ("kernel's digest", ".kernelsDigest"),
            ("initrd unpacking", ".initrdUnpacking"),
            ("handshake", ".routes"),
            ("routes", ".routes"),
        ],
    );
}

#[test]
fn list() {
    let directory = images("json-list");
    let (document, run, text) = both(&directory, &["list", "--root", "."]);
    assert_eq!((run.code, text.lines().count()), (0, 3));
    document.has(".command", "list");
    for (path, value) in [
        (".entries.id", "uki.efi"),
        (".entries.directory", "EFI/Linux"),
        (".entries.file", "uki+3-1.efi"),
        (".entries.triesLeft", "3"),
        (".entries.triesDone", "1"),
        (".entries.type", "type2"),
        (".entries.type", "type1"),
        (".entries.title", "Test OS 1"),
        (".entries.problem", "no such file: /missing"),
        (".entries.isDefault", "true"),
        (".entries.volume", "."),
    ] {
        document.has(path, value);
    }
    assert_eq!(
        document.values(".entries.triesLeft").len(),
        1,
        "only with a counter"
    );
    // The title that is not UTF-8 is an array of bytes.
    document.has(".entries.title", "255");
    assert!(
        run.stdout.contains("92,32,116,105,116,108,101,255]"),
        "{run:?}"
    );
}

#[test]
fn inspect() {
    let directory = images("json-inspect");
    let name = OsStr::from_bytes(b"gr\xfcn.efi");
    fs::copy(directory.path("a.efi"), directory.path(name)).unwrap();
    let mut command = directory.command(PROGRAM);
    let run = finish(command.args(["inspect", "--json"]).arg(name));
    Document::read(&run.stdout).has(".image", "252");
    let (document, run, text) = both(&directory, &["inspect", "a.efi"]);
    assert_eq!(run.code, 0);
    every_field(
        &text,
        14,
        &document,
        &[
            ("image", ".image"),
            ("kind", ".kind"),
            ("machine", ".machine"),
            ("signature", ".signatures"),
            ("its signature", ".kernelSignatures"),
            ("system", ".system"),
            ("kernel", ".kernel"),
            ("command line", ".commandLine"),
            ("initrd", ".initrdBytes"),
            ("microcode", ".microcodeBytes"),
            ("profiles", ".profiles"),
            ("sections", ".sections"),
            ("kexec uses", ".uses.route"),
        ],
    );
    for (path, value) in [
        (".system", "Test OS 1"),
        (".commandLine", "root=/dev/vda quiet"),
        (".sections.name", ".linux"),
        (".sections.offset", "2560"),
        (".sections.bytes", "1536"),
        (".initrdBytes", "256"),
        (".uses.parts", ".ucode"),
    ] {
        document.has(path, value);
    }
}

const PLAN: &[(&str, &str)] = &[
    ("would fail", ".wouldFail"),
    ("entry", ".entry"),
    ("image", ".image"),
    ("route", ".route"),
    ("kernel", ".kernel.offset"),
    ("initrd", ".initrd"),
    ("command line", ".commandLine"),
    ("flags", ".flags"),
    ("verified", ".verified"),
    ("lock", ".locks"),
    ("unpacking", ".memory.archives"),
    ("to load", ".memory.loadBytes"),
    ("to run", ".memory.runBytes"),
    ("verdict", ".memory.verdict"),
    ("reserved", ".reservedBytes"),
    ("hotplug", ".crashHotplug"),
    ("settings", ".panicSettings"),
];

#[test]
fn plans() {
    let directory = images("json-plan");
    let load = [
        "load",
        "-n",
        "a.efi",
        "--route=extract",
        "--initrd=b.img",
        "--append=more",
    ];
    let (document, run, text) = both(&directory, &load);
    every_field(&text, 14, &document, PLAN);
    for (path, value) in [
        (".command", "load"),
        (".route", "extract"),
        (".kernel.offset", "2560"),
        (".kernel.release", "6.12.0-test"),
        (".initrd.path", "b.img"),
        (".initrd.origin", "user"),
        (".initrd.of", ".ucode"),
        (".commandLine", "root=/dev/vda quiet more"),
        (".cmdlinePieces.reason", "from --append"),
        (".isPanic", "false"),
    ] {
        document.has(path, value);
    }
    // A load that would fail says so in the document, too.
    let fails = text.starts_with("would fail");
    assert_eq!(
        (document.is_there(".error"), document.is_there(".wouldFail")),
        (fails, fails)
    );
    if fails {
        document.has(".error.exitCode", &run.code.to_string());
    }
    let (document, _, text) = both(&directory, &["boot", "-n", "--force", "--root", ".", "a"]);
    every_field(&text, 14, &document, PLAN);
    document.has(".entry", "a.conf");
    let check = ["kdump", "check", "a.efi", "--route=extract"];
    let (document, _, text) = both(&directory, &check);
    every_field(&text, 14, &document, PLAN);
    document.has(".command", "kdump");
    document.has(".memory.archives.packedBytes", "256");
}

#[test]
fn jump() {
    let directory = images("json-exec");
    let (document, run, text) = both(&directory, &["exec", "-n"]);
    every_field(
        &text,
        14,
        &document,
        &[
            ("image", ".isLoaded"),
            ("programs", ".programs"),
            ("writable", ".writable"),
            ("jump", ".wouldJump"),
        ],
    );
    document.has(".command", "exec");
    // Nothing is loaded on this host.
    document.has(".wouldJump", "false");
    document.has(".error.exitCode", &run.code.to_string());
    assert_ne!(run.code, 0);
}

#[test]
fn warnings_and_failures() {
    let directory = images("json-failure");
    let (document, run, _) = both(&directory, &["load", "-n", "vmlinuz"]);
    document.has(".warnings.kind", "noRoot");
    assert!(run.stderr.contains("no root= and no initrd"), "{run:?}");
    let (document, run, text) = both(&directory, &["load", "missing.efi"]);
    assert_eq!((run.code, text.as_str()), (3, ""));
    for (path, value) in [
        (".error.exitCode", "3"),
        (".error.what", "missing.efi: no such file"),
        (
            ".error.hints",
            "mount the file system that holds it, or check the path",
        ),
    ] {
        document.has(path, value);
    }
    let (document, run, _) = both(&directory, &["boot", "-n", "--force", "--root", ".", "bad"]);
    assert_eq!(run.code, 3);
    document.has(".error.cause", "no such file: /missing");
    document.has(".entry", "bad.conf");
    directory.run(&["load", "x", "--json=xml"]).fails(
        2,
        "kexec-bpf: --json xml: must be one of pretty, short, off\ntry:   kexec-bpf load --help\n",
    );
}
