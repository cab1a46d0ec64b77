// SPDX-License-Identifier: GPL-2.0-or-later
//! An error as a person meets it: what failed, why, what to try, and how the
//! program ends because of it. Layer: pure.
//!
//! Each layer has errors of its own, which carry the values; [`Diagnose`] is the
//! one way from any of them to a [`Diagnosis`]. `cli` prints it.

pub mod errno;
pub mod escape;
pub mod size;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use errno::Errno;
use escape::printable;

/// Exit codes of the program. Scripts branch on the numbers; `cli::table::EXIT_CODES`
/// has their meaning for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// This one attempt failed.
    Failed = 1,
    /// The command line is wrong, or does not fit the image.
    Usage = 2,
    /// The image, or another file of the user's, is at fault.
    BadImage = 3,
    /// The kernel lacks or refuses what is needed.
    Refused = 4,
}

/// The cause of a failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    pub text: String,
    /// The facts leave no other cause.
    pub is_certain: bool,
}

/// One thing that a person can try. Those that name IMAGE mean the diagnosis'
/// file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hint {
    /// Words without anything variable.
    Text(&'static str),
    /// `kexec-bpf inspect IMAGE`
    Inspect,
    /// The same, which lists the profiles.
    Profiles,
    /// `kexec-bpf load IMAGE`
    Load,
    /// `kexec-bpf load --dry-run IMAGE`
    DryRun,
    /// `kexec-bpf kdump check IMAGE`
    KdumpCheck,
    /// `kexec-bpf status`
    Status,
    /// `kexec-bpf list`
    List,
    /// The help of this command, or with an empty name the program's.
    Help(&'static str),
    Dmesg,
    /// To sign the image for IMA.
    ImaSign,
    /// The route that needs no module.
    RouteExtract,
    /// To boot the running kernel with so much reserved, or something else.
    Crashkernel {
        mib: u64,
        or: &'static str,
    },
}

/// A line of somebody else's about the failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quote {
    /// The speaker: `kernel`, `verifier`, `signed`.
    pub who: &'static str,
    /// One line, as it was said.
    pub line: Vec<u8>,
}

/// An error, ready to be shown. On the heap, so that a result that may be one stays
/// small.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnosis(Box<Parts>);

/// All that a [`Diagnosis`] says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
    pub exit: Exit,
    /// The failure, outermost first: `load a.efi: kexec_file_load: EPERM (1)`.
    pub what: String,
    pub cause: Option<Cause>,
    pub quotes: Vec<Quote>,
    pub hints: Vec<Hint>,
    /// The path of the file that it is about; empty for none.
    pub file: Vec<u8>,
    /// The error number of the check of the image's signature, where that is what
    /// failed; EPERM where the kernel keeps the check's own to itself.
    pub signature: Option<Errno>,
}

/// An error that can be shown.
pub trait Diagnose {
    /// Returns what it means for a person, and how the program ends.
    fn diagnose(&self) -> Diagnosis;
}

impl Deref for Diagnosis {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Diagnosis {
    #[must_use]
    pub fn new(exit: Exit, what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis(Box::new(Parts {
            exit,
            what: what.to_string(),
            cause: None,
            quotes: Vec::new(),
            hints: Vec::new(),
            file: Vec::new(),
            signature: None,
        }))
    }

    /// This attempt failed.
    #[must_use]
    pub fn failed(what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis::new(Exit::Failed, what)
    }

    /// The command line is wrong, or does not fit the image.
    #[must_use]
    pub fn usage(what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis::new(Exit::Usage, what)
    }

    /// A file of the user's is at fault.
    #[must_use]
    pub fn bad_image(what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis::new(Exit::BadImage, what)
    }

    /// A file ends before what its headers name.
    #[must_use]
    pub fn cut_short(what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis::bad_image(what)
            .maybe("cut short when it was copied or downloaded")
            .with_hint("compare its size and checksum with the original's")
    }

    /// The kernel lacks or refuses what is needed.
    #[must_use]
    pub fn refused(what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis::new(Exit::Refused, what)
    }

    /// Gives the cause, which the facts prove.
    #[must_use]
    pub fn because(self, text: &str) -> Diagnosis {
        self.cause(text, true)
    }

    /// Gives a cause that is likely.
    #[must_use]
    pub fn maybe(self, text: &str) -> Diagnosis {
        self.cause(text, false)
    }

    fn cause(mut self, text: &str, is_certain: bool) -> Diagnosis {
        let text = text.into();
        self.0.cause = Some(Cause { text, is_certain });
        self
    }

    /// Gives the text of an error number as the cause, where it has one.
    #[must_use]
    pub fn because_of(self, errno: Errno) -> Diagnosis {
        match errno.text() {
            Some(text) => self.because(text),
            None => self,
        }
    }

    /// Says that it was the check of the image's signature that failed.
    #[must_use]
    pub fn by_signature(mut self, errno: Errno) -> Diagnosis {
        self.0.signature = Some(errno);
        self
    }

    /// Gives what to try, in this order, in place of what was there.
    #[must_use]
    pub fn with_hints(mut self, hints: &[Hint]) -> Diagnosis {
        self.0.hints = hints.to_vec();
        self
    }

    /// Gives words to try.
    #[must_use]
    pub fn with_hint(self, text: &'static str) -> Diagnosis {
        self.with_hints(&[Hint::Text(text)])
    }

    /// Gives what to try where nothing is known.
    #[must_use]
    pub fn or_hint(self, hint: Hint) -> Diagnosis {
        match self.hints.is_empty() {
            true => self.with_hints(&[hint]),
            false => self,
        }
    }

    /// Takes a hint back.
    #[must_use]
    pub fn without(mut self, hint: Hint) -> Diagnosis {
        self.0.hints.retain(|given| *given != hint);
        self
    }

    #[must_use]
    pub fn with_exit(mut self, exit: Exit) -> Diagnosis {
        self.0.exit = exit;
        self
    }

    /// Says what failed in place of what was said.
    #[must_use]
    pub fn with_what(mut self, what: &dyn fmt::Display) -> Diagnosis {
        self.0.what = what.to_string();
        self
    }

    /// Says in what it was met: goes before what failed.
    #[must_use]
    pub fn within(self, outer: &dyn fmt::Display) -> Diagnosis {
        let what = format!("{outer}: {}", self.what);
        self.with_what(&what)
    }

    /// Says which file it is about.
    #[must_use]
    pub fn about(mut self, file: &[u8]) -> Diagnosis {
        self.0.file = file.to_vec();
        self
    }

    /// Says which file it is about, and that it was met in that.
    #[must_use]
    pub fn in_file(self, path: &[u8]) -> Diagnosis {
        self.within(&shown(path)).about(path)
    }

    /// Says that the load of `image` met it.
    #[must_use]
    pub fn of_load(self, image: &[u8]) -> Diagnosis {
        self.within(&format!("load {}", shown(image))).about(image)
    }

    /// Adds lines of somebody else's, before those that are there.
    #[must_use]
    pub fn quote(mut self, who: &'static str, lines: impl Iterator<Item = Vec<u8>>) -> Diagnosis {
        let lines = lines.map(|line| Quote { who, line });
        self.0.quotes.splice(0..0, lines);
        self
    }

    /// Returns the cause's text; empty where none is known.
    #[must_use]
    pub fn cause_text(&self) -> &str {
        self.cause.as_ref().map_or("", |cause| &cause.text)
    }

    /// Returns whether a cause is known for certain.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.cause.as_ref().is_some_and(|cause| cause.is_certain)
    }
}

/// Returns a path for a message: one that is empty must be seen, too.
fn shown(path: &[u8]) -> String {
    match path.is_empty() {
        true => "(empty path)".into(),
        false => printable(path),
    }
}
