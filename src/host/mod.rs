// SPDX-License-Identifier: GPL-2.0-or-later
//! The state and the abilities of the running kernel, read by `sys::host`. Layer: pure.
//!
//! It is a plain value, so that plans and explanations can be tested on any machine.
//! `None` means that the kernel does not say; nothing is guessed.

pub mod crash_record;
pub mod image_record;
pub mod init;
pub mod mounts;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crash_record::CrashRecord;
use image_record::ImageRecord;
use init::Init;

/// Everything that plans and explanations depend on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Host {
    /// `uname -r`.
    pub kernel_release: String,
    /// `uname -m`.
    pub machine: String,
    /// True when CAP_SYS_BOOT is in this thread's effective set.
    pub cap_sys_boot: bool,
    /// /sys/kernel/security/lockdown; `None` if it cannot be read.
    pub lockdown: Option<Lockdown>,
    /// The EFI variable SecureBoot; `None` without EFI variables.
    pub secure_boot: Option<bool>,
    /// /proc/sys/kernel/kexec_load_disabled.
    pub load_disabled: Option<bool>,
    /// /proc/sys/kernel/kexec_load_limit_reboot; -1 means no limit (since Linux 6.3).
    pub load_limit_reboot: Option<i64>,
    /// /proc/sys/kernel/kexec_load_limit_panic; -1 means no limit (since Linux 6.3).
    pub load_limit_panic: Option<i64>,
    /// True when kexec_file_load(2) is built into the kernel.
    pub file_load: Option<bool>,
    /// True when kexec_load(2) is built into the kernel.
    pub classic_load: Option<bool>,
    /// The module's interface; `None` without /proc/kexec_bpf.
    pub module: Option<Module>,
    /// The module's enforce, under which the kernel loads only whole, verified UKIs;
    /// `None` if the module's state cannot be read.
    pub enforce: Option<Enforce>,
    /// True when /sys/module/kexec_bpf exists.
    pub module_loaded: bool,
    /// /proc/sys/kernel/modules_disabled.
    pub modules_disabled: Option<bool>,
    /// False when /sys/kernel/btf/vmlinux is known not to exist.
    pub has_btf: bool,
    /// True while an image for `exec` is loaded.
    pub loaded: Option<bool>,
    /// The record of the image that this program loaded last, if it can be read.
    pub record: Option<ImageRecord>,
    /// The boot's random identifier, and the kernel's count of the loads that are left:
    /// where it counts, another load or unload changes this.
    pub calls: String,
    /// True while a crash (panic) image is loaded.
    pub crash_loaded: Option<bool>,
    /// The number of bytes reserved by `crashkernel=`.
    pub crash_size_bytes: Option<u64>,
    /// The settings about a crash and its capture kernel.
    pub crash: CrashSettings,
    /// The driver of the first framebuffer, from /proc/fb.
    pub framebuffer: Option<String>,
    /// /proc/cmdline without its newline.
    pub running_cmdline: Option<Vec<u8>>,
    /// True in an initramfs, by /etc/initrd-release.
    pub in_initramfs: bool,
    /// True if systemd's logind makes a kexec of a plain reboot while an image is loaded.
    pub reboot_is_kexec: bool,
    /// Process 1, by /proc/1/exe; `None` if that cannot be read.
    pub init: Option<Init>,
}

/// The settings and abilities of the running kernel that matter when it crashes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CrashSettings {
    /// The size of the ELF header that a load creates, in bytes (since Linux 6.6).
    pub elfcorehdr_bytes: Option<u64>,
    /// True when the kernel itself keeps a loaded image up to date with changes of
    /// processors. It says so only while an image is loaded (since Linux 6.6).
    pub cpu_hotplug: Option<bool>,
    /// The same for changes of memory.
    pub memory_hotplug: Option<bool>,
    /// kernel.panic: seconds until a reboot; 0 means never, less than 0 at once.
    pub panic_s: Option<i64>,
    /// kernel.panic_on_oops.
    pub panic_on_oops: Option<i64>,
    /// kernel.panic_on_warn.
    pub panic_on_warn: Option<i64>,
    /// kernel.sysrq: 1 means all functions, other values are bits.
    pub sysrq: Option<i64>,
    /// True when /sys/kernel/config/crash_dm_crypt_keys exists (since Linux 6.16).
    pub takes_crypt_keys: bool,
    /// The APIC ID of processor 0, on x86.
    pub boot_apic_id: Option<u32>,
    /// The modules of the watchdogs' drivers, each once.
    pub watchdogs: Vec<String>,
    /// CLOCK_BOOTTIME, in seconds.
    pub now_s: u64,
    /// The record of the crash image that this program loaded last.
    pub record: Option<CrashRecord>,
}

/// Returns the APIC ID of processor 0 from the beginning of /proc/cpuinfo, which lists it
/// first.
#[must_use]
pub fn boot_apic_id(cpuinfo: &str) -> Option<u32> {
    let mut fields = cpuinfo.lines().map_while(|line| line.split_once(':'));
    let (first, number) = fields.next()?;
    if first.trim() != "processor" || number.trim() != "0" {
        return None;
    }
    let (_, id) = fields.find(|(name, _)| name.trim() == "apicid")?;
    id.trim().parse().ok()
}

/// The properties of kexec_bpf.ko, as it states them; see bpf/include/kexec_bpf.h.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Module {
    pub version: String,
    /// The interface version to use with the module, or, as an error, the module's own
    /// version if there is none in common; `None` if the module does not say.
    pub abi_version: Option<Result<u32, u32>>,
    /// True when /sys/kernel/btf/kexec_bpf exists. Without it no parser can be loaded; a
    /// module of interface version 4 then refuses to be inserted.
    pub has_btf: bool,
    /// Names separated by one space.
    pub decompressors: String,
    /// Names separated by one space.
    pub default_parsers: String,
    /// The module's parameter `digest`; `None` if it has none.
    pub digest: Option<DigestMode>,
    /// True when a session can ask the module to unpack the initrd.
    pub unpacks_initrds: bool,
    /// True when a session can have its parser ready before the load.
    pub takes_early_parsers: bool,
}

/// The module's parameter `digest`: the loads for a reboot whose SHA-256 the kernel
/// computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DigestMode {
    /// All but those whose session asks for none.
    Auto,
    /// All.
    Always,
    /// None.
    Never,
    /// All: on this kernel the module cannot skip it.
    Unable,
}

impl DigestMode {
    /// Parses the parameter's text.
    #[must_use]
    pub fn parse(text: &str) -> Option<DigestMode> {
        match text {
            "auto" => Some(DigestMode::Auto),
            "always" => Some(DigestMode::Always),
            "never" => Some(DigestMode::Never),
            "unable" => Some(DigestMode::Unable),
            _ => None,
        }
    }
}

/// The state of enforce, from the module's parameter `enforce` and its `initstate`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Enforce {
    /// Nothing is enforced, for example without a module, or with one that lacks the
    /// parameter.
    Off,
    /// Until the next reboot, the kernel loads only whole, verified UKIs.
    On,
    /// Like [`Enforce::On`], but the module is being removed, so nothing can be loaded.
    Held,
}

impl Enforce {
    /// Parses the contents of the module's `parameters/enforce` and `initstate`.
    #[must_use]
    pub fn of(parameter: &[u8], init_state: &[u8]) -> Enforce {
        match (parameter.trim_ascii_end(), init_state.trim_ascii_end()) {
            (b"Y", b"live") => Enforce::On,
            (b"Y", b"going") => Enforce::Held,
            _ => Enforce::Off,
        }
    }
}

/// /sys/kernel/security/lockdown, see kernel_lockdown(7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lockdown {
    None,
    Integrity,
    Confidentiality,
}

impl Lockdown {
    /// Returns the kernel's name of the level.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Lockdown::None => "none",
            Lockdown::Integrity => "integrity",
            Lockdown::Confidentiality => "confidentiality",
        }
    }

    /// Parses the file's text, in which brackets mark the level in force:
    /// `none [integrity] confidentiality`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Lockdown> {
        let (_, rest) = text.split_once('[')?;
        match rest.split_once(']')?.0 {
            "none" => Some(Lockdown::None),
            "integrity" => Some(Lockdown::Integrity),
            "confidentiality" => Some(Lockdown::Confidentiality),
            _ => None,
        }
    }
}

impl fmt::Display for Lockdown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl Host {
    /// Returns whether the kernel is locked down at any level; false if not known.
    #[must_use]
    pub fn is_locked_down(&self) -> bool {
        matches!(
            self.lockdown,
            Some(Lockdown::Integrity | Lockdown::Confidentiality)
        )
    }

    /// Returns whether the kernel loads only what the module opened and the kernel
    /// verified; false if not known.
    #[must_use]
    pub fn enforces(&self) -> bool {
        matches!(self.enforce, Some(Enforce::On | Enforce::Held))
    }

    /// Returns whether nothing is known that makes the kernel demand signatures; false if
    /// that could not be read.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.lockdown == Some(Lockdown::None)
            && self.enforce == Some(Enforce::Off)
            && self.secure_boot != Some(true)
    }

    /// Returns the number of loads that are left for crash images (`panic`) or for other
    /// images, if the kernel limits them.
    #[must_use]
    pub fn loads_left(&self, panic: bool) -> Option<i64> {
        let limit = if panic {
            self.load_limit_panic
        } else {
            self.load_limit_reboot
        };
        limit.filter(|left| *left >= 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Enforce, Host, Lockdown, boot_apic_id};

    #[test]
    fn lockdown_takes_the_level_in_brackets() {
        for (text, level) in [
            ("[none] integrity confidentiality\n", Some(Lockdown::None)),
            (
                "none [integrity] confidentiality\n",
                Some(Lockdown::Integrity),
            ),
            (
                "none integrity [confidentiality]",
                Some(Lockdown::Confidentiality),
            ),
            ("none integrity confidentiality", None),
            ("[other]", None),
            ("[none", None),
            ("", None),
        ] {
            assert_eq!(Lockdown::parse(text), level, "{text:?}");
        }
    }

    #[test]
    fn the_parameter_counts_while_the_module_lives() {
        for (parameter, init_state, state) in [
            ("Y\n", "live\n", Enforce::On),
            ("Y\n", "going\n", Enforce::Held),
            // A module that is still starting can fail.
            ("Y\n", "coming\n", Enforce::Off),
            ("Y", "", Enforce::Off),
            ("N\n", "live\n", Enforce::Off),
            ("N\n", "going\n", Enforce::Off),
            ("1", "live", Enforce::Off),
            ("", "live", Enforce::Off),
        ] {
            let found = Enforce::of(parameter.as_bytes(), init_state.as_bytes());
            assert_eq!(found, state, "{parameter:?} {init_state:?}");
        }
        let enforces = |enforce| {
            Host {
                enforce,
                ..Host::default()
            }
            .enforces()
        };
        assert!(enforces(Some(Enforce::On)) && enforces(Some(Enforce::Held)));
        assert!(!enforces(Some(Enforce::Off)) && !enforces(None));
    }

    #[test]
    fn the_first_processor_has_an_apic_id() {
        let text = "processor\t: 0\nvendor_id\t: x\ncpu MHz\t\t: 2.5\napicid\t\t: 6\n\n";
        assert_eq!(boot_apic_id(text), Some(6));
        let second = "processor\t: 1\napicid\t\t: 2\n";
        assert_eq!(boot_apic_id(second), None);
        // Processor 0 says nothing of it; the second one does.
        assert_eq!(boot_apic_id(&["processor\t: 0\n\n", second].concat()), None);
        assert_eq!(boot_apic_id(""), None);
    }

    #[test]
    fn a_limit_of_minus_one_is_no_limit() {
        let host = Host {
            load_limit_reboot: Some(-1),
            load_limit_panic: Some(0),
            ..Host::default()
        };
        assert_eq!(host.loads_left(false), None);
        assert_eq!(host.loads_left(true), Some(0));
    }
}
