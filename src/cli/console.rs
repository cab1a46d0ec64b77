// SPDX-License-Identifier: GPL-2.0-or-later
//! Renders the events of a load or a boot as plain text on the console. Layer: effects.

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

use super::report::{self, INDENT};
use super::table::PROGRAM;
use super::text::field;
use super::{crash, entry, log, menu, plan};
use crate::diagnosis::Diagnosis;
use crate::diagnosis::escape::printable;
use crate::formats::entries::loader_conf::Timeout;
use crate::host::Host;
use crate::policy::boot::menu::Answer;
use crate::run::entries::BootEntries;
use crate::run::events::{Event, Events};
use crate::run::{LoadOptions, Prepared};
use crate::sys::event::{now_us, since_us};
use crate::sys::{console, progress};

/// Prints results to stdout, and everything else to stderr.
pub struct Console {
    /// Prints each step, with the seconds since the start.
    verbose: bool,
    /// Prints the plan to stdout, because it is the result.
    dry_run: bool,
    /// Sends warnings to the kernel's log as well.
    in_hook: bool,
    start_us: u64,
    /// The error of a result that could not be written to stdout.
    unprinted: Option<Diagnosis>,
}

impl Console {
    pub fn new(verbose: bool, dry_run: bool) -> Console {
        // Steps say more, and a dry run loads nothing.
        if !verbose && !dry_run {
            progress::allow();
        }
        Console {
            verbose,
            dry_run,
            in_hook: false,
            start_us: now_us(),
            unprinted: None,
        }
    }

    /// Returns the console for a hook in an initramfs.
    pub fn of_hook(verbose: bool) -> Console {
        Console {
            in_hook: true,
            ..Console::new(verbose, false)
        }
    }

    /// Ends the output.
    ///
    /// # Errors
    /// The error of stdout, if a result could not be written.
    pub fn finish(self) -> Result<(), Diagnosis> {
        self.unprinted.map_or(Ok(()), Err)
    }

    /// Prints a warning.
    pub fn warn(&self, what: &str) {
        let mut text = String::new();
        // The text may quote a file or the image's parser.
        let what = printable(what.as_bytes());
        field(&mut text, &format!("{PROGRAM}: "), INDENT, &what);
        self.say(&text);
    }

    /// Writes lines to stderr, and in a hook to the kernel's log as well.
    fn say(&self, text: &str) {
        console::write_stderr(text);
        if self.in_hook {
            console::kernel_log(console::LOG_NOTICE, text);
        }
    }

    /// Prints the result that the user asked for.
    fn result(&mut self, text: &str) {
        if let Err(error) = print(text) {
            self.unprinted = Some(error);
        }
    }

    fn step(&self, step: &str) {
        let ms = since_us(self.start_us) / 1000;
        let mut line = String::new();
        let time = format!("[{:3}.{:03}] ", ms / 1000, ms % 1000);
        // Steps quote the image.
        field(&mut line, &time, time.len(), &printable(step.as_bytes()));
        console::write_stderr(&line);
    }

    fn planned(&mut self, options: &LoadOptions<'_>, load: &Prepared, host: &Host) {
        let estimate = load.preflight.as_ref().and_then(|it| it.estimate);
        if let Some(warning) = estimate.and_then(|estimate| estimate.scarce()) {
            self.say(&report::text(&crash::warning(load.image(), warning)));
        }
        if !self.dry_run && !self.verbose {
            return;
        }
        let mut text = plan::plan_text(options, load, host);
        if !self.dry_run {
            console::write_stderr(&text);
            console::write_stderr(&plan::measured_text(load));
            return;
        }
        if let Some(preflight) = &load.preflight {
            crash::preflight_text(&mut text, preflight);
        }
        self.result(&text);
    }
}

/// Prints a result to stdout.
///
/// # Errors
/// An error of stdout, such as a full disk or a closed pipe.
pub fn print(text: &str) -> Result<(), Diagnosis> {
    console::stdout()
        .write_str(text)
        .map_err(|_| Diagnosis::failed(&"stdout: the output could not be written"))
}

impl Events for Console {
    fn tell(&mut self, event: Event<'_>) {
        match event {
            Event::Step(step) if self.verbose => self.step(&format!("{step}")),
            Event::Step(_) => {}
            Event::Warning(what) => self.warn(what),
            Event::Revoked { path, why } => {
                let text = plan::revoked_text(why);
                self.warn(&format!("warning: {}: {text}", printable(path)));
            }
            Event::Skipped(skipped) => {
                let path = printable(&skipped.path);
                self.warn(&format!("skipped {path}: {}", skipped.why));
            }
            Event::Planned {
                options,
                load,
                host,
            } => self.planned(options, load, host),
            // A failure to print this does not undo the load.
            Event::Loaded { path, plan } => {
                log::loaded(path, plan);
                let _ = print(&plan::summary(plan, path));
            }
            Event::Locked { host, others } => self.warn(&plan::locked(host, others)),
            Event::Jumping => log::jumping(),
            Event::Unbootable { entries, index } => {
                self.warn(&entry::line(entries, index, None).1);
            }
            Event::Chosen { entry, volume } => {
                let id = printable(&entry.id);
                let text = format!("{id} on {}", printable(volume.as_bytes()));
                let mut out = String::new();
                field(&mut out, "entry", plan::COLUMN, &text);
                if self.dry_run {
                    self.result(&out);
                } else if self.verbose {
                    console::write_stderr(&out);
                }
            }
        }
    }

    fn choose(&mut self, entries: &BootEntries, preselected: usize, timeout: Timeout) -> Answer {
        menu::choose(entries, preselected, timeout)
    }
}
