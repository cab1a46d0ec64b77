// SPDX-License-Identifier: GPL-2.0-or-later
//! `load`: request from flags, plan, dry run or the real thing.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::parse::Parsed;
use super::report::Report;
use super::table::{Id, PROGRAM};
use super::text::{field, printable, size};
use super::{print, progress};
use crate::facts::Facts;
use crate::plan::{CmdlineBase, InitrdOrigin, InitrdPart, Plan, Request, Route};
use crate::plan::{PCR_CONFIG, PCR_SYSEXT};
use crate::run::{self, Inputs, RunError, Skipped};
use crate::sys::facts;
use crate::{explain, sys};

/// Column at which the plan's values start.
const COLUMN: usize = 14;

pub fn load(parsed: &Parsed<'_>) -> Result<(), Report> {
    let path = parsed.operand.unwrap_or_default();
    if parsed.has(Id::ReuseCmdline) && parsed.has(Id::CommandLine) {
        return Err(Report::usage(
            "--command-line and --reuse-cmdline exclude each other".into(),
            format!("one of them; {PROGRAM} load --help"),
        ));
    }
    let initrds: Vec<&[u8]> = parsed.values(Id::Initrd).collect();
    let addons: Vec<&[u8]> = parsed.values(Id::Addon).collect();
    let mut inputs = Inputs::open(path, &initrds, &addons)?;
    let facts = facts::read();
    let image = inputs.detect()?;
    let profile = inputs.profile(&image, parsed.value(Id::Profile))?;
    let strict = parsed.has(Id::Strict);
    let mut on_skip = |skipped: Skipped| match strict {
        true => Err(RunError::Companion(skipped.into())),
        false => {
            notice(&skipped);
            Ok(())
        }
    };
    if !parsed.has(Id::NoExtras) {
        let root = parsed.value(Id::ExtrasRoot);
        inputs.discover(&image, profile, root, &mut on_skip)?;
    }
    let mut request = request(parsed, &inputs, profile);
    let verbose = parsed.has(Id::Verbose);
    let plan = loop {
        let plan = inputs.plan(&image, &request, &facts)?;
        if parsed.has(Id::DryRun) {
            return print(&plan_text(&plan, &request, &inputs, &facts));
        }
        if verbose {
            sys::console::write_stderr(&plan_text(&plan, &request, &inputs, &facts));
            sys::console::write_stderr(&measured_text(&plan));
        }
        if plan.is_taken_apart(&facts) && request.takes_apart_knowingly() {
            let warning = format!("{PROGRAM}: warning: {}\n", explain::ONLY_INNER);
            sys::console::write_stderr(&warning);
        }
        let progress = &mut progress(verbose);
        let Err(error) = run::load(&inputs, &request, &plan, &facts, progress) else {
            break plan;
        };
        // The kernel judges signatures, and the load with an addon that it
        // refused is lost: without it, once more.
        match inputs.leave_out(&mut request, &error).filter(|_| !strict) {
            Some(skipped) => notice(&skipped),
            None => return Err(error.into()),
        }
    };
    // It is loaded, whether or not somebody reads that.
    let _ = print(&summary(&plan, path));
    Ok(())
}

/// What is left out is said, not kept.
fn notice(Skipped { path, why }: &Skipped) {
    let mut text = String::new();
    let prefix = format!("{PROGRAM}: ");
    let what = format!("skipped {}: {why}", printable(path));
    field(&mut text, &prefix, 7, &what);
    sys::console::write_stderr(&text);
}

fn request(parsed: &Parsed<'_>, inputs: &Inputs<'_>, profile: u32) -> Request {
    Request {
        // The table has let through a route's name, or auto.
        route: parsed.value(Id::Route).and_then(|word| {
            let mut routes = Route::ALL.into_iter();
            routes.find(|route| route.name().as_bytes() == word)
        }),
        addons: inputs.addons(),
        initrd_bytes: inputs.initrd_bytes(),
        command_line: parsed.value(Id::CommandLine).map(<[u8]>::to_vec),
        reuse_cmdline: parsed.has(Id::ReuseCmdline),
        append: parsed.values(Id::Append).map(<[u8]>::to_vec).collect(),
        allow_unsigned_initrd: parsed.has(Id::AllowUnsignedInitrd),
        panic: parsed.has(Id::Panic),
        profile,
    }
}

/// What no kexec can do again: what systemd-stub would have measured, by PCR.
fn measured_text(plan: &Plan) -> String {
    let mut out = String::new();
    if plan.kernel.section.is_none() {
        return out;
    }
    let mut parts = alloc::vec!["PCR 11 by the sections"];
    if plan.measures(PCR_CONFIG) {
        parts.push("PCR 12 by the addons, credentials, profile or command line");
    }
    if plan.measures(PCR_SYSEXT) {
        parts.push("PCR 13 by the system extensions");
    }
    let text = format!(
        "TPM measurements and splash; the stub would have extended {}",
        parts.join(", ")
    );
    field(&mut out, "not redone", COLUMN, &text);
    out
}

/// One line: what is loaded now.
fn summary(plan: &Plan, path: &[u8]) -> String {
    let mut text = format!("loaded {}: ", printable(path));
    if plan.flags.is_panic() {
        text.push_str("for a panic, ");
    }
    let version = plan
        .kernel
        .release
        .as_deref()
        .unwrap_or("of unknown version");
    text.push_str(&format!("kernel {version}, "));
    let initrd_bytes: u64 = plan.initrd.iter().map(|part| part.slice.bytes).sum();
    text.push_str(&match initrd_bytes {
        0 => "no initrd".into(),
        bytes => format!("initrd {}", size(bytes)),
    });
    text.push_str(&format!(", route {}", plan.route.name()));
    let mut out = String::new();
    field(&mut out, "", 0, &text);
    out
}

/// The whole plan, for `--dry-run` and `--verbose`.
fn plan_text(plan: &Plan, request: &Request, inputs: &Inputs<'_>, facts: &Facts) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: &str| field(&mut out, label, COLUMN, text);
    line("image", &printable(inputs.image_path()));
    line(
        "route",
        &format!("{}: {}", plan.route.name(), plan.route.detail()),
    );
    let version = plan.kernel.release.as_deref().unwrap_or("version unknown");
    let (offset, bytes) = (plan.kernel.slice.offset, plan.kernel.slice.bytes);
    let from = match plan.kernel.section {
        Some(section) => format!("{} at {offset}", section.name()),
        None => "the whole file".into(),
    };
    line("kernel", &format!("{from}, {bytes} bytes ({version})"));
    let total: u64 = plan.initrd.iter().map(|part| part.slice.bytes).sum();
    line(
        "initrd",
        &match plan.initrd.len() {
            0 => "none".into(),
            1 => format!("{total} bytes"),
            parts => format!("{total} bytes in {parts} parts"),
        },
    );
    for part in &plan.initrd {
        line("", &part_text(part, inputs));
    }
    if plan.cmdline.text.is_empty() {
        line("command line", "none");
    } else {
        line("command line", &printable(&plan.cmdline.text));
        line("", base_text(plan.cmdline.base));
    }
    for dropped in &plan.cmdline.dropped {
        line(
            "",
            &format!("dropped {}: {}", printable(&dropped.word), dropped.reason),
        );
    }
    line("flags", &plan.flags.to_string());
    if facts.is_locked_down() {
        line("verified", plan.route.verified());
    }
    if let Some(obstacle) = plan.obstacle(request, facts) {
        line("would fail", &obstacle.cause);
    }
    out
}

fn part_text(part: &InitrdPart, inputs: &Inputs<'_>) -> String {
    let path = printable(inputs.path(part.source));
    let (offset, bytes) = (part.slice.offset, part.slice.bytes);
    match part.from {
        InitrdOrigin::Section(kind) => format!("{} at {offset}, {bytes} bytes", kind.name()),
        InitrdOrigin::SectionFile(kind) => {
            format!("{} at {offset}, {bytes} bytes, in .extra", kind.name())
        }
        InitrdOrigin::Addon(kind) => {
            format!("{path}: {} at {offset}, {bytes} bytes", kind.name())
        }
        InitrdOrigin::Member(directory) => format!("{path}, {bytes} bytes, in {directory}"),
        InitrdOrigin::User => format!("{path}, {bytes} bytes"),
    }
}

fn base_text(base: CmdlineBase) -> &'static str {
    match base {
        CmdlineBase::Empty => "(from --append or addons)",
        CmdlineBase::Image => "(from the image)",
        CmdlineBase::User => "(from --command-line)",
        CmdlineBase::Running => "(the running kernel's)",
    }
}
