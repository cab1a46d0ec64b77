// SPDX-License-Identifier: GPL-2.0-or-later
//! Jumps without a digest, pairwise over what may matter to them: size of the initrd, route,
//! firmware, processors, KASLR, kernel, command. The next kernel reports the checksum of a
//! file that is as large as the initrd, so every byte has arrived.
//!
//! While the first kernel jumps, its other processors are busy; the jump starts on the last
//! one. `make check` runs the two cheapest rows, tests/check-all.sh all of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use guest::firmware::{self, SigningKey};
use guest::handshake::{KERNEL, STRICT, initramfs_before};
use guest::{Initramfs, Kernel, Machine, Payload, Transcript, module};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Route {
    Handshake,
    Extract,
    Native,
}

/// The way in which the first kernel is started. Secure Boot needs UEFI, so it is a value of
/// this column, all of whose pairs are possible.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Firmware {
    Bios,
    Uefi,
    SecureBoot,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Command {
    /// `load`, then `exec`.
    Load,
    Boot,
}

use Command::{Boot, Load};
use Firmware::{Bios, SecureBoot, Uefi};
use Kernel::V7;
use Route::{Extract, Handshake, Native};

const KASLR: bool = true;
const NO_KASLR: bool = false;

struct Row {
    megabytes: usize,
    route: Route,
    firmware: Firmware,
    cpus: u32,
    kaslr: bool,
    kernel: Kernel,
    command: Command,
}

#[rustfmt::skip]
const fn row(
    megabytes: usize, route: Route, firmware: Firmware, cpus: u32, kaslr: bool, kernel: Kernel,
    command: Command,
) -> Row {
    Row { megabytes, route, firmware, cpus, kaslr, kernel, command }
}

/// Each pair of values of two columns is in a row.
#[rustfmt::skip]
const ROWS: [Row; 9] = [
    row(1, Handshake, Bios, 4, KASLR, KERNEL, Load),
    row(1, Extract, Uefi, 1, NO_KASLR, V7, Load),
    row(1, Native, SecureBoot, 4, NO_KASLR, KERNEL, Boot),
    row(60, Handshake, Uefi, 4, NO_KASLR, KERNEL, Boot),
    row(60, Extract, SecureBoot, 1, KASLR, KERNEL, Load),
    row(60, Native, Bios, 1, KASLR, V7, Load),
    row(200, Handshake, SecureBoot, 1, KASLR, V7, Load),
    row(200, Extract, Bios, 4, NO_KASLR, V7, Boot),
    row(200, Native, Uefi, 1, KASLR, KERNEL, Boot),
];

/// Says how a kernel was started.
const STATE: &str = r#"
state() {
    mkdir -p /sys/kernel/security
    mount -t securityfs none /sys/kernel/security
    # loadflags in struct boot_params: bit 1 is set by KASLR.
    flags=$(od -An -tu1 -j $((0x211)) -N 1 /sys/kernel/boot_params/data)
    say $1-cpus $(cat /sys/devices/system/cpu/online)
    say $1-kaslr $((flags >> 1 & 1))
    say $1-uefi $(ls /sys/firmware | grep -c efi)
    say $1-lockdown $(cat /sys/kernel/security/lockdown)
}
"#;

/// Program of pre-exec.d that keeps the processors from the second on busy until the jump.
const BUSY: &str = r#"#!/bin/sh
cpus=$(grep -c ^processor /proc/cpuinfo)
cpu=1
while [ $cpu -lt $cpus ]; do
    mask=$(printf %x $((1 << cpu)))
    setsid taskset $mask sh -c 'while :; do :; done' </dev/null >/dev/null 2>&1 &
    cpu=$((cpu + 1))
done
"#;

/// Program of pre-exec.d that says what `boot` has printed up to then. Later, it would write
/// to the same port as the next kernel.
const TELL: &str = r#"#!/bin/sh
while IFS= read -r line; do echo "@@ load $line"; done </out >/dev/ttyS1
"#;

impl Row {
    fn name(&self) -> String {
        let name = format!("jump-matrix-{}-{:?}", self.megabytes, self.route);
        name.to_lowercase()
    }

    /// The row's values, each with its column.
    fn values(&self) -> [String; 7] {
        [
            format!("{} MB", self.megabytes),
            format!("{:?}", self.route),
            format!("{:?}", self.firmware),
            format!("{} CPUs", self.cpus),
            format!("KASLR {}", self.kaslr),
            format!("kernel {:?}", self.kernel),
            format!("{:?}", self.command),
        ]
    }

    fn is_secure(&self) -> bool {
        self.firmware == SecureBoot
    }

    fn script(&self, cmdline: &str) -> String {
        let route = format!("{:?}", self.route).to_lowercase();
        let flags = format!("--fast --verbose --route {route}");
        let last = format!("taskset {:x}", 1 << (self.cpus - 1));
        let go = match self.command {
            Boot => format!(
                "{last} kexec-bpf boot {flags} --root /esp >/out 2>&1
sh /etc/kexec-bpf/pre-exec.d/tell
"
            ),
            Load => {
                let unsigned = match self.route {
                    Extract if self.is_secure() => "--allow-unsigned-initrd",
                    _ => "",
                };
                let image = match self.route {
                    Native => format!("/esp/vmlinuz --initrd /esp/initrd --append '{cmdline}'"),
                    Handshake | Extract => "/esp/EFI/Linux/a.efi".to_owned(),
                };
                format!(
                    "attempt load kexec-bpf load {flags} {unsigned} {image}
{last} kexec-bpf exec
"
                )
            }
        };
        format!(
            "{STATE}
insmod /kexec_bpf.ko timeout_ms=60000
state first
{go}"
        )
    }

    /// Adds the image as it is on an ESP, and the boot entry that it needs.
    fn add_image(
        &self,
        guest: Initramfs,
        directory: &Path,
        key: &SigningKey,
        payload: &Payload,
        cmdline: &str,
    ) -> Initramfs {
        let initrd = guest::initramfs::second(&[payload])
            .script("next", &format!("{STATE}state next\n"))
            .finish();
        let signed = |name: &str, image: PathBuf| match self.is_secure() {
            true => key.sign(directory, name, &image),
            false => image,
        };
        let kernel = signed("vmlinuz.signed", self.kernel.image());
        if self.route == Native {
            let entry = format!("linux /vmlinuz\ninitrd /initrd\noptions {cmdline}\n");
            return guest
                .file_from("esp/vmlinuz", &kernel)
                .file("esp/initrd", &initrd)
                .file("esp/loader/entries/a.conf", entry.as_bytes());
        }
        let path = directory.join("second.cpio");
        std::fs::write(&path, initrd).expect("write the initrd");
        let uki = guest::uki::Uki::new(directory, "a", cmdline)
            .linux(&kernel)
            .initrd(&path)
            .build();
        guest.file_from("esp/EFI/Linux/a.efi", &signed("a.signed.efi", uki))
    }

    fn machine(&self, directory: &Path, payload: &Payload, cmdline: &str) -> Machine {
        let key = SigningKey::new(directory);
        let module = module::module_for(self.kernel);
        let module = match self.is_secure() {
            true => key.sign_a_module(directory, &module),
            false => module,
        };
        let guest = initramfs_before(&self.script(cmdline), &module)
            .script("etc/kexec-bpf/pre-exec.d/busy", BUSY);
        let guest = match self.command {
            Boot => guest.script("etc/kexec-bpf/pre-exec.d/tell", TELL),
            Load => guest,
        };
        let guest = self.add_image(guest, directory, &key, payload, cmdline);
        let words = format!("{STRICT} {}", self.words());
        let machine = match self.firmware {
            Bios => Machine::new(directory, self.kernel, guest.finish()).append(&words),
            Uefi => firmware::guest(directory, self.kernel, guest, &words),
            SecureBoot => firmware::secure_guest(directory, &key, self.kernel, guest, &words),
        };
        let memory_mb = u32::try_from(self.megabytes * 5 + 768).expect("memory is small");
        machine.cpus(self.cpus).memory_mb(memory_mb).timeout_s(900)
    }

    /// Words of both kernels' command lines. Four processors of a busy host's guest may see no
    /// timer interrupt for so long that the kernel would panic.
    fn words(&self) -> &'static str {
        match self.kaslr {
            true => "no_timer_check",
            false => "no_timer_check nokaslr",
        }
    }

    #[track_caller]
    fn expect_state(&self, said: &Transcript, which: &str) {
        let cpus = match self.cpus {
            1 => "0".to_owned(),
            cpus => format!("0-{}", cpus - 1),
        };
        let lockdown = match self.is_secure() {
            true => "none [integrity] confidentiality",
            false => "[none] integrity confidentiality",
        };
        let number = |flag| if flag { "1" } else { "0" };
        said.expect(&format!("{which}-cpus"), &cpus);
        said.expect(&format!("{which}-kaslr"), number(self.kaslr));
        said.expect(&format!("{which}-uefi"), number(self.firmware != Bios));
        said.expect(&format!("{which}-lockdown"), lockdown);
    }

    /// Words of `--verbose` on who verified the image.
    fn verified(&self) -> &'static str {
        match self.route {
            Handshake => "signature of the whole image verified",
            Native => "nothing verifies the initrd and command line",
            Extract => "nothing verifies its initrd and command line",
        }
    }
}

/// Boots the row of this route and size.
fn jump(route: Route, megabytes: usize) {
    let mut rows = ROWS.iter();
    let row = rows.find(|row| row.route == route && row.megabytes == megabytes);
    let row = row.expect("the table has a row");
    let directory = guest::work_dir(&row.name());
    let nonce = guest::nonce();
    let payload = Payload::new("large", row.megabytes << 20);
    let words = row.words();
    let cmdline = format!("console=ttyS0 panic=-1 {words} nonce={nonce}");
    let said = row.machine(&directory, &payload, &cmdline).run();
    row.expect_state(&said, "first");
    said.expect_words("load", &["kernel's digest: skipped"]);
    if row.is_secure() {
        said.expect_words("load", &[row.verified()]);
    }
    said.expect("second", &row.kernel.release());
    said.expect("nonce", &nonce);
    said.expect("payload", &format!("large {}", payload.sha256));
    row.expect_state(&said, "next");
}

#[test]
fn handshake_1_mb() {
    jump(Handshake, 1);
}

#[test]
fn more_extract_1_mb() {
    jump(Extract, 1);
}

#[test]
fn long_native_1_mb() {
    jump(Native, 1);
}

#[test]
fn long_handshake_60_mb() {
    jump(Handshake, 60);
}

#[test]
fn long_extract_60_mb() {
    jump(Extract, 60);
}

#[test]
fn long_native_60_mb() {
    jump(Native, 60);
}

#[test]
fn long_handshake_200_mb() {
    jump(Handshake, 200);
}

#[test]
fn long_extract_200_mb() {
    jump(Extract, 200);
}

#[test]
fn long_native_200_mb() {
    jump(Native, 200);
}

/// All values of all columns meet: three sizes, three routes, three ways to start, and two
/// of everything else.
#[test]
fn every_pair_is_in_a_row() {
    let rows: Vec<[String; 7]> = ROWS.iter().map(Row::values).collect();
    let column =
        |index: usize| -> BTreeSet<&str> { rows.iter().map(|row| row[index].as_str()).collect() };
    let counts: Vec<usize> = (0..7).map(|index| column(index).len()).collect();
    assert_eq!(counts, [3, 3, 3, 2, 2, 2, 2], "values in each column");
    let mut missing = Vec::new();
    for (one, other) in (0..7).flat_map(|one| (0..one).map(move |other| (one, other))) {
        for first in column(one) {
            for second in column(other) {
                if !rows
                    .iter()
                    .any(|row| row[one] == first && row[other] == second)
                {
                    missing.push(format!("{second}, {first}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "not in any row: {missing:?}");
}
