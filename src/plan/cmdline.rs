// SPDX-License-Identifier: GPL-2.0-or-later
//! The next kernel's command line: one base, then addons, then what is
//! appended.

use alloc::vec::Vec;

use super::{PlanError, Request};
use crate::cmdline::{self, reuse};
use crate::facts::Facts;
use crate::image::source::{ReadAt, read_small};
use crate::image::uki::{SectionKind, Selection};

/// What a command line starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CmdlineBase {
    /// Nothing but what is appended.
    Empty,
    /// The image's `.cmdline`.
    Image,
    /// `--command-line`.
    User,
    /// `--reuse-cmdline`.
    Running,
}

/// The command line and how it came to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedCmdline {
    pub base: CmdlineBase,
    /// All of it, without a NUL.
    pub text: Vec<u8>,
    /// The user's part: the base unless it is the image's, and what is
    /// appended. On the handshake route only this is passed to the kernel.
    pub users: Vec<u8>,
    /// Words of the running kernel's command line that were left out.
    pub dropped: Vec<DroppedWord>,
    /// Whether addons have a part in it.
    pub has_addons: bool,
}

impl PlannedCmdline {
    /// Whether the image's own command line is left out.
    #[must_use]
    pub fn replaces_own(&self) -> bool {
        matches!(self.base, CmdlineBase::User | CmdlineBase::Running)
    }
}

/// A word of the running kernel's command line that the next one must not see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DroppedWord {
    pub word: Vec<u8>,
    pub reason: &'static str,
}

/// The image's own command line, as the stub would pass it.
pub fn read_own<R: ReadAt + ?Sized>(
    source: &R,
    selection: &Selection,
) -> Result<Option<Vec<u8>>, PlanError> {
    let Some(slice) = selection.get(SectionKind::Cmdline) else {
        return Ok(None);
    };
    Ok(Some(read_small(source, slice, cmdline::MAX_SECTION_BYTES)?))
}

/// Chooses the base, joins, and checks the result against `max_bytes`, what the
/// next kernel takes.
pub fn plan(
    own: Option<&[u8]>,
    max_bytes: Option<u64>,
    request: &Request,
    facts: &Facts,
) -> Result<PlannedCmdline, PlanError> {
    let mut dropped = Vec::new();
    let (base, start) = if let Some(text) = &request.command_line {
        (CmdlineBase::User, cmdline::mangle(text))
    } else if request.reuse_cmdline {
        let running = facts
            .running_cmdline
            .as_deref()
            .ok_or(PlanError::NoRunningCmdline)?;
        let policies: &[_] = if request.panic {
            &[reuse::NEXT_KERNEL, reuse::CAPTURE_KERNEL]
        } else {
            &[reuse::NEXT_KERNEL]
        };
        let reused = reuse::reuse(running, policies);
        dropped.extend(reused.dropped.iter().map(|dropped| DroppedWord {
            word: dropped.word.to_vec(),
            reason: dropped.reason,
        }));
        (CmdlineBase::Running, cmdline::mangle(&reused.kept))
    } else if let Some(own) = own {
        (CmdlineBase::Image, cmdline::mangle(own))
    } else {
        (CmdlineBase::Empty, Vec::new())
    };
    let addons: Vec<&[u8]> = request
        .pe_addons()
        .map(|(_, addon)| addon.cmdline.as_slice())
        .collect();
    let has_addons = addons.iter().any(|line| !line.is_empty());
    let append = cmdline::join(request.append.iter().map(|piece| cmdline::mangle(piece)));
    // The kernel puts what it is passed behind the image's and the addons'
    // lines; so a base that replaces the image's goes behind the addons', too.
    let (text, users) = match base {
        CmdlineBase::User | CmdlineBase::Running => {
            let users = cmdline::join([&start, &append]);
            (cmdline::join(addons.into_iter().chain([&users[..]])), users)
        }
        CmdlineBase::Image | CmdlineBase::Empty => {
            let own = core::iter::once(start.as_slice());
            let line = own.chain(addons).chain([append.as_slice()]);
            (cmdline::join(line), append.clone())
        }
    };
    let max_bytes = max_bytes.unwrap_or(cmdline::MAX_SECTION_BYTES);
    cmdline::check(&text, max_bytes).map_err(|error| PlanError::Cmdline {
        error,
        users: !users.is_empty(),
    })?;
    Ok(PlannedCmdline {
        base,
        text,
        users,
        dropped,
        has_addons,
    })
}
