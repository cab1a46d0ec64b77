// SPDX-License-Identifier: GPL-2.0-or-later
//! Whole Debian systems, which tests/systems.sh installs and names: what the package does in
//! the initrd that the system's own generator made, up to a system that is up.
//!
//! Only `tests/systems.sh` runs these tests.

use std::fs;
use std::path::{Path, PathBuf};

use guest::disk::BuiltDisk;
use guest::initramfs::extra_initrd;
use guest::{Disk, Machine, Partition, Payload, Transcript, second_initrd};

use crate::initramfs::{expect_chained, expect_console, payloads};

/// Names the directory of the system, in the environment.
const VARIABLE: &str = "KEXEC_BPF_TEST_SYSTEM";
/// The last line of the menu.
const MENU: &str = "q quits.";
/// The UUID of the LUKS container that tests/systems.sh makes.
const CONTAINER: &str = "01234567-89ab-cdef-0123-456789abcdef";
/// The time that a guest may take; some make an initrd or a dump.
const GUEST_S: u64 = 1200;
/// The time that udev may take to find the disk, which is more than 30 s on a busy host.
const DISKS_S: u64 = 300;

/// An installed system: a kernel, initrds, and a root file system.
struct System(PathBuf);

impl System {
    fn named() -> Self {
        let path = std::env::var_os(VARIABLE);
        Self(path.expect("tests/systems.sh names a system").into())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn name(&self) -> String {
        let name = self.0.file_name().expect("a directory has a name");
        name.to_string_lossy().into_owned()
    }

    fn has_kdump_tools(&self) -> bool {
        self.name().ends_with("initramfs-tools")
    }

    /// Returns the beginning of the prompt for the passphrase.
    fn prompt(&self) -> &'static str {
        match self.name() {
            name if name.ends_with("-initramfs-tools") => "Please unlock disk cryptroot",
            // Without systemd it is cryptsetup's own.
            name if name.ends_with("-scripts") => "Enter passphrase for",
            _ => "Please enter passphrase",
        }
    }

    /// Makes an empty directory for a test.
    fn work_dir(&self, test: &str) -> PathBuf {
        guest::work_dir(&format!("systems-{}-{test}", self.name()))
    }

    /// Returns a guest with one of the system's initrds.
    fn machine(&self, directory: &Path, initrd: &str, words: &str) -> Machine {
        let initrd = fs::read(self.file(initrd)).expect("read the initrd");
        self.with_initrd(directory, initrd, words)
    }

    fn with_initrd(&self, directory: &Path, initrd: Vec<u8>, words: &str) -> Machine {
        Machine::with_image(directory, &self.file("vmlinuz"), initrd)
            .memory_mb(1024)
            .timeout_s(GUEST_S)
            .append(&format!("rw rd.kexec_bpf.timeout={DISKS_S} {words}"))
    }

    /// Begins a disk with the system.
    fn disk(&self, directory: &Path) -> Disk {
        Disk::new(directory).root_from(&self.file("root.img"))
    }
}

/// Adds an entry with the system's own kernel and two initrds.
fn entry(disk: Disk, system: &System, nonce: &str, payload: &[Payload; 2]) -> Disk {
    let conf = format!(
        "title Other\nlinux /other/vmlinuz\ninitrd /other/a.img\ninitrd /other/b.img\n\
         options console=ttyS0 nonce={nonce}\n"
    );
    disk.esp("loader/entries/other+3.conf", conf.as_bytes())
        .file_from(Partition::Esp, "other/vmlinuz", &system.file("vmlinuz"))
        .esp("other/a.img", &extra_initrd(&[&payload[0]]))
        .esp("other/b.img", &second_initrd(&[&payload[1]]))
}

/// Expects the system to have come up as if nothing had asked for another one.
fn expect_normal(said: &Transcript, root: &str) {
    said.expect("normal", "boot");
    said.expect("root", root);
    assert!(said.all("teardown").is_empty(), "it jumped");
}

/// The default entry of the ESP is booted and counted.
#[test]
fn long_chain() {
    let system = System::named();
    let directory = system.work_dir("chain");
    let (nonce, payload) = (guest::nonce(), payloads());
    let disk = entry(system.disk(&directory), &system, &nonce, &payload).build();
    let said = system
        .machine(&directory, "initrd.img", "root=LABEL=root rd.kexec_bpf")
        .disk(disk.path())
        .run();
    expect_chained(&said, &nonce, &[&payload[0], &payload[1]]);
    let names = disk.names(Partition::Esp, "loader/entries");
    assert_eq!(names, ["other+2-1.conf"]);
}

/// Nothing to boot on the ESP: the reason is shown, and the system comes up. For another disk
/// with entries, the program waits all of the time that it has.
#[test]
fn long_empty_esp_falls_through() {
    let system = System::named();
    let directory = system.work_dir("empty");
    let disk = system.disk(&directory).esp("EFI/empty", b"").build();
    let words = "root=LABEL=root rd.kexec_bpf= rd.kexec_bpf.timeout=100";
    let said = system
        .machine(&directory, "initrd.img", words)
        .disk(disk.path())
        .run();
    expect_normal(&said, "/dev/vda2");
    expect_console(&said, "kexec-bpf: no boot entries");
}

/// The menu comes before the prompt for the passphrase. Who leaves the menu types the
/// passphrase and is in the system; who chooses an entry needs none.
#[test]
fn long_menu_before_the_prompt() {
    let system = System::named();
    let directory = system.work_dir("prompt");
    let (nonce, payload) = (guest::nonce(), payloads());
    let disk = Disk::new(&directory).root_from(&system.file("crypt-root.img"));
    let disk = entry(disk, &system, &nonce, &payload).build();
    let prompt = system.prompt();
    // Without systemd, dracut opens only what is named twice.
    let words = format!(
        "root=/dev/mapper/cryptroot rd.luks.uuid={CONTAINER} rd.luks.name={CONTAINER}=cryptroot \
         rd.kexec_bpf.menu=600"
    );
    let said = system
        .machine(&directory, "crypt.img", &words)
        .disk(disk.path())
        .keys(MENU, b"q")
        .keys(prompt, b"secret\r")
        .run();
    expect_normal(&said, "/dev/mapper/cryptroot");
    let at = |text: &str| {
        let mut lines = said.console.iter();
        lines.position(|line| line.text.contains(text))
    };
    let (menu, question) = (at(MENU), at(prompt));
    assert!(menu.is_some() && menu < question, "{menu:?}, {question:?}");

    let chosen = directory.join("chosen");
    fs::create_dir(&chosen).expect("make a directory");
    let said = system
        .machine(&chosen, "crypt.img", &words)
        .disk(disk.path())
        .keys(MENU, b"\r")
        .run();
    expect_chained(&said, &nonce, &[&payload[0], &payload[1]]);
    let asked = said.console.iter().any(|line| line.text.contains(prompt));
    assert!(!asked, "there was a prompt");
}

/// Expects kdump-tools to have written a dump on the root partition.
fn expect_dump(said: &Transcript, disk: &BuiltDisk) {
    let crashes = disk.names(Partition::Root, "var/crash");
    let Some(when) = crashes.iter().find(|name| name.starts_with("20")) else {
        said.fail(&format!("/var/crash has {crashes:?}"));
    };
    let files = disk.names(Partition::Root, &format!("var/crash/{when}"));
    if !files.contains(&format!("dump.{when}")) {
        said.fail(&format!("the files are {files:?}"));
    }
}

/// A crash before root is mounted boots the crash image that the initrd loaded. There the
/// system comes up, and its kdump-tools, if there are any, write the dump.
#[test]
fn long_early_kdump() {
    let system = System::named();
    let directory = system.work_dir("kdump");
    let disk = system.disk(&directory).esp("EFI/empty", b"").build();
    let words = "root=LABEL=root crashkernel=384M test.early-crash";
    let said = system
        .machine(&directory, "initrd.img", words)
        .disk(disk.path())
        .boot();
    said.expect("crash", "");
    let captures = |line: &str| line.contains("elfcorehdr=") && line.contains("is=capture");
    if !said.console.iter().any(|line| captures(&line.text)) {
        said.fail("the crash image was not booted");
    }
    if system.has_kdump_tools() {
        expect_dump(&said, &disk);
    } else {
        said.expect("vmcore", "ELF");
        said.expect_end();
    }
}

/// kdump-tools replace the crash image that the initrd loaded, so their own kernel writes the
/// dump. That one has our words on its command line, and our hook in its initrd, where it
/// must not show the menu; nor is there room for a copy of the crash image.
#[test]
fn long_kdump_tools() {
    let system = System::named();
    let directory = system.work_dir("kdump-tools");
    let disk = system.disk(&directory);
    let disk = entry(disk, &system, "not-wanted", &payloads()).build();
    let words = "root=LABEL=root crashkernel=384M rd.kexec_bpf.menu=600 test.late-crash";
    let said = system
        .machine(&directory, "initrd.img", words)
        .disk(disk.path())
        .keys(MENU, b"q")
        .boot();
    expect_normal(&said, "/dev/vda2");
    expect_console(&said, "kexec-bpf: loaded /etc/kexec-bpf/kdump.efi");
    said.expect("kdump-tools", "active");
    said.expect("crash", "");
    assert_eq!(said.stopped, None);
    let early = |line: &str| line.contains("is=capture");
    if said.console.iter().any(|line| early(&line.text)) {
        said.fail("the early image was booted");
    }
    expect_dump(&said, &disk);
    let path = format!("var/lib/kdump/initrd.img-{}", said.one("release"));
    let initrd = disk.contents(Partition::Root, &path);
    let image = disk.contents(Partition::Root, "boot/kdump.efi");
    assert!((1..image.len()).contains(&initrd.len()), "{}", initrd.len());
}

/// With MODULES=dep, for which initramfs-tools must run on the machine itself.
#[test]
fn long_modules_dep() {
    let system = System::named();
    let directory = system.work_dir("dep");
    let (nonce, payload) = (guest::nonce(), payloads());
    let disk = entry(system.disk(&directory), &system, &nonce, &payload).build();
    let said = system
        .machine(&directory, "initrd.img", "root=LABEL=root test.dep")
        .disk(disk.path())
        .run();
    expect_normal(&said, "/dev/vda2");
    said.expect("made-code", "0");
    let path = format!("boot/initrd.img-{}", said.one("release"));
    let initrd = disk.contents(Partition::Root, &path);
    let most = system
        .file("initrd.img")
        .metadata()
        .expect("stat the initrd")
        .len();
    assert!(
        (1 << 20..most).contains(&(initrd.len() as u64)),
        "{}",
        initrd.len()
    );

    let second = directory.join("second");
    fs::create_dir(&second).expect("make a directory");
    let said = system
        .with_initrd(&second, initrd, "root=LABEL=root rd.kexec_bpf")
        .disk(disk.path())
        .run();
    expect_chained(&said, &nonce, &[&payload[0], &payload[1]]);
}
