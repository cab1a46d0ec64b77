// SPDX-License-Identifier: GPL-2.0-or-later
//! Renders the events of a load or a boot as plain text on the console. Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::parse::Parsed;
use super::report;
use super::table::{CommandId, Id};
use super::text::Page;
use super::{crash, entry, log, menu, options, plan};
use crate::diagnosis::escape::{escaped, printable};
use crate::diagnosis::{Diagnose, Diagnosis, Exit};
use crate::formats::entries::loader_conf::Timeout;
use crate::formats::json::Json;
use crate::host::Host;
use crate::policy::boot::menu::Answer;
use crate::run::entries::BootEntries;
use crate::run::events::{Event, Events, Topic};
use crate::run::{LoadOptions, Prepared, RunError};
use crate::sys::event::{now_us, since_us};
use crate::sys::signals::end_by_pipe;
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
    /// True if the dry run has said why it would fail.
    would_fail: bool,
    /// The chosen entry and its file system, until the plan is printed.
    entry: Option<(Vec<u8>, String)>,
    /// Prints JSON: whether it is indented.
    json: Option<bool>,
    /// The members so far.
    body: Json,
    /// The members of the plan. Of several plans, the last one is carried out.
    plan: Json,
    /// True if the image is loaded; `None` before a load.
    is_loaded: Option<bool>,
    /// The elements of the member `warnings`.
    warnings: Json,
    /// The exit code of a command that succeeds.
    pub exit: Exit,
    /// The error of a result that could not be written to stdout.
    unprinted: Option<Diagnosis>,
}

/// The width of a step's time.
const STEP_INDENT: u8 = 10;
/// The failure of a result that could not be written.
const UNWRITTEN: &str = "stdout: the output could not be written";
/// The label of the reason why a dry run ends with an error.
const WOULD_FAIL: &str = "would fail";
/// The version of what docs/json.md describes.
const SCHEMA: u64 = 1;

impl Console {
    pub fn new(parsed: &Parsed<'_>) -> Console {
        let name = parsed.command.map_or("", |command| command.name);
        let (verbose, dry_run) = (parsed.has(Id::Verbose), parsed.has(Id::DryRun));
        let in_hook = parsed.is(CommandId::Hook);
        // Steps say more, and a dry run loads nothing.
        if !verbose && !dry_run && !in_hook {
            progress::allow();
        }
        let mut body = Json::default();
        body.count("schema", SCHEMA);
        body.text("command", name.as_bytes());
        Console {
            verbose,
            dry_run,
            in_hook,
            start_us: now_us(),
            would_fail: false,
            entry: None,
            json: options::json(parsed),
            body,
            plan: Json::default(),
            is_loaded: None,
            warnings: Json::default(),
            exit: Exit::Done,
            unprinted: None,
        }
    }

    /// Ends the output of a command with this result; returns the exit code.
    #[inline(never)]
    pub fn finish(&mut self, result: Result<(), Diagnosis>) -> u8 {
        if self.entry.is_some() {
            let mut page = Page::new(plan::COLUMN);
            self.chosen(&mut page);
            self.result(&page);
        }
        // What the command came to says more than that it could not be told.
        let mut error = result.err().or(self.unprinted.take());
        if let Some(is_pretty) = self.json {
            let unprinted = write(&self.document(error.as_ref(), is_pretty)).err();
            error = error.or(unprinted);
        }
        let Some(error) = error else {
            return self.exit as u8;
        };
        if error.what == UNWRITTEN {
            end_by_pipe();
        }
        print_error(&report::page(&error));
        error.exit as u8
    }

    /// Returns the JSON of all that happened.
    fn document(&mut self, error: Option<&Diagnosis>, is_pretty: bool) -> String {
        let json = &mut self.body;
        json.all(&self.plan);
        if self.is_loaded.is_some() {
            json.flag("isLoaded", self.is_loaded);
        }
        json.array("warnings");
        json.all(&self.warnings);
        json.end();
        if let Some(error) = error {
            report::object(json, "error", error);
        }
        json.document(is_pretty)
    }

    /// Returns whether JSON was asked for.
    pub fn is_json(&self) -> bool {
        self.json.is_some()
    }

    /// Adds the chosen entry to the page.
    fn chosen(&mut self, page: &mut Page) {
        if let Some((id, volume)) = self.entry.take() {
            let (shown, on) = (escaped(&id), escaped(volume.as_bytes()));
            page.put("entry", format_args!("{shown} on {on}"));
            page.json.text("entry", &id);
            page.json.text("volume", volume.as_bytes());
        }
    }

    /// Forgets the entry and its plan: of several, the last one is carried out.
    fn given_up(&mut self) {
        self.plan = Json::default();
        self.entry = None;
    }

    /// Keeps a warning for the JSON.
    #[inline(never)]
    pub fn keep(&mut self, topic: Topic, about: &[u8], text: &str) {
        let json = &mut self.warnings;
        json.object("");
        json.text("kind", topic.name().as_bytes());
        json.some("about", about);
        json.text("text", text.as_bytes());
        json.end();
    }

    /// Prints a warning; it may be about a file or an entry.
    pub fn warn_about(&mut self, topic: Topic, about: &[u8], what: &str) {
        self.keep(topic, about, what);
        let mut page = Page::new(report::INDENT);
        // The text may quote a file or the image's parser.
        page.put(report::OWN, format_args!("{}", escaped(what.as_bytes())));
        self.say(&page);
    }

    /// Writes lines to stderr, and in a hook to the kernel's log as well.
    fn say(&self, page: &Page) {
        print_error(page);
        if self.in_hook {
            console::kernel_log(console::LOG_NOTICE, &page.text(None));
        }
    }

    /// Prints the result that the user asked for.
    pub fn result(&mut self, page: &Page) {
        if self.json.is_some() {
            return self.body.all(&page.json);
        }
        if let Err(error) = print(page) {
            self.unprinted = Some(error);
        }
    }

    fn step(&self, step: &str) {
        let ms = since_us(self.start_us) / 1000;
        let mut line = Page::default();
        let time = format!("[{:3}.{:03}] ", ms / 1000, ms % 1000);
        // Steps quote the image.
        line.field(&time, STEP_INDENT, &printable(step.as_bytes()));
        print_error(&line);
    }

    fn planned(
        &mut self,
        options: &LoadOptions<'_>,
        load: &Prepared,
        refusal: Option<&RunError>,
        host: &Host,
    ) {
        let estimate = load.preflight.as_ref().and_then(|it| it.estimate);
        if let Some(warning) = estimate.and_then(|estimate| estimate.scarce()) {
            self.scarce(load.image(), warning);
        }
        let is_result = self.dry_run || self.json.is_some();
        if !is_result && !self.verbose {
            return;
        }
        let mut page = Page::new(plan::COLUMN);
        if let Some(refusal) = refusal.filter(|_| !self.would_fail) {
            page.both(WOULD_FAIL, refusal.diagnose().why().as_bytes());
        }
        self.chosen(&mut page);
        plan::plan(&mut page, options, load, host);
        if self.dry_run {
            if let Some(preflight) = &load.preflight {
                crash::preflight(&mut page, preflight);
            }
        } else {
            plan::measured(&mut page, load);
            if self.verbose {
                print_error(&page);
            }
        }
        match self.json {
            Some(_) => self.plan = page.json,
            None if is_result => self.result(&page),
            None => {}
        }
    }

    /// Says why a dry run would fail: first of all, and in full what fails besides.
    fn would_fail(&mut self, found: &Diagnosis) {
        if self.would_fail {
            self.keep(Topic::Other, &found.file, &found.line());
            return self.say(&report::page(found));
        }
        self.would_fail = true;
        let mut page = Page::new(plan::COLUMN);
        page.both(WOULD_FAIL, found.why().as_bytes());
        self.result(&page);
    }

    /// Prints the warning about a crash image that may not work.
    pub fn scarce(&mut self, image: &[u8], warning: Diagnosis) {
        self.keep(Topic::ScarceMemory, image, warning.why());
        self.say(&report::page(&crash::warning(image, warning)));
    }
}

/// Prints a result to stdout.
///
/// # Errors
/// An error of stdout, such as a full disk or a closed pipe.
pub fn print(page: &Page) -> Result<(), Diagnosis> {
    write(&page.text(console::stdout().columns()))
}

/// Prints text as it is.
pub fn write(text: &str) -> Result<(), Diagnosis> {
    console::stdout()
        .write(text)
        .map_err(|errno| Diagnosis::failed(&UNWRITTEN).because_of(errno))
}

/// Prints diagnostics to stderr.
pub fn print_error(page: &Page) {
    console::write_stderr(&page.text(console::stderr().columns()));
}

impl Events for Console {
    fn tell(&mut self, event: Event<'_>) {
        match event {
            Event::Step(step) if self.verbose => self.step(&format!("{step}")),
            Event::Step(_) => {}
            Event::Warning { topic, text } => self.warn_about(topic, b"", text),
            Event::Revoked { path, why } => {
                let text = plan::revoked_text(why);
                let text = format!("warning: {}: {text}", escaped(path));
                self.warn_about(Topic::Revoked, path, &text);
            }
            Event::Skipped(skipped) => {
                let path = escaped(&skipped.path);
                let text = format!("skipped {path}: {}", skipped.why);
                self.warn_about(Topic::Skipped, &skipped.path, &text);
            }
            Event::WouldFail(found) => self.would_fail(found),
            Event::Planned {
                options,
                load,
                refusal,
                host,
            } => self.planned(options, load, refusal, host),
            // A failure to print this does not undo the load.
            Event::Loaded { path, plan } => {
                log::loaded(path, plan);
                self.is_loaded = Some(true);
                if self.json.is_none() {
                    let _ = print(&plan::summary(plan, path));
                }
            }
            Event::JumpFailed(unloaded) => {
                let text = match &unloaded {
                    Ok(()) => "the jump failed; the image is unloaded again",
                    Err(_) => "the jump failed; the image stays loaded, and a reboot may start it",
                };
                if unloaded.is_ok() {
                    log::unloaded(false);
                    self.is_loaded = Some(false);
                }
                self.warn_about(Topic::Other, b"", text);
            }
            Event::Locked { host, others } => {
                self.warn_about(Topic::Locked, b"", &plan::locked(host, others));
            }
            Event::Jumping => log::jumping(),
            Event::Unbootable { entries, index } => {
                let id = entries.entries.get(index).map(|entry| entry.id.as_slice());
                let (_, text) = entry::line(entries, index, None);
                // It has been given up, with its plan.
                self.given_up();
                self.warn_about(Topic::Unbootable, id.unwrap_or_default(), &text);
            }
            Event::Chosen { id, volume } => {
                self.given_up();
                let is_told = self.dry_run || self.verbose || self.json.is_some();
                self.entry = is_told.then(|| (id.to_vec(), volume.into()));
            }
        }
    }

    fn choose(&mut self, entries: &BootEntries, preselected: usize, timeout: Timeout) -> Answer {
        menu::choose(entries, preselected, timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::parse;
    use crate::formats::image::build;
    use std::os::unix::ffi::OsStrExt;

    /// A first entry whose files fail when they are copied has been planned already.
    #[test]
    fn the_last_of_several_plans_is_the_one_of_the_document() {
        let path = std::env::temp_dir().join(format!("console-{}.efi", std::process::id()));
        std::fs::write(&path, build::uki()).unwrap();
        let options = LoadOptions {
            image: path.as_os_str().as_bytes(),
            ..LoadOptions::default()
        };
        let host = Host::default();
        let manifest = crate::run::open(&options).unwrap();
        let load = Prepared::new(&options, manifest, &host).unwrap();
        std::fs::remove_file(&path).unwrap();
        let parsed = parse(&[b"boot", b"--json=short"]).unwrap();
        let mut console = Console::new(&parsed);
        for id in [b"a.efi", b"b.efi"] {
            let volume = "vda1";
            console.tell(Event::Chosen { id, volume });
            console.tell(Event::Planned {
                options: &options,
                load: &load,
                refusal: None,
                host: &host,
            });
        }
        console.is_loaded = Some(false);
        let document = console.document(None, false);
        for (member, count) in [
            ("\"entry\":\"b.efi\"", 1),
            ("\"entry\"", 1),
            ("\"volume\"", 1),
            ("\"cmdlinePieces\"", 1),
            ("\"isLoaded\":false", 1),
        ] {
            assert_eq!(document.matches(member).count(), count, "{document}");
        }
        // The last of them is given up, too.
        let entries = &<BootEntries as Default>::default();
        console.tell(Event::Unbootable { entries, index: 0 });
        console.body = Json::default();
        assert!(!console.document(None, false).contains("efi"));
        // One that fails before its plan.
        let mut console = Console::new(&parsed);
        console.plan.text("entry", b"a.efi");
        let (id, volume) = (&b"b.efi"[..], "vda1");
        console.tell(Event::Chosen { id, volume });
        assert!(!console.document(None, false).contains("a.efi"));
    }
}
