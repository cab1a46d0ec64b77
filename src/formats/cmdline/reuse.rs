// SPDX-License-Identifier: GPL-2.0-or-later
//! Words of the running kernel's command line that the next kernel may inherit.
//! Layer: pure.
//!
//! A policy is a table of [`Rule`]s; callers pass one or more. Everything that no rule
//! names is kept, byte for byte; only a quote that is left open is closed.
use super::{close_quote, join, key, words};
use alloc::vec::Vec;

/// A rule that drops every word which sets `parameter`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule<'a> {
    /// The name of the parameter; `-` and `_` are the same, as they are to the kernel.
    pub parameter: &'a str,
    /// The reason, for display, why the next kernel must not see the word.
    pub reason: &'static str,
}

/// Words that a boot loader or a kexec added for the running kernel alone.
pub const NEXT_KERNEL: &[Rule<'_>] = &[
    Rule {
        parameter: "BOOT_IMAGE",
        reason: "names the running kernel's file",
    },
    Rule {
        parameter: "initrd",
        reason: "names the running kernel's initrd",
    },
    Rule {
        parameter: "initrdmem",
        reason: "is an address in the running kernel's memory",
    },
    Rule {
        parameter: "dtb",
        reason: "is read by the EFI stub, which kexec does not run",
    },
    Rule {
        parameter: "elfcorehdr",
        reason: "is an address that kexec sets for a capture kernel",
    },
    Rule {
        parameter: "kexec_jump_back_entry",
        reason: "is an address in the previous kernel",
    },
];

/// A word that was left out, and the reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dropped<'a> {
    pub word: &'a [u8],
    pub reason: &'static str,
}

/// The result of [`reuse`]: the kept words, joined, and the dropped ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reused<'a> {
    pub kept: Vec<u8>,
    pub dropped: Vec<Dropped<'a>>,
}

/// Filters `running`, the contents of /proc/cmdline, by all `policies`.
///
/// Words after `--` are for init, not for the kernel, so they are all kept.
pub fn reuse<'a>(running: &'a [u8], policies: &[&[Rule<'_>]]) -> Reused<'a> {
    let mut kept = Vec::new();
    let mut dropped = Vec::new();
    let mut for_init = false;
    // What ends /proc/cmdline is not part of a word, even after an open quote.
    for word in words(running.trim_ascii_end()) {
        for_init |= word == b"--";
        let mut rules = policies.iter().flat_map(|policy| policy.iter());
        match rules.find(|rule| !for_init && same_parameter(key(word), rule.parameter)) {
            Some(rule) => dropped.push(Dropped {
                word,
                reason: rule.reason,
            }),
            None => kept.push(word),
        }
    }
    let mut kept = join(kept);
    close_quote(&mut kept);
    Reused { kept, dropped }
}

/// Returns whether a word's key is this parameter's name.
pub(super) fn same_parameter(key: &[u8], parameter: &str) -> bool {
    let dashes_to_underscores = |b: u8| if b == b'-' { b'_' } else { b };
    let key = key.iter().copied().map(dashes_to_underscores);
    key.eq(parameter.bytes().map(dashes_to_underscores))
}
