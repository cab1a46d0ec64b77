// SPDX-License-Identifier: GPL-2.0-or-later
//! Errors for a person in a rescue shell: what failed, the cause, what to try.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::crash;
use super::parse::UsageError;
use super::table::PROGRAM;
use super::text::{field, size};
use crate::abi::{ADDONS_MAX, PATH_BYTES};
use crate::boot::error::BootError;
use crate::errno::Errno;
use crate::escape::printable;
use crate::explain::{Explanation, Outcome};
use crate::image::error::ImageError;
use crate::plan::{Fault, PlanError};
use crate::run::{CallFailure, RunError};
use crate::sys::SysError;
use crate::sys::file::OpenError;

/// Columns of the labels `cause: ` and `try:   `.
const INDENT: usize = 7;

/// How the program ends; the codes are in `table::EXIT_CODES`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    BadImage = 3,
    Refused = 4,
}

impl Exit {
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// An error as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    pub exit: Exit,
    what: String,
    cause: Option<Cause>,
    /// (who, what it logged)
    log: Vec<(&'static str, String)>,
    hint: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Cause {
    text: String,
    certain: bool,
}

impl Report {
    pub fn failed(what: impl Into<String>) -> Report {
        Report {
            exit: Exit::Failed,
            what: what.into(),
            cause: None,
            log: Vec::new(),
            hint: None,
        }
    }

    pub fn usage(what: String, hint: String) -> Report {
        Report {
            exit: Exit::Usage,
            hint: Some(hint),
            ..Report::failed(what)
        }
    }

    pub(super) fn bad_image(path: &[u8], what: impl Into<String>) -> Report {
        Report {
            exit: Exit::BadImage,
            ..Report::failed(format!("{}: {}", shown(path), what.into()))
        }
    }

    pub(super) fn because(self, text: impl Into<String>) -> Report {
        let cause = Some(Cause {
            text: text.into(),
            certain: true,
        });
        Report { cause, ..self }
    }

    pub(super) fn maybe(self, text: impl Into<String>) -> Report {
        let cause = Some(Cause {
            text: text.into(),
            certain: false,
        });
        Report { cause, ..self }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Report {
        let hint = Some(hint.into());
        Report { hint, ..self }
    }

    pub(super) fn explained(what: String, explanation: Explanation) -> Report {
        Report {
            exit: match explanation.outcome {
                Outcome::Failed => Exit::Failed,
                Outcome::BadImage => Exit::BadImage,
                Outcome::Refused => Exit::Refused,
            },
            cause: Some(Cause {
                // The kernel's words may be those of an image's parser.
                text: printable(explanation.cause.as_bytes()),
                certain: explanation.certain,
            }),
            hint: Some(explanation.hint),
            ..Report::failed(what)
        }
    }

    fn call(what: String, failure: CallFailure) -> Report {
        let quote = |who, lines: Vec<String>| {
            let lines = lines.into_iter();
            lines.map(move |line| (who, printable(line.as_bytes())))
        };
        let signatures = failure.signatures.iter();
        let log = signatures
            .map(|note| ("signed", printable(note)))
            .chain(quote("kernel", failure.kernel_log))
            .chain(quote("verifier", failure.verifier_log))
            .collect();
        Report {
            log,
            ..Report::explained(what, failure.explanation)
        }
    }

    /// The lines for stderr, none longer than the console is wide unless a
    /// single word is.
    pub fn text(&self) -> String {
        let mut out = String::new();
        field(&mut out, &format!("{PROGRAM}: "), INDENT, &self.what);
        if let Some(cause) = &self.cause {
            let label = if cause.certain {
                "cause: "
            } else {
                "possible cause: "
            };
            field(&mut out, label, INDENT, &cause.text);
        }
        for (who, line) in &self.log {
            field(&mut out, &format!("{who}: "), INDENT, line);
        }
        if let Some(hint) = &self.hint {
            field(&mut out, "try:", INDENT, hint);
        }
        out
    }
}

impl From<UsageError> for Report {
    fn from(error: UsageError) -> Report {
        Report::usage(error.what, error.hint)
    }
}

/// A path in a message; one that is empty must be seen, too.
pub(super) fn shown(path: &[u8]) -> String {
    if path.is_empty() {
        return "(empty path)".into();
    }
    printable(path)
}

/// Puts the image's path where a hint has the word IMAGE.
fn with_image(hint: &str, path: &[u8]) -> String {
    hint.replace("IMAGE", &printable(path))
}

fn open_report(path: &[u8], error: &OpenError) -> Report {
    match error {
        OpenError::NotAFile { is } => Report::bad_image(path, format!("is {is}, not a file"))
            .hint("the path of an image or initrd file"),
        OpenError::Sys(error) => {
            let exit = match error.errno {
                Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG => Exit::BadImage,
                _ => Exit::Failed,
            };
            let report = Report {
                exit,
                ..Report::bad_image(path, error.to_string())
            };
            match error.errno {
                Errno::ENOENT => report
                    .because("no such file")
                    .hint("mount the file system that holds it, or check the path"),
                Errno::EACCES => report.because("permission denied").hint("run it as root"),
                errno => match errno.text() {
                    Some(text) => report.because(text),
                    None => report,
                },
            }
        }
    }
}

/// The image may be fine; the disk is not.
fn io_report(path: &[u8], what: &str, errno: Errno) -> Report {
    let report = Report {
        exit: Exit::Failed,
        ..Report::bad_image(path, what)
    };
    let report = match errno.text() {
        Some(text) => report.because(text),
        None => report,
    };
    report.hint("dmesg; the disk or its file system may be damaged")
}

fn image_report(path: &[u8], error: &ImageError) -> Report {
    let report = Report::bad_image(path, error.to_string());
    if let Some(errno) = error.io_errno() {
        return io_report(path, &error.to_string(), errno);
    }
    let report = match error.cause() {
        Some(cause) => report.because(cause),
        None => report,
    };
    match error.hint() {
        Some(hint) => report.hint(with_image(hint, path)),
        None => report,
    }
}

fn plan_report(path: &[u8], error: &PlanError) -> Report {
    if let Some(errno) = error.io_errno() {
        return io_report(path, &error.to_string(), errno);
    }
    let report = Report {
        exit: match error.fault() {
            Fault::Image => Exit::BadImage,
            Fault::Request => Exit::Usage,
            Fault::Kernel => Exit::Refused,
            Fault::Machine => Exit::Failed,
        },
        ..Report::bad_image(path, error.to_string())
    };
    let report = match error.cause() {
        Some(cause) => report.because(cause),
        None => report,
    };
    report.hint(with_image(error.hint(), path))
}

fn boot_report(error: &BootError) -> Report {
    let report = Report {
        exit: if error.is_refused() {
            Exit::Refused
        } else if error.is_entry() {
            Exit::BadImage
        } else {
            Exit::Failed
        },
        ..Report::failed(error.to_string())
    };
    let report = match error.cause() {
        Some(cause) => report.because(cause),
        None => report,
    };
    report.hint(error.hint())
}

fn sys_report(error: &SysError) -> Report {
    let what = if error.target.is_empty() {
        error.to_string()
    } else {
        format!("{}: {error}", error.target)
    };
    let report = Report::failed(what);
    match error.errno {
        Errno::ENOMEM | Errno::ENOSPC => report
            .because("not enough free memory for a copy of the image")
            .hint("free memory: unmount tmpfs file systems, delete files in /tmp and /run"),
        Errno::ENOENT if !error.target.is_empty() => report
            .because("no such file")
            .hint("mount the file system that holds it, or check the path"),
        errno => match errno.text() {
            Some(text) => report.because(text),
            None => report,
        },
    }
}

impl From<RunError> for Report {
    fn from(error: RunError) -> Report {
        match error {
            RunError::Open { path, error } => open_report(&path, &error),
            RunError::EmptyInitrd { path } => Report::bad_image(&path, "the initrd is empty")
                .hint("an initrd file with content, or no --initrd"),
            RunError::AddonName { path } => {
                Report::bad_image(&path, "the addon's name is not UTF-8").hint("rename the file")
            }
            RunError::AddonPath { path } => {
                Report::bad_image(&path, "the addon's path is too long")
                    .because(format!("the module takes {} bytes", PATH_BYTES - 1))
                    .hint("a shorter path")
            }
            RunError::TooManyAddons { count } => {
                Report::failed(format!("load: {count} companion files are too many"))
                    .because(format!("at most {ADDONS_MAX} are taken"))
                    .hint("join them into fewer, or --no-extras")
            }
            RunError::Companion(skipped) => {
                Report::bad_image(&skipped.path, skipped.why.to_string())
                    .hint("the same without --strict, or with --no-extras")
            }
            RunError::Image { path, error } => image_report(&path, &error),
            RunError::Plan { path, error } => plan_report(&path, &error),
            RunError::FileChanged {
                path,
                opened_bytes,
                now_bytes,
            } => Report::bad_image(&path, "the file changed while it was loaded")
                .because(format!(
                    "it had {}, now it has {}",
                    size(opened_bytes),
                    size(now_bytes)
                ))
                .hint("wait until it is written, then the same command again"),
            RunError::Read { path, error } => image_report(&path, &ImageError::Read(error)),
            RunError::Refused { path, explanation } => {
                Report::explained(format!("load {}: refused", printable(&path)), explanation)
            }
            RunError::DoesNotFit { path, estimate } => Report {
                exit: Exit::Failed,
                ..Report::bad_image(&path, "does not fit the memory for a crash kernel")
            }
            .because(crash::too_small(&estimate, estimate.load_bytes))
            .hint(crash::hint(&estimate, "or --force")),
            RunError::Kernel { path, mut failure } => {
                let hint = with_image(&failure.explanation.hint, &path);
                failure.explanation.hint = hint;
                let what = format!("load {}: {}", printable(&path), failure.error);
                Report::call(what, *failure)
            }
            RunError::CallerGone { path, explanation } => {
                let what = format!("load {}: kexec_file_load's thread was killed", shown(&path));
                Report::explained(what, explanation)
            }
            RunError::Exec { explanation } => {
                Report::explained("exec: refused".into(), explanation)
            }
            RunError::Call { command, failure } => {
                Report::call(format!("{command}: {}", failure.error), *failure)
            }
            RunError::Sys(error) => sys_report(&error),
            RunError::Boot(error) => boot_report(&error),
            RunError::NulInCmdline => Report::failed("the command line has a NUL byte inside"),
            RunError::NoSuchInput => Report::failed("internal error: the plan names no open file"),
        }
    }
}

impl From<BootError> for Report {
    fn from(error: BootError) -> Report {
        RunError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::Report;
    use crate::explain;

    #[test]
    fn no_cause_reaches_the_terminal_raw() {
        let explanation = explain::parser("addon \x1b[2J\u{9b}K", explain::Outcome::BadImage);
        let text = Report::explained("load".into(), explanation).text();
        assert!(text.contains("cause: addon \\u{1b}[2J\\u{9b}K\n"), "{text}");
    }
}
