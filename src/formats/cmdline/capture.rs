// SPDX-License-Identifier: GPL-2.0-or-later
//! Words that a capture kernel must not inherit from the running kernel's command line,
//! and words that it gets instead. Layer: pure.
//!
//! The tables are the union of what Fedora's kdump-utils and Debian's kdump-tools drop
//! and add, except words that only their own initrds understand: `root=` and the `rd.*`
//! words stay, and no systemd unit is named.
use super::reuse::{Rule, same_parameter};
use super::{join, key, words};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const RESERVES: &str = "reserves memory that the capture kernel does not have";
const NETWORK_ROOT: &str = "is for a root on the network; the dump may go elsewhere";
const TAKES: &str = "takes memory that the capture kernel does not have";

const fn rule<'a>(parameter: &'a str, reason: &'static str) -> Rule<'a> {
    Rule { parameter, reason }
}

/// Words that are dropped when a capture kernel reuses a command line.
pub const CAPTURE_KERNEL: &[Rule<'_>] = &[
    rule("crashkernel", RESERVES),
    rule("hugepages", RESERVES),
    rule("hugepagesz", RESERVES),
    rule("hugetlb_cma", RESERVES),
    rule("cma", RESERVES),
    rule("swiotlb", RESERVES),
    rule("log_buf_len", TAKES),
    rule("slub_debug", TAKES),
    rule(
        "quiet",
        "hides what the capture kernel says about a failed dump",
    ),
    rule("panic_on_warn", "ends the dump at the first warning"),
    rule("abm", "is for the running system only"),
    rule("netroot", NETWORK_ROOT),
    rule("fcoe", NETWORK_ROOT),
    rule("iscsi_initiator", NETWORK_ROOT),
    rule("rd.iscsi.initiator", NETWORK_ROOT),
    rule("ignition.firstboot", "is for the running system only"),
    rule(
        "rd.kexec_bpf.kdump",
        "would load a crash image for the capture kernel",
    ),
];

/// A word that is added for a capture kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addition {
    pub word: Cow<'static, str>,
    pub reason: &'static str,
    /// The architecture, as `uname -m` names it; `None` for all.
    only: Option<&'static str>,
}

/// The properties of the running machine that words depend on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Machine<'a> {
    /// The architecture, as `uname -m` names it.
    pub architecture: &'a str,
    /// The APIC ID of processor 0, if it has one.
    pub boot_apic_id: Option<u32>,
    /// The drivers of the watchdogs, each once.
    pub watchdogs: &'a [String],
}

const fn all(word: &'static str, reason: &'static str) -> Addition {
    Addition {
        word: Cow::Borrowed(word),
        reason,
        only: None,
    }
}

const fn x86(word: &'static str, reason: &'static str) -> Addition {
    Addition {
        word: Cow::Borrowed(word),
        reason,
        only: Some("x86_64"),
    }
}

const SMALL: &str = "saves memory";

const ADDITIONS: &[Addition] = &[
    all(
        "irqpoll",
        "devices may be left with interrupts that nobody handles",
    ),
    all(
        "nr_cpus=1",
        "other processors may hang, and each takes memory",
    ),
    all(
        "reset_devices",
        "has drivers reset what the crashed kernel left running",
    ),
    all("cgroup_disable=memory", SMALL),
    all("udev.children-max=2", SMALL),
    all("panic=10", "reboots a capture kernel that panics"),
    all("novmcoredd", "device dumps take memory"),
    all("cma=0", SMALL),
    all("hugetlb_cma=0", SMALL),
    all("kfence.sample_interval=0", SMALL),
    all(
        "initramfs_options=size=90%",
        "lets the initrd take more than half of the memory (Linux 6.18)",
    ),
    all(
        "rd.systemd.gpt_auto=no",
        "keeps systemd from waiting for disks that the dump does not need",
    ),
    x86("mce=off", "keeps machine checks from stopping the dump"),
    x86("numa=off", SMALL),
    x86(
        "acpi_no_memhotplug",
        "keeps the crashed kernel's memory from being used",
    ),
    x86("transparent_hugepage=never", SMALL),
    x86("nokaslr", "keeps the kernel at a known address"),
    x86(
        "hest_disable",
        "keeps firmware errors from stopping the dump",
    ),
    x86(
        "pcie_ports=compat",
        "keeps PCIe port errors from stopping the dump",
    ),
    Addition {
        word: Cow::Borrowed("swiotlb=noforce"),
        reason: SMALL,
        only: Some("aarch64"),
    },
];

/// The words that have `hook boot` start another system.
const CHAINS: [&str; 3] = ["rd.kexec_bpf", "rd.kexec_bpf.device", "rd.kexec_bpf.menu"];

impl Machine<'_> {
    /// Returns the words that have a value of this machine in them.
    fn own(&self) -> impl Iterator<Item = Addition> {
        let own = |word, reason| Addition {
            word: Cow::Owned(word),
            reason,
            only: None,
        };
        let processor = self.boot_apic_id.map(move |id| {
            own(
                format!("disable_cpu_apicid={id}"),
                "keeps processor 0 unused, which may not start again (until Linux 6.9)",
            )
        });
        let watchdogs = self.watchdogs.iter().flat_map(move |driver| {
            let first = own(
                format!("{driver}.pretimeout=0"),
                "lets the watchdog reset the machine without a panic before",
            );
            // The parameter by which hpwdt knows that it runs in a crash.
            let second = (driver == "hpwdt").then(|| {
                own(
                    format!("{driver}.kdumptimeout=0"),
                    "lets the watchdog reset the machine",
                )
            });
            core::iter::once(first).chain(second)
        });
        processor.into_iter().chain(watchdogs)
    }
}

/// Returns the words to add to the words of `running` that a capture kernel reuses. A
/// parameter that the user sets in `append` is left to the user, and a word that has its
/// effect already is not added again. Words after `--` are init's.
#[must_use]
pub fn additions(machine: &Machine<'_>, running: &[u8], append: &[u8]) -> Vec<Addition> {
    let is_for = |only: &str| only == machine.architecture;
    ADDITIONS
        .iter()
        .cloned()
        .chain(machine.own())
        .chain(
            CHAINS
                .iter()
                .any(|word| last(word, running).is_some())
                .then(|| {
                    all(
                        "rd.kexec_bpf=0",
                        "keeps the capture kernel from booting another system",
                    )
                }),
        )
        .filter(|addition| addition.only.is_none_or(is_for))
        .filter(|addition| last(addition.parameter(), append).is_none())
        .filter(|addition| !addition.is_in(running))
        .collect()
}

/// Returns the last word that sets a parameter. For most parameters, it is the one that
/// counts.
fn last<'line>(parameter: &str, line: &'line [u8]) -> Option<&'line [u8]> {
    let words = for_kernel(line).filter(|word| same_parameter(key(word), parameter));
    words.last()
}

impl Addition {
    fn parameter(&self) -> &str {
        self.word.split('=').next().unwrap_or_default()
    }

    /// Returns whether a reused line has the word, and no rule drops it.
    fn is_in(&self, running: &[u8]) -> bool {
        let parameter = self.parameter();
        let is_dropped = |rule: &Rule<'_>| same_parameter(parameter.as_bytes(), rule.parameter);
        last(parameter, running) == Some(self.word.as_bytes())
            && !CAPTURE_KERNEL.iter().any(is_dropped)
    }
}

/// Returns rules that drop the running kernel's own values of the added parameters.
#[must_use]
pub fn replaced(additions: &[Addition]) -> Vec<Rule<'_>> {
    additions
        .iter()
        .filter_map(|addition| addition.word.split_once('='))
        .map(|(parameter, _)| rule(parameter, "is replaced for the capture kernel"))
        .collect()
}

/// Returns `line` with the additions, before the words for init.
#[must_use]
pub fn add(line: &[u8], additions: &[Addition]) -> Vec<u8> {
    let added = additions.iter().map(|addition| addition.word.as_bytes());
    let inits = words(line).skip_while(|word| *word != b"--");
    join(for_kernel(line).chain(added).chain(inits))
}

/// Returns the words before those for init.
fn for_kernel(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    words(line).take_while(|word| *word != b"--")
}
