// SPDX-License-Identifier: GPL-2.0-or-later
//! Events of a load or a boot, for whoever shows them. `run` decides and acts; it has no
//! text for people but that of the steps and warnings.

use core::fmt;

use super::entries::BootEntries;
use super::error::Skipped;
use super::options::LoadOptions;
use super::prepared::Prepared;
use crate::formats::entries::loader_conf::Timeout;
use crate::formats::image::revocation::Revoked;
use crate::host::Host;
use crate::policy::boot::entry::Entry;
use crate::policy::plan::Plan;
use crate::sys::kexec::Others;

/// Shows what happens, and asks a person.
pub trait Events {
    /// Takes note of what happened.
    fn tell(&mut self, event: Event<'_>);

    /// Has somebody choose an entry; `preselected` is what the end of the time takes.
    /// `None` when they left without a choice.
    fn choose(
        &mut self,
        entries: &BootEntries,
        preselected: usize,
        timeout: Timeout,
    ) -> Option<usize>;
}

/// One thing that happened.
pub enum Event<'a> {
    /// A step was begun, or done.
    Step(fmt::Arguments<'a>),
    /// Something that stops nothing, and that a person should know.
    Warning(&'a str),
    /// The firmware has revoked an image that is about to be loaded.
    Revoked { path: &'a [u8], why: Revoked<'a> },
    /// A companion file is left out.
    Skipped(&'a Skipped),
    /// All is decided; nothing has changed yet.
    Planned {
        options: &'a LoadOptions<'a>,
        load: &'a Prepared,
        host: &'a Host,
    },
    /// The image is loaded.
    Loaded { path: &'a [u8], plan: &'a Plan },
    /// From now on, the kernel loads and unloads nothing.
    Locked { host: &'a Host, others: Others },
    /// An entry that might have been the default cannot boot.
    Unbootable {
        entries: &'a BootEntries,
        index: usize,
    },
    /// This entry of this file system will be loaded.
    Chosen { entry: &'a Entry, volume: &'a str },
}

impl dyn Events + '_ {
    /// Tells a step.
    pub fn step(&mut self, step: fmt::Arguments<'_>) {
        self.tell(Event::Step(step));
    }

    /// Tells what stops nothing.
    pub fn warn(&mut self, warning: &str) {
        self.tell(Event::Warning(warning));
    }
}
