// SPDX-License-Identifier: GPL-2.0-or-later
//! The words of the kernel command line that the initramfs hooks obey: `rd.kexec_bpf` and
//! those that begin with it. Layer: pure.

use alloc::vec::Vec;

use crate::formats::cmdline::words;
use crate::formats::entries::loader_conf::seconds;

/// The crash image of an initramfs, unless the command line names another.
pub const KDUMP_PATH: &[u8] = b"/etc/kexec-bpf/kdump.efi";
/// A file that requests `hook enforce`, as `rd.kexec_bpf.enforce` does; no word takes the
/// request back.
pub const ENFORCE_PATH: &str = "/etc/kexec-bpf/enforce";
/// Put on the next kernel's command line, so that the next system does not chain again.
pub const CHAINED: &str = "rd.kexec_bpf.chained=1";
/// The time that a device may take to appear, in seconds, unless the command line
/// gives another.
pub const TIMEOUT_S: u32 = 30;

/// The `rd.kexec_bpf` words of the running kernel's command line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Words {
    /// An entry, or a path with a `/`; empty for the default.
    pub entry: Option<Vec<u8>>,
    /// Asked for, or this kernel captures a crash: its command line may be that of the
    /// kernel that crashed, but it has something else to do.
    pub off: bool,
    /// True when this system was itself started by `hook boot`.
    pub chained: bool,
    pub device: Option<Vec<u8>>,
    pub timeout_s: Option<u32>,
    pub menu: Option<Vec<u8>>,
    pub append: Vec<Vec<u8>>,
    pub kdump: Option<Vec<u8>>,
    pub enforce: bool,
    /// Skip the kernel's digest, or do not; `None` without such a word.
    pub fast: Option<bool>,
    /// Have the module unpack the initrd.
    pub unpack: bool,
}

/// Returns whether `value` clearly says no; anything else counts as a request. The
/// scripts that build an initramfs know the same words.
fn is_clear_no(value: &[u8]) -> bool {
    [&b"0"[..], b"no", b"false", b"off"].contains(&value)
}

/// Returns whether `value` clearly says yes, as a word without a value does. Used where
/// the safe side is no.
fn is_clear_yes(value: &[u8]) -> bool {
    let words = [&b""[..], b"1", b"yes", b"true", b"on"];
    words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Returns whether the initramfs will try to resume a hibernated system, by `resume=`.
#[must_use]
pub fn resumes(line: &[u8]) -> bool {
    let mut asked = false;
    for word in words(line).take_while(|word| *word != b"--") {
        asked |= word
            .strip_prefix(b"resume=")
            .is_some_and(|device| !device.is_empty());
        if word == b"noresume" || word == b"hibernate=no" {
            return false;
        }
    }
    asked
}

/// Parses the words of `line`. The last of each kind counts; those after `--` are for
/// init.
#[must_use]
pub fn parse(line: &[u8]) -> Words {
    let mut found = Words::default();
    let mut captures = false;
    for word in words(line).take_while(|word| *word != b"--") {
        // To the kernel, "key=a b" and key="a b" are the same.
        let word: Vec<u8> = word.iter().copied().filter(|byte| *byte != b'"').collect();
        let equals = word.iter().position(|byte| *byte == b'=');
        let (key, value) = word.split_at(equals.unwrap_or(word.len()));
        let value = value.get(1..).unwrap_or_default();
        // kexec sets it for a capture kernel.
        captures |= key == b"elfcorehdr";
        let Some(name) = key.strip_prefix(b"rd.kexec_bpf") else {
            continue;
        };
        let given = || Some(value.to_vec());
        match name {
            b"" => {
                found.off = value == b"0";
                found.entry = if found.off { None } else { given() };
            }
            b".chained" => found.chained = value == b"1",
            b".device" => found.device = given(),
            b".timeout" => found.timeout_s = seconds(value),
            b".menu" => found.menu = given(),
            b".append" => found.append.push(value.to_vec()),
            b".kdump" => found.kdump = given(),
            b".enforce" => found.enforce = !is_clear_no(value),
            b".fast" => found.fast = Some(is_clear_yes(value)),
            b".unpack" => found.unpack = is_clear_yes(value),
            _ => {}
        }
    }
    found.off |= captures;
    found
}

impl Words {
    /// Returns whether anything asks for a boot.
    #[must_use]
    pub fn wants_boot(&self) -> bool {
        let asked = self.entry.is_some() || self.device.is_some() || self.menu.is_some();
        asked && !self.off
    }

    /// Returns whether `hook boot`, in a system with these words, starts another one.
    #[must_use]
    pub fn chains(&self) -> bool {
        self.wants_boot() && !self.chained
    }
}
