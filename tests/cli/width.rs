// SPDX-License-Identifier: GPL-2.0-or-later
//! The texts of each command, as terminals of three widths and a pipe get them. They are
//! in `golden/`; `KEXEC_BPF_GOLDEN=write cargo test --test cli width::` writes them anew.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::build;
use crate::program::{Directory, PROGRAM, wait};

/// A name that is not UTF-8, in a locale that has no UTF-8 at all.
const NAME: &[u8] = b"gr\xfcn.efi";

/// Labels whose texts depend on the host.
const OF_HOST: [&str; 7] = [
    "would fail",
    "verified",
    "reserved",
    "verdict",
    "hotplug",
    "settings",
    "kexec uses",
];

/// The same of `status` and `exec`.
const OF_STATUS: [&str; 15] = [
    "kernel",
    "on panic",
    "panic settings",
    "kexec_file_load",
    "kexec_load",
    "kexec_load_disabled",
    "lockdown",
    "secure boot",
    "enforce",
    "CAP_SYS_BOOT",
    "initrd unpacking",
    "handshake",
    "routes",
    "writable",
    "jump",
];

/// A host that the program alone sees: NAME is loaded for exec, and runs
/// before a jump; the kernel's words name a device that is not there.
const WORLD: &[u8] = b"mount -t tmpfs tmpfs /sys/kernel; mkdir /sys/kernel/kexec
mount -t tmpfs tmpfs /run; mkdir /run/kexec-bpf
mount --bind /dev/null /dev/kmsg
for at in kexec_ kexec/; do
    echo $LOADED >/sys/kernel/${at}loaded; echo 0 >/sys/kernel/${at}crash_loaded
    echo 0 >/sys/kernel/${at}crash_size
done
boot=$(cat /proc/sys/kernel/random/boot_id)
left=$(cat /proc/sys/kernel/kexec_load_limit_reboot 2>/dev/null || :)
{ printf '1\\0%s %s\\000999999999999\\0006.12.0\\0' $boot \"$left\"
printf 'route native, kernel\\047s digest computed\\0/boot/gr\xfcn.efi\\0root=/dev/vda2 quiet\\0'
} >/run/kexec-bpf/image
echo 'rd.kexec_bpf.device=/dev/gr\xfcn rd.kexec_bpf.timeout=0' >/run/cmdline
mount --bind /run/cmdline /proc/cmdline
mount -t tmpfs tmpfs /etc; mkdir -p /etc/kexec-bpf/pre-exec.d
for name in 10-clock 'gr\xfcn'; do
    cp /bin/true /etc/kexec-bpf/pre-exec.d/$name
done
exec \"$@\"
";

/// Runs the program on a pseudo-terminal of this width, by script(1), or with pipes;
/// returns what came out.
fn shown(
    directory: &Directory,
    columns: Option<&str>,
    world: Option<&str>,
    words: &[&[u8]],
) -> String {
    let mut line = columns.map_or(String::new(), |columns| format!("stty cols {columns} && "));
    line.push_str("exec ");
    if let Some(loaded) = world {
        directory.file("world", WORLD);
        let alone = "unshare --mount --map-root-user sh -e world";
        line.push_str(&format!("env LOADED={loaded} {alone} "));
    }
    line.push_str(PROGRAM);
    let mut line = line.into_bytes();
    for word in words {
        line.extend([b" '", *word, b"'"].concat());
    }
    // What the host refuses is on stderr, after the result.
    line.extend(match words {
        [b"load", b"missing.efi"] | [b"exec"] | [b"hook" | b"unload", ..] => &b" 2>&1"[..],
        _ => b" 2>/dev/null",
    });
    let mut command: Command = match columns {
        Some(_) => {
            let mut command = directory.command("script");
            command
                .args(["--quiet", "--command"])
                .arg(OsStr::from_bytes(&line));
            command.arg("/dev/null");
            command
        }
        None => {
            let mut command = directory.command("sh");
            command.arg("-c").arg(OsStr::from_bytes(&line));
            command
        }
    };
    command.env("SHELL", "/bin/sh").env("LC_ALL", "C");
    // Left open: script(1) would send the end of its input to the terminal.
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let output = wait(command.spawn().unwrap());
    String::from_utf8(output.stdout)
        .unwrap()
        .replace("\r\n", "\n")
}

/// Removes what depends on the host, with its further lines.
fn without_host(text: &str, labels: &[&str]) -> String {
    let mut drops = false;
    let kept = text.lines().filter(|line| {
        if !line.starts_with(' ') {
            let mut labels = labels.iter();
            drops = labels.any(|label| line.starts_with(&format!("{label} ")));
        }
        !drops
    });
    kept.map(|line| format!("{line}\n")).collect()
}

fn directory(test: &str) -> Directory {
    let directory = Directory::new(test);
    fs::create_dir_all(directory.path("loader/entries")).unwrap();
    directory.file("a.efi", &build::uki());
    directory.file(OsStr::from_bytes(NAME), &build::uki());
    directory.file("vmlinuz", &build::bzimage());
    directory.file(
        "words.addon.efi",
        &build::pe(&[(".cmdline", b"console=ttyS0,115200 loglevel=7")]),
    );
    directory.file(
        "loader/entries/a.conf",
        b"title A System With a Long Name\nversion 6.12.0-1-amd64\nlinux /vmlinuz\noptions root=/dev/vda2 rw quiet\n",
    );
    directory.file("loader/entries/b.conf", b"title B\nlinux /missing\n");
    directory
}

#[track_caller]
fn is_golden(name: &str, words: &[&[u8]]) {
    is_golden_in(None, name, words);
}

/// The same in [`WORLD`], where an image is loaded, 1, or none, 0.
#[track_caller]
fn is_golden_in(world: Option<&str>, name: &str, words: &[&[u8]]) {
    let labels = world.map_or(&OF_HOST[..], |_| &OF_STATUS);
    let directory = directory(&format!("width-{name}"));
    let mut found = String::from("# SPDX-License-Identifier: GPL-2.0-or-later\n");
    for columns in [Some("40"), Some("80"), Some("132"), None] {
        let text = shown(&directory, columns, world, words);
        if let Some(columns) = columns {
            let most: usize = columns.parse().unwrap();
            // A table is as wide as it is, and a word too.
            let fits = |line: &str| line.chars().count() <= most || line.starts_with("      ");
            let wide: Vec<_> = text.lines().filter(|line| !fits(line)).collect();
            assert!(wide.is_empty() || columns == "40", "{wide:?}");
        }
        let raw = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(raw), "{text:?}");
        let heading = columns.map_or("a pipe".into(), |columns| format!("{columns} columns"));
        found.push_str(&format!("==== {heading}\n{}", without_host(&text, labels)));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/golden/{name}.txt"));
    if std::env::var_os("KEXEC_BPF_GOLDEN").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let wanted = fs::read_to_string(&path).unwrap();
    assert!(found == wanted, "{name} is\n{found}");
}

#[test]
fn help() {
    is_golden("help", &[b"kdump", b"--help"]);
}

#[test]
fn plan() {
    is_golden(
        "load",
        &[
            b"load",
            b"-n",
            b"a.efi",
            b"--route=extract",
            b"--addon",
            b"words.addon.efi",
        ],
    );
}

#[test]
fn boot() {
    is_golden("boot", &[b"boot", b"-n", b"--root", b".", b"a"]);
}

#[test]
fn list() {
    is_golden("list", &[b"list", b"--root", b"."]);
}

#[test]
fn inspect() {
    is_golden("inspect", &[b"inspect", NAME]);
}

#[test]
fn kdump_check() {
    is_golden(
        "kdump",
        &[
            b"kdump",
            b"check",
            b"vmlinuz",
            b"--append",
            b"root=/dev/vda2",
        ],
    );
}

#[test]
fn failure() {
    is_golden("failure", &[b"load", b"missing.efi"]);
}

#[test]
fn status() {
    is_golden_in(Some("1"), "status", &[b"status"]);
}

#[test]
fn exec() {
    is_golden_in(Some("0"), "exec", &[b"exec"]);
    is_golden_in(Some("1"), "exec-plan", &[b"exec", b"-n"]);
}

#[test]
fn unload() {
    is_golden("unload", &[b"unload", NAME]);
}

#[test]
fn hook() {
    is_golden_in(Some("0"), "hook", &[b"hook", b"boot"]);
}

/// A terminal that has no width has 80 columns.
#[test]
fn a_serial_console_has_80_columns() {
    let directory = directory("width-none");
    let widest = |columns: Option<&str>| {
        let text = shown(&directory, columns, None, &[b"--help"]);
        text.lines().map(|line| line.chars().count()).max().unwrap()
    };
    assert!(widest(None) > 80);
    assert!((60..=80).contains(&widest(Some("0"))));
}
