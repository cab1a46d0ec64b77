// SPDX-License-Identifier: GPL-2.0-or-later
//! Events of a load or a boot, for the code that shows them. `run` decides and acts; the
//! only texts for users that it has are those of steps and warnings. Layer: effects.

use core::fmt;

use super::entries::BootEntries;
use super::error::{RunError, Skipped};
use super::options::LoadOptions;
use super::prepared::Prepared;
use crate::diagnosis::Diagnosis;
use crate::formats::entries::loader_conf::Timeout;
use crate::formats::image::revocation::Revoked;
use crate::host::Host;
use crate::policy::boot::menu::Answer;
use crate::policy::plan::Plan;
use crate::sys::kexec::Others;

/// Shows events, and lets the user choose.
pub trait Events {
    /// Handles an event.
    fn tell(&mut self, event: Event<'_>);

    /// Lets the user choose an entry; `preselected` is selected first.
    fn choose(&mut self, entries: &BootEntries, preselected: usize, timeout: Timeout) -> Answer;
}

/// The kind of a warning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    /// An image or an addon that the firmware has revoked.
    Revoked,
    /// A companion file that is left out.
    Skipped,
    /// An initrd that the next kernel cannot unpack.
    BadInitrd,
    /// Neither an initrd nor a root.
    NoRoot,
    /// An option that has no effect here.
    NoEffect,
    /// Only the inner kernel is verified.
    Unverified,
    /// Route extract, where the module could have been expected to do it.
    Extracted,
    /// A crash image that may run out of memory.
    ScarceMemory,
    /// The kernel loads and unloads nothing more.
    Locked,
    /// A plain reboot is a kexec now.
    Reboot,
    /// An entry that cannot boot.
    Unbootable,
    /// The search for entries: a file system, a file of a boot loader.
    Search,
    /// A wish for a default entry that is ignored.
    Default,
    /// A try that was not counted.
    NotCounted,
    Other,
}

impl Topic {
    /// Returns the name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Topic::Revoked => "revoked",
            Topic::Skipped => "skipped",
            Topic::BadInitrd => "badInitrd",
            Topic::NoRoot => "noRoot",
            Topic::NoEffect => "noEffect",
            Topic::Unverified => "unverified",
            Topic::Extracted => "extracted",
            Topic::ScarceMemory => "scarceMemory",
            Topic::Locked => "locked",
            Topic::Reboot => "reboot",
            Topic::Unbootable => "unbootable",
            Topic::Search => "search",
            Topic::Default => "default",
            Topic::NotCounted => "notCounted",
            Topic::Other => "other",
        }
    }
}

/// One event.
pub enum Event<'a> {
    /// A step has begun or ended.
    Step(fmt::Arguments<'a>),
    /// A message for the user that does not stop anything.
    Warning { topic: Topic, text: &'a str },
    /// The firmware has revoked an image that is about to be loaded.
    Revoked { path: &'a [u8], why: Revoked<'a> },
    /// A companion file is left out.
    Skipped(&'a Skipped),
    /// A dry run ends with an error. Of several, the first is the one that the command ends
    /// with.
    WouldFail(&'a Diagnosis),
    /// Everything is decided; nothing has changed yet.
    Planned {
        options: &'a LoadOptions<'a>,
        load: &'a Prepared,
        /// The error of the load, if it is known to fail.
        refusal: Option<&'a RunError>,
        host: &'a Host,
    },
    /// The image is loaded.
    Loaded { path: &'a [u8], plan: &'a Plan },
    /// The jump failed, and the image is unloaded again, unless that fails as well.
    JumpFailed(Result<(), RunError>),
    /// From now on, the kernel loads and unloads nothing.
    Locked { host: &'a Host, others: Others },
    /// The jump begins.
    Jumping,
    /// An entry that might have been the default cannot boot.
    Unbootable {
        entries: &'a BootEntries,
        index: usize,
    },
    /// The entry, or the image, with this name on this file system will be loaded.
    Chosen { id: &'a [u8], volume: &'a str },
}

impl dyn Events + '_ {
    /// Reports a step.
    pub fn step(&mut self, step: fmt::Arguments<'_>) {
        self.tell(Event::Step(step));
    }

    /// Reports a problem that does not stop anything.
    pub fn warn(&mut self, text: &str) {
        self.warn_of(Topic::Other, text);
    }

    /// Reports a problem that programs may want to know apart from others.
    pub fn warn_of(&mut self, topic: Topic, text: &str) {
        self.tell(Event::Warning { topic, text });
    }
}
