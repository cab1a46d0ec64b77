// SPDX-License-Identifier: GPL-2.0-or-later
//! One run of QEMU, without hardware acceleration, network or screen.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::kernel::Kernel;
use crate::serial::{Keys, Line, Transcript, Typist, capture};
use crate::tmux::Terminal;
use crate::tpm::Tpm;

/// UEFI firmware and the disk that it boots from.
pub(crate) struct Firmware {
    pub(crate) code: PathBuf,
    pub(crate) vars: PathBuf,
    pub(crate) disk: PathBuf,
    /// The firmware guards its variables, as Secure Boot requires.
    pub(crate) secure: bool,
}

/// Message of a guest's kernel that saw no timer interrupts, because a busy host gave QEMU
/// no processor time to deliver them.
const STARVED: &str = "IO-APIC + timer doesn't work!";
const TRIES: usize = 3;

/// More memory for a kernel that checks itself: KASAN's shadow, lockdep's tables.
const CHECKS_MEMORY_MB: u32 = 512;
const CHECKS_SLOWER: u32 = 5;

/// Returns the memory to give a guest so that it has `wanted_mb` for use.
pub fn given_memory_mb(wanted_mb: u32) -> u32 {
    match Kernel::checks_itself() {
        true => wanted_mb + CHECKS_MEMORY_MB,
        false => wanted_mb,
    }
}

/// The way a guest starts.
enum Start {
    Kernel { image: PathBuf, append: String },
    Firmware(Firmware),
}

/// A guest that can be booted.
pub struct Machine {
    directory: PathBuf,
    start: Start,
    initramfs: Vec<u8>,
    disks: Vec<PathBuf>,
    /// The keys to type on the console.
    keys: Vec<Keys>,
    memory_mb: u32,
    cpus: u32,
    has_tpm: bool,
    /// A reset starts the machine again; otherwise it ends the run.
    resets: bool,
    /// More arguments for QEMU.
    arguments: Vec<String>,
    timeout: Duration,
}

impl Machine {
    /// Makes a guest that boots `kernel` with `initramfs`; logs go to `directory`.
    pub fn new(directory: &Path, kernel: Kernel, initramfs: Vec<u8>) -> Self {
        Self::with_image(directory, &kernel.image(), initramfs)
    }

    /// Makes a guest that boots the kernel in a file.
    pub fn with_image(directory: &Path, image: &Path, initramfs: Vec<u8>) -> Self {
        let start = Start::Kernel {
            image: image.to_owned(),
            append: String::new(),
        };
        Self::starting(directory, start, initramfs)
    }

    /// Makes a guest whose firmware boots from a disk image.
    pub(crate) fn with_firmware(directory: &Path, firmware: Firmware) -> Self {
        Self::starting(directory, Start::Firmware(firmware), Vec::new())
    }

    fn starting(directory: &Path, start: Start, initramfs: Vec<u8>) -> Self {
        Self {
            directory: directory.to_owned(),
            start,
            initramfs,
            disks: Vec::new(),
            keys: Vec::new(),
            memory_mb: 512,
            cpus: 1,
            has_tpm: false,
            resets: false,
            arguments: Vec::new(),
            timeout: Duration::from_secs(300),
        }
    }

    pub fn memory_mb(mut self, memory_mb: u32) -> Self {
        self.memory_mb = memory_mb;
        self
    }

    pub fn cpus(mut self, cpus: u32) -> Self {
        self.cpus = cpus;
        self
    }

    /// Adds a new TPM 2.0.
    pub fn tpm(mut self) -> Self {
        self.has_tpm = true;
        self
    }

    /// Gives the guest a newer chipset, whose watchdog may reset the machine.
    pub fn with_watchdog(mut self) -> Self {
        let arguments = ["-machine", "q35", "-global", "ICH9-LPC.noreboot=false"];
        self.arguments.extend(arguments.map(str::to_owned));
        self
    }

    /// Lets the guest reboot.
    pub fn resets(mut self) -> Self {
        self.resets = true;
        self
    }

    /// Allocates all of the memory at the start, as in a real machine; otherwise the
    /// host allocates it when the guest first touches it.
    pub fn with_memory_at_hand(mut self) -> Self {
        let memory = format!(
            "memory-backend-ram,id=ram,prealloc=on,size={}M",
            self.memory_mb
        );
        let arguments = ["-object", &memory, "-machine", "memory-backend=ram"];
        self.arguments.extend(arguments.map(str::to_owned));
        self
    }

    /// Makes the guest's clock count instructions, one a nanosecond: the same in each run,
    /// however busy the host is.
    pub fn counting_instructions(mut self) -> Self {
        let arguments = ["-icount", "shift=0,sleep=off"];
        self.arguments.extend(arguments.map(str::to_owned));
        self
    }

    /// Sets the processor's model, by QEMU's name.
    pub fn cpu(mut self, model: &str) -> Self {
        self.arguments.extend(["-cpu", model].map(str::to_owned));
        self
    }

    /// Adds a disk; Linux calls them vda, vdb and so on.
    pub fn disk(mut self, path: &Path) -> Self {
        self.disks.push(path.to_owned());
        self
    }

    /// Types `keys` on the console once it has shown `after`, counted from the previous keys.
    pub fn keys(self, after: &str, keys: &[u8]) -> Self {
        self.typed(after, keys, false)
    }

    /// Does the same as a person would: after a while, key by key.
    pub fn keys_slowly(self, after: &str, keys: &[u8]) -> Self {
        self.typed(after, keys, true)
    }

    fn typed(mut self, after: &str, bytes: &[u8], is_slow: bool) -> Self {
        self.keys.push(Keys {
            after: after.to_owned(),
            bytes: bytes.to_vec(),
            is_slow,
        });
        self
    }

    pub fn timeout_s(mut self, seconds: u64) -> Self {
        self.timeout = Duration::from_secs(seconds);
        self
    }

    /// Adds words to the first kernel's command line.
    pub fn append(mut self, words: &str) -> Self {
        if let Start::Kernel { append, .. } = &mut self.start {
            *append += " ";
            *append += words;
        }
        self
    }

    /// Boots and waits for the power-off; fails unless the script ran to its end.
    #[track_caller]
    pub fn run(self) -> Transcript {
        let transcript = self.boot();
        transcript.expect_end();
        transcript
    }

    /// Boots, waits, and returns what the guest said. A kernel that checks itself must have
    /// found nothing.
    #[track_caller]
    pub fn boot(mut self) -> Transcript {
        if !Kernel::checks_itself() {
            return self.boot_unchecked();
        }
        self.memory_mb = given_memory_mb(self.memory_mb);
        self.timeout *= CHECKS_SLOWER;
        let transcript = self.boot_unchecked();
        transcript.expect_no_complaint();
        transcript
    }

    /// Boots and waits for the power-off, a reset or the timeout. Boots again if the host
    /// was too busy for the guest's timer, unless the guest may have written to a disk.
    fn boot_unchecked(self) -> Transcript {
        for _ in 1..TRIES {
            let transcript = self.attempt();
            let starved = |line: &Line| line.text.contains(STARVED);
            if !self.disks.is_empty() || !transcript.console.iter().any(starved) {
                return transcript;
            }
            eprintln!("a guest saw no timer interrupts: trying again");
        }
        self.attempt()
    }

    /// Starts the guest with its console on a terminal, to look at and to type on. What
    /// scripts say goes to `said.log` in the guest's directory.
    pub fn on_terminal(self) -> Terminal {
        let said = self.directory.join("said.log");
        Terminal::start(&self.directory, &self.command(true), &said)
    }

    fn attempt(&self) -> Transcript {
        let start = Instant::now();
        // Output to a file is complete; stdio is needed to type.
        let mut command = self.command(!self.keys.is_empty());
        let tpm = self.has_tpm.then(|| Tpm::start(&self.directory));
        if let Some(tpm) = &tpm {
            tpm.arguments(&mut command);
        }
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start QEMU: {error}"));
        let keyboard = child.stdin.take().expect("stdin is a pipe");
        let typist = Typist::new(keyboard, self.keys.clone());
        let output = child.stdout.take().expect("stdout is a pipe");
        let console = capture(output, start, Some(typist));
        let output = child.stderr.take().expect("stderr is a pipe");
        let said = capture(output, start, None);
        let mut stopped = None;
        loop {
            if let Some(status) = child.try_wait().expect("wait for QEMU") {
                if !status.success() {
                    stopped = Some(format!("QEMU ended with {status}"));
                }
                break;
            }
            if start.elapsed() > self.timeout {
                let _ = child.kill();
                let _ = child.wait();
                let seconds = self.timeout.as_secs();
                stopped = Some(format!("the guest was still running after {seconds} s"));
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let (console, pieces) = console.join().expect("the console's reader ends");
        let (said, _) = said.join().expect("the second port's reader ends");
        let transcript = Transcript {
            console,
            pieces,
            said,
            log: self.directory.join("console.log"),
            stopped,
        };
        transcript.save(&self.directory);
        transcript
    }

    fn command(&self, types: bool) -> Command {
        // QEMU must not outlive a test that was killed.
        let mut command = crate::host_program("setpriv");
        let console = match types {
            false => "file,id=console,path=/dev/stdout",
            true => "stdio,id=console,signal=off",
        };
        command.args(["--pdeathsig", "KILL", "qemu-system-x86_64"]);
        command
            .args(["-nodefaults", "-no-user-config"])
            .args((!self.resets).then_some("-no-reboot"))
            .args(["-display", "none"])
            // With a thread for each processor, QEMU 7.2 can translate code while another
            // processor writes it, and run a breakpoint of the kernel's text_poke() that
            // is gone again.
            .args(["-accel", "tcg,thread=single"])
            .args(["-smp", &self.cpus.to_string()])
            .args(["-m", &self.memory_mb.to_string()])
            .args(&self.arguments)
            .args(["-chardev", console])
            .args(["-serial", "chardev:console"])
            .args(["-chardev", "file,id=said,path=/dev/stderr"])
            .args(["-serial", "chardev:said"]);
        match &self.start {
            Start::Kernel { image, append } => {
                let initramfs = self.directory.join("initramfs.cpio");
                std::fs::write(&initramfs, &self.initramfs).expect("write the initramfs");
                command
                    .arg("-kernel")
                    .arg(image)
                    .arg("-initrd")
                    .arg(initramfs)
                    .arg("-append")
                    .arg(format!("console=ttyS0 panic=-1{append}"));
            }
            Start::Firmware(firmware) => firmware.arguments(&mut command),
        }
        for disk in &self.disks {
            let disk = disk.display();
            command.args(["-drive", &format!("if=virtio,format=raw,file={disk}")]);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Firmware {
    fn arguments(&self, command: &mut Command) {
        let pflash =
            |file: &Path, more: &str| format!("if=pflash,format=raw{more},file={}", file.display());
        let machine = if self.secure { "q35,smm=on" } else { "q35" };
        command
            .args(["-machine", machine])
            .args(["-drive", &pflash(&self.code, ",readonly=on")])
            .args(["-drive", &pflash(&self.vars, "")])
            .arg("-drive")
            .arg(format!("if=virtio,format=raw,file={}", self.disk.display()));
        if self.secure {
            command.args(["-global", "driver=cfi.pflash01,property=secure,value=on"]);
        }
    }
}
