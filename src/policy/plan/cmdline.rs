// SPDX-License-Identifier: GPL-2.0-or-later
//! The next kernel's command line: one base, then the addons' lines, then the appended
//! words. Layer: pure.

use alloc::vec::Vec;

use super::options::split_profile;
use super::{Manifest, Options, PlanError};
use crate::formats::cmdline::capture::{self, Addition};
use crate::formats::cmdline::{self, reuse};
use crate::formats::image::detect::Image;
use crate::formats::image::uki::{SectionKind, Selection};
use crate::formats::source::{InputId, ReadAt, read_small};
use crate::host::Host;
use crate::policy::boot::hook;

/// The text that a command line starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CmdlineBase {
    /// Empty, apart from what is appended.
    Empty,
    /// The image's `.cmdline`.
    Image,
    /// `--command-line`.
    User,
    /// The boot entry's words.
    Entry,
    /// `--reuse-cmdline`.
    Running,
}

impl CmdlineBase {
    fn replaces_own(self) -> bool {
        matches!(
            self,
            CmdlineBase::User | CmdlineBase::Entry | CmdlineBase::Running
        )
    }
}

/// The origin of a part of the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    Base(CmdlineBase),
    /// An addon, by the number of its file.
    Addon(InputId),
    /// `--append`.
    Appended,
    /// The mark that keeps the next system from booting another one.
    Chained,
}

/// The command line and its origin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedCmdline {
    pub base: CmdlineBase,
    /// The whole line, without a NUL.
    pub text: Vec<u8>,
    /// The part that is not the image's: the base, if it replaces the image's, and
    /// everything that is appended. On the handshake route only this is passed to the
    /// kernel.
    pub users: Vec<u8>,
    /// Words of the running kernel's command line that were left out.
    pub dropped: Vec<DroppedWord>,
    /// The parts of the line in its order, none of them empty; without the words that were
    /// added for a capture kernel.
    pub pieces: Vec<(Origin, Vec<u8>)>,
    /// Words that were added for a capture kernel.
    pub added: Vec<Addition>,
}

impl PlannedCmdline {
    /// Returns whether addons contribute to it.
    #[must_use]
    pub fn has_addons(&self) -> bool {
        let mut origins = self.pieces.iter().map(|(origin, _)| origin);
        origins.any(|origin| matches!(origin, Origin::Addon(_)))
    }

    /// Returns whether the image's own command line is left out.
    #[must_use]
    pub fn replaces_own(&self) -> bool {
        self.base.replaces_own()
    }
}

/// A word of the running kernel's command line that the next kernel must not see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DroppedWord {
    pub word: Vec<u8>,
    pub reason: &'static str,
}

/// Reads the image's own command line, as the stub would pass it.
pub fn read_own<R: ReadAt + ?Sized>(
    source: &R,
    selection: &Selection,
) -> Result<Option<Vec<u8>>, PlanError> {
    let Some(slice) = selection.get(SectionKind::Cmdline) else {
        return Ok(None);
    };
    let text = read_small(source, slice, cmdline::MAX_SECTION_BYTES);
    text.map(Some).map_err(|error| PlanError::Section {
        kind: SectionKind::Cmdline,
        error,
    })
}

/// Chooses the base, joins the parts, and checks the result against `max_bytes`, the
/// limit of the next kernel.
pub fn plan<F>(
    own: Option<&[u8]>,
    max_bytes: Option<u64>,
    options: &Options,
    manifest: &Manifest<F>,
    host: &Host,
) -> Result<PlannedCmdline, PlanError> {
    let replacement = replacement(options, matches!(manifest.detected, Image::Uki { .. }));
    let is_replaced = replacement.is_some() || options.reuse_cmdline;
    let appended = cmdline::join(options.append.iter().map(|words| cmdline::mangle(words)));
    let mark: &[u8] = match takes_mark(own, is_replaced, options, host) {
        true => hook::CHAINED.as_bytes(),
        false => b"",
    };
    let append = cmdline::join([&appended[..], mark]);
    let (mut dropped, mut added) = (Vec::new(), Vec::new());
    let mut kept = Vec::new();
    let (base, mut start) = if let Some((base, text)) = replacement {
        (base, cmdline::mangle(text))
    } else if options.reuse_cmdline {
        let running = host
            .running_cmdline
            .as_deref()
            .ok_or(PlanError::NoRunningCmdline)?;
        let own_words;
        let policies: &[_] = if options.panic {
            let machine = capture::Machine {
                architecture: &host.machine,
                boot_apic_id: host.crash.boot_apic_id,
                watchdogs: &host.crash.watchdogs,
            };
            added = capture::additions(&machine, running, &append);
            own_words = capture::replaced(&added);
            &[reuse::NEXT_KERNEL, capture::CAPTURE_KERNEL, &own_words]
        } else {
            &[reuse::NEXT_KERNEL]
        };
        let reused = reuse::reuse(running, policies);
        dropped.extend(reused.dropped.iter().map(|dropped| DroppedWord {
            word: dropped.word.to_vec(),
            reason: dropped.reason,
        }));
        let start = capture::add(&reused.kept, &added);
        kept = reused.kept;
        (CmdlineBase::Running, cmdline::mangle(&start))
    } else if let Some(own) = own {
        (CmdlineBase::Image, cmdline::mangle(own))
    } else {
        (CmdlineBase::Empty, Vec::new())
    };
    if base.replaces_own() && !append.is_empty() {
        cmdline::close_quote(&mut start);
    }
    let mut pieces = Vec::new();
    let mut add = |origin, text: &[u8]| {
        if !text.is_empty() {
            pieces.push((origin, text.to_vec()));
        }
    };
    // The kernel puts the passed words after the lines of the image and the addons, so a
    // base that replaces the image's must also come after the addons' lines.
    let is_own = !base.replaces_own();
    if is_own {
        add(Origin::Base(base), &start);
    }
    for (source, addon) in manifest.addons() {
        add(Origin::Addon(source), &addon.cmdline);
    }
    if !is_own {
        add(Origin::Base(base), &start);
    }
    add(Origin::Appended, &appended);
    add(Origin::Chained, mark);
    let text = cmdline::join(pieces.iter().map(|(_, text)| text));
    let users = pieces.iter().filter(|(origin, _)| match origin {
        Origin::Base(_) => !is_own,
        Origin::Addon(_) => false,
        Origin::Appended | Origin::Chained => true,
    });
    let users = cmdline::join(users.map(|(_, text)| text));
    // The words that were added are told apart.
    for (origin, text) in &mut pieces {
        if *origin == Origin::Base(CmdlineBase::Running) {
            text.clone_from(&kept);
        }
    }
    pieces.retain(|(_, text)| !text.is_empty());
    let max_bytes = max_bytes.unwrap_or(cmdline::MAX_SECTION_BYTES);
    cmdline::check(&text, max_bytes).map_err(|error| PlanError::Cmdline {
        error,
        users: options.has_words(),
    })?;
    Ok(PlannedCmdline {
        base,
        text,
        users,
        dropped,
        pieces,
        added,
    })
}

/// Returns the words that replace the image's command line. For a UKI, a profile at their
/// beginning is not one of them, and alone it replaces nothing.
fn replacement(options: &Options, is_uki: bool) -> Option<(CmdlineBase, &[u8])> {
    let (base, words) = match &options.command_line {
        Some(words) => (CmdlineBase::User, words),
        None => (CmdlineBase::Entry, &options.entry_words),
    };
    let (profile, rest) = match is_uki {
        true => split_profile(words),
        false => (None, words.as_slice()),
    };
    // --command-line "" empties the line.
    let replaces = !rest.is_empty() || profile.is_none() && base == CmdlineBase::User;
    replaces.then_some((base, rest))
}

/// Returns whether to add the mark that keeps the next system from chaining: it is
/// wanted, and the command line may contain unsigned words.
fn takes_mark(own: Option<&[u8]>, is_replaced: bool, options: &Options, host: &Host) -> bool {
    let is_signed = own.is_some() && !is_replaced && host.is_locked_down();
    options.mark_chained && !is_signed && !host.enforces()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::image::build;
    use crate::host::{Enforce, Lockdown};
    use crate::policy::plan::build::manifest;

    #[test]
    fn a_crash_image_reuses_less_and_gets_more() {
        let host = Host {
            machine: "x86_64".into(),
            running_cmdline: Some(b"a crashkernel=1G quiet nr_cpus=8 panic=-1 -- b".to_vec()),
            ..Host::default()
        };
        let options = Options {
            reuse_cmdline: true,
            panic: true,
            append: alloc::vec![b"panic=0".to_vec()],
            ..Options::default()
        };
        let image = build::uki();
        let none = manifest(&image);
        let found = plan(None, None, &options, &none, &host).unwrap();
        let text = String::from_utf8(found.text).unwrap();
        assert!(
            text.starts_with("a panic=-1 irqpoll nr_cpus=1 reset_devices "),
            "{text}"
        );
        assert!(text.ends_with(" -- b panic=0"), "{text}");
        let dropped: Vec<_> = found.dropped.iter().map(|word| &word.word[..]).collect();
        assert_eq!(dropped, [&b"crashkernel=1G"[..], b"quiet", b"nr_cpus=8"]);
        assert!(
            !found
                .added
                .iter()
                .any(|added| added.word.starts_with("panic"))
        );
        // An image's own command line is not filtered.
        let options = Options {
            reuse_cmdline: false,
            ..options
        };
        let own = plan(Some(b"own quiet"), None, &options, &none, &host).unwrap();
        assert_eq!(own.text, b"own quiet panic=0");
        assert!(own.added.is_empty() && own.dropped.is_empty());
    }

    #[test]
    fn the_mark_goes_where_there_is_room_for_it() {
        let image = build::uki();
        let none = manifest(&image);
        let open = Host::default();
        let locked = Host {
            lockdown: Some(Lockdown::Integrity),
            ..Host::default()
        };
        let enforcing = Host {
            enforce: Some(Enforce::On),
            ..Host::default()
        };
        let replaced = Options {
            command_line: Some(b"b".to_vec()),
            ..Options::default()
        };
        let own = Some(&b"a"[..]);
        for (own, options, host, text) in [
            (own, Options::default(), &open, "a rd.kexec_bpf.chained=1"),
            (own, Options::default(), &locked, "a"),
            (own, replaced.clone(), &locked, "b rd.kexec_bpf.chained=1"),
            (None, Options::default(), &locked, "rd.kexec_bpf.chained=1"),
            (own, replaced, &enforcing, "b"),
        ] {
            let marked = Options {
                mark_chained: true,
                ..options.clone()
            };
            let line = |options| plan(own, None, options, &none, host).unwrap().text;
            assert_eq!(String::from_utf8(line(&marked)).unwrap(), text);
            assert!(!line(&options).ends_with(b"chained=1"));
        }
    }
}
