// SPDX-License-Identifier: GPL-2.0-or-later
//! An error as the user sees it: what failed, why, what to try, and the exit code.
//! Layer: pure.
//!
//! Each layer has its own errors, which carry the values; [`Diagnose`] is the one way
//! from any of them to a [`Diagnosis`]. `cli` prints it.

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
/// explains them to users.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// This attempt failed.
    Failed = 1,
    /// The command line is wrong, or does not fit the image.
    Usage = 2,
    /// The image, or another file that the user named, is at fault.
    BadImage = 3,
    /// The kernel lacks or refuses what is needed.
    Refused = 4,
    /// Services may be running, which a jump would not stop.
    Running = 5,
}

/// The cause of a failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    pub text: String,
    /// True when the host's state leaves no other cause.
    pub is_certain: bool,
}

/// Something that the user can try. In the variants with IMAGE, it is the `file` of the
/// diagnosis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hint {
    /// A fixed text.
    Text(&'static str),
    /// `kexec-bpf inspect IMAGE`
    Inspect,
    /// The same command, because it lists the profiles.
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
    /// The help of this command; with an empty name, the program's help.
    Help(&'static str),
    Dmesg,
    /// A hint to sign the image for IMA.
    ImaSign,
    /// A hint to use the route that needs no module.
    RouteExtract,
    /// A hint to wait for the disk.
    Wait,
    /// A hint to name the file system.
    Place,
    /// An option, by its long name.
    Flag(&'static str),
    /// A hint to leave out this option or kernel's word.
    Omit(&'static str),
    /// A hint to boot the running kernel with this much reserved; `or` is empty, or goes on
    /// with something else.
    Crashkernel {
        mib: u64,
        or: &'static str,
    },
}

impl Hint {
    /// A hint to load what nothing verifies.
    pub const EXTRACT_UNSIGNED: Hint =
        Hint::Text("or load it with --route extract --allow-unsigned-initrd");
}

/// A line about the failure that somebody else wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quote {
    /// The author: `kernel`, `verifier`, `signed`.
    pub who: &'static str,
    /// One line, as it was written.
    pub line: Vec<u8>,
}

/// An error, ready to be shown. It is on the heap, so that a result that may contain one
/// stays small.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnosis(Box<Parts>);

/// The contents of a [`Diagnosis`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
    pub exit: Exit,
    /// The failure, outermost first: `load a.efi: kexec_file_load: EPERM (1)`.
    pub what: String,
    pub cause: Option<Cause>,
    pub quotes: Vec<Quote>,
    pub hints: Vec<Hint>,
    /// The path of the file that the error is about; empty for none.
    pub file: Vec<u8>,
    /// The error number of the image's signature check, if that failed; EPERM if the
    /// kernel does not return the check's own number.
    pub signature: Option<Errno>,
}

/// An error that can be shown.
pub trait Diagnose {
    /// Returns the meaning of the error for the user, with the exit code.
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

    /// Creates the diagnosis of an attempt that failed.
    #[must_use]
    pub fn failed(what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis::new(Exit::Failed, what)
    }

    /// Creates the diagnosis of a command line that is wrong, or does not fit the image.
    #[must_use]
    pub fn usage(what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis::new(Exit::Usage, what)
    }

    /// Creates the diagnosis of a bad image or another bad file that the user named.
    #[must_use]
    pub fn bad_image(what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis::new(Exit::BadImage, what)
    }

    /// Creates the diagnosis of a file that ends before the data that its headers
    /// describe.
    #[must_use]
    pub fn cut_short(what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis::bad_image(what)
            .maybe("cut short when it was copied or downloaded")
            .with_hint("compare its size and checksum with the original's")
    }

    /// Creates the diagnosis for a kernel that lacks or refuses what is needed.
    #[must_use]
    pub fn refused(what: &dyn fmt::Display) -> Diagnosis {
        Diagnosis::new(Exit::Refused, what)
    }

    /// Sets a cause that the host's state proves.
    #[must_use]
    pub fn because(self, text: &str) -> Diagnosis {
        self.cause(text, true)
    }

    /// Sets a likely cause.
    #[must_use]
    pub fn maybe(self, text: &str) -> Diagnosis {
        self.cause(text, false)
    }

    fn cause(mut self, text: &str, is_certain: bool) -> Diagnosis {
        let text = text.into();
        self.0.cause = Some(Cause { text, is_certain });
        self
    }

    /// Sets the text of an error number as the cause, if it has one.
    #[must_use]
    pub fn because_of(self, errno: Errno) -> Diagnosis {
        match errno.text() {
            Some(text) => self.because(text),
            None => self,
        }
    }

    /// Records that the check of the image's signature failed.
    #[must_use]
    pub fn by_signature(mut self, errno: Errno) -> Diagnosis {
        self.0.signature = Some(errno);
        self
    }

    /// Replaces the hints, in this order.
    #[must_use]
    pub fn with_hints(mut self, hints: &[Hint]) -> Diagnosis {
        self.0.hints = hints.to_vec();
        self
    }

    /// Replaces the hints with one text.
    #[must_use]
    pub fn with_hint(self, text: &'static str) -> Diagnosis {
        self.with_hints(&[Hint::Text(text)])
    }

    /// Sets a hint if there is none yet.
    #[must_use]
    pub fn or_hint(self, hint: Hint) -> Diagnosis {
        match self.hints.is_empty() {
            true => self.with_hints(&[hint]),
            false => self,
        }
    }

    /// Removes a hint.
    #[must_use]
    pub fn without(mut self, hint: Hint) -> Diagnosis {
        self.0.hints.retain(|given| *given != hint);
        self
    }

    /// Advises the kernel's words in place of options, which nobody can give to a hook.
    #[must_use]
    pub fn for_hook(mut self) -> Diagnosis {
        for hint in &mut self.0.hints {
            match hint {
                Hint::Wait => *hint = Hint::Text("wait for the disk with rd.kexec_bpf.timeout=60"),
                Hint::Place => {
                    *hint = Hint::Text("name the file system with rd.kexec_bpf.device=DEV");
                }
                Hint::RouteExtract | &mut Hint::EXTRACT_UNSIGNED => *hint = Hint::Status,
                _ => {}
            }
        }
        self
    }

    #[must_use]
    pub fn with_exit(mut self, exit: Exit) -> Diagnosis {
        self.0.exit = exit;
        self
    }

    /// Replaces the description of the failure.
    #[must_use]
    pub fn with_what(mut self, what: &dyn fmt::Display) -> Diagnosis {
        self.0.what = what.to_string();
        self
    }

    /// Prefixes `what` with the place where the error occurred.
    #[must_use]
    pub fn within(self, outer: &dyn fmt::Display) -> Diagnosis {
        let what = format!("{outer}: {}", self.what);
        self.with_what(&what)
    }

    /// Sets the file that the error is about.
    #[must_use]
    pub fn about(mut self, file: &[u8]) -> Diagnosis {
        self.0.file = file.to_vec();
        self
    }

    /// Sets the file and prefixes `what` with its path.
    #[must_use]
    pub fn in_file(self, path: &[u8]) -> Diagnosis {
        self.within(&shown(path)).about(path)
    }

    /// Sets the file and prefixes `what` with `load IMAGE`.
    #[must_use]
    pub fn of_load(self, image: &[u8]) -> Diagnosis {
        self.within(&format!("load {}", shown(image))).about(image)
    }

    /// Inserts quoted lines before the existing ones.
    #[must_use]
    pub fn quote(mut self, who: &'static str, lines: Vec<Vec<u8>>) -> Diagnosis {
        let lines = lines.into_iter().map(|line| Quote { who, line });
        let later = core::mem::replace(&mut self.0.quotes, lines.collect());
        self.0.quotes.extend(later);
        self
    }

    /// Returns the cause's text; empty if no cause is known.
    #[must_use]
    pub fn cause_text(&self) -> &str {
        self.cause.as_ref().map_or("", |cause| &cause.text)
    }

    /// Returns the cause; the failure itself if none is known.
    #[must_use]
    pub fn why(&self) -> &str {
        match self.cause_text() {
            "" => &self.what,
            cause => cause,
        }
    }

    /// Returns the failure and its cause in one line.
    #[must_use]
    pub fn line(&self) -> String {
        match self.cause_text() {
            "" => self.what.clone(),
            cause => [&self.what, ": ", cause].concat(),
        }
    }

    /// Returns whether the cause is certain.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.cause.as_ref().is_some_and(|cause| cause.is_certain)
    }
}

/// Returns a path for a message, in which an empty path must be visible, too.
fn shown(path: &[u8]) -> String {
    match path.is_empty() {
        true => "(empty path)".into(),
        false => printable(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_what_is_known() {
        let found = Diagnosis::failed(&"a.efi: no such file");
        assert_eq!(found.line(), "a.efi: no such file");
        assert_eq!(found.because("why").line(), "a.efi: no such file: why");
    }

    #[test]
    fn a_hook_advises_no_option() {
        let found = Diagnosis::failed(&"x").with_hints(&[
            Hint::Wait,
            Hint::Place,
            Hint::RouteExtract,
            Hint::EXTRACT_UNSIGNED,
            Hint::Dmesg,
        ]);
        let wanted = [
            Hint::Text("wait for the disk with rd.kexec_bpf.timeout=60"),
            Hint::Text("name the file system with rd.kexec_bpf.device=DEV"),
            Hint::Status,
            Hint::Status,
            Hint::Dmesg,
        ];
        assert_eq!(found.for_hook().hints, wanted);
    }
}
