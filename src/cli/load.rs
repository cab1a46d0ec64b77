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
use crate::boot::error::BootError;
use crate::boot::hook;
use crate::facts::Facts;
use crate::plan::{CmdlineBase, InitrdOrigin, InitrdPart, Plan, Request, Route};
use crate::run::{self, Inputs, RunError};
use crate::sys::{Fd, facts};
use crate::{explain, sys};

/// Column at which the plan's values start.
pub const COLUMN: usize = 14;

/// A load, wherever it was asked for.
pub struct Order<'arg> {
    /// What the paths are relative to; `None` for the working directory.
    pub root: Option<Fd<'arg>>,
    pub image: &'arg [u8],
    pub initrds: Vec<&'arg [u8]>,
    pub addons: Vec<&'arg [u8]>,
    /// Sizes and addons are filled in once the files are open.
    pub request: Request,
    pub dry_run: bool,
    pub verbose: bool,
    /// Whether the next system must be kept from chaining.
    pub chained: bool,
}

pub fn load(parsed: &Parsed<'_>) -> Result<(), Report> {
    if parsed.has(Id::ReuseCmdline) && parsed.has(Id::CommandLine) {
        return Err(Report::usage(
            "--command-line and --reuse-cmdline exclude each other".into(),
            format!("one of them; {PROGRAM} load --help"),
        ));
    }
    let order = Order {
        root: None,
        image: parsed.operand.unwrap_or_default(),
        initrds: parsed.values(Id::Initrd).collect(),
        addons: parsed.values(Id::Addon).collect(),
        request: Request {
            route: route(parsed),
            command_line: parsed.value(Id::CommandLine).map(<[u8]>::to_vec),
            reuse_cmdline: parsed.has(Id::ReuseCmdline),
            append: parsed.values(Id::Append).map(<[u8]>::to_vec).collect(),
            allow_unsigned_initrd: parsed.has(Id::AllowUnsignedInitrd),
            panic: parsed.has(Id::Panic),
            ..Request::default()
        },
        dry_run: parsed.has(Id::DryRun),
        verbose: parsed.has(Id::Verbose),
        chained: false,
    };
    perform(order, &facts::read()).map(|_| ())
}

/// The table has let through a route's name, or auto.
pub fn route(parsed: &Parsed<'_>) -> Option<Route> {
    let word = parsed.value(Id::Route)?;
    let mut routes = Route::ALL.into_iter();
    routes.find(|route| route.name().as_bytes() == word)
}

/// Carries an order out; gives the next kernel's command line.
pub fn perform(order: Order<'_>, facts: &Facts) -> Result<Vec<u8>, Report> {
    let inputs = Inputs::open(order.root, order.image, &order.initrds, &order.addons)?;
    let mut request = order.request;
    request.addons = inputs.addons()?;
    request.initrd_bytes = inputs.initrd_bytes();
    let image = inputs.detect()?;
    let mut plan = inputs.plan(&image, &request, facts)?;
    if order.chained {
        // Where only what is signed may be on the command line, its own words
        // must not ask for a chain, and then no mark is needed.
        let sealed = facts.is_locked_down() && plan.cmdline.base == CmdlineBase::Image;
        if !sealed {
            request.append.push(hook::CHAINED.into());
            plan = inputs.plan(&image, &request, facts)?;
        } else if hook::parse(&plan.cmdline.text).wants_boot() {
            return Err(RunError::Boot(BootError::WouldChain).into());
        }
    }
    if order.dry_run {
        print(&plan_text(&plan, &request, &inputs, facts))?;
        return Ok(plan.cmdline.text);
    }
    if order.verbose {
        sys::console::write_stderr(&plan_text(&plan, &request, &inputs, facts));
    }
    if plan.is_taken_apart(facts) && request.takes_apart_knowingly() {
        let warning = format!("{PROGRAM}: warning: {}\n", explain::ONLY_INNER);
        sys::console::write_stderr(&warning);
    }
    run::load(
        &inputs,
        &request,
        &plan,
        facts,
        &mut progress(order.verbose),
    )?;
    // It is loaded, whether or not somebody reads that.
    let _ = print(&summary(&plan, order.image));
    Ok(plan.cmdline.text)
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
