// SPDX-License-Identifier: GPL-2.0-or-later
//! `load`: request from flags, plan, dry run or the real thing.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::parse::Parsed;
use super::report::Report;
use super::table::{Id, PROGRAM};
use super::text::{field, printable, size};
use super::{kdump, print, progress};
use crate::facts::Facts;
use crate::plan::{CmdlineBase, InitrdOrigin, InitrdPart, Plan, Request, Route};
use crate::run::{self, Inputs};
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
    let panic = parsed.has(Id::Panic);
    if parsed.has(Id::CryptKey) && !panic {
        return Err(Report::usage(
            "--crypt-key is for a crash image".into(),
            format!("--panic; {PROGRAM} load --help"),
        ));
    }
    let facts = facts::read();
    let (inputs, request, plan) = planned(parsed, panic, &facts)?;
    let preflight = match panic {
        true => Some(run::preflight(&inputs, &plan, &facts)?),
        false => None,
    };
    if let Some(warning) = preflight.as_ref().and_then(|it| kdump::warning(path, it)) {
        sys::console::write_stderr(&warning);
    }
    if parsed.has(Id::DryRun) {
        let mut text = plan_text(&plan, &request, &inputs, &facts);
        if let Some(preflight) = &preflight {
            kdump::preflight_text(&mut text, preflight);
        }
        return print(&text);
    }
    let verbose = parsed.has(Id::Verbose);
    if verbose {
        sys::console::write_stderr(&plan_text(&plan, &request, &inputs, &facts));
    }
    if plan.is_taken_apart(&facts) && request.takes_apart_knowingly() {
        let warning = format!("{PROGRAM}: warning: {}\n", explain::ONLY_INNER);
        sys::console::write_stderr(&warning);
    }
    run::load(&inputs, &request, &plan, &facts, &mut progress(verbose))?;
    // It is loaded, whether or not somebody reads that.
    let _ = print(&summary(&plan, path));
    Ok(())
}

/// Opens what the flags name, and plans its load.
pub(super) fn planned<'arg>(
    parsed: &Parsed<'arg>,
    panic: bool,
    facts: &Facts,
) -> Result<(Inputs<'arg>, Request, Plan), Report> {
    let initrds: Vec<&[u8]> = parsed.values(Id::Initrd).collect();
    let addons: Vec<&[u8]> = parsed.values(Id::Addon).collect();
    let inputs = Inputs::open(parsed.operand.unwrap_or_default(), &initrds, &addons)?;
    let request = request(parsed, &inputs, panic)?;
    let plan = inputs.plan(&inputs.detect()?, &request, facts)?;
    Ok((inputs, request, plan))
}

fn request(parsed: &Parsed<'_>, inputs: &Inputs<'_>, panic: bool) -> Result<Request, Report> {
    let keys = parsed.values(Id::CryptKey);
    let keys = keys.map(|key| core::str::from_utf8(key).map(String::from));
    Ok(Request {
        // The table has let through a route's name, or auto.
        route: parsed.value(Id::Route).and_then(|word| {
            let mut routes = Route::ALL.into_iter();
            routes.find(|route| route.name().as_bytes() == word)
        }),
        addons: inputs.addons()?,
        initrd_bytes: inputs.initrd_bytes(),
        command_line: parsed.value(Id::CommandLine).map(<[u8]>::to_vec),
        reuse_cmdline: parsed.has(Id::ReuseCmdline),
        append: parsed.values(Id::Append).map(<[u8]>::to_vec).collect(),
        allow_unsigned_initrd: parsed.has(Id::AllowUnsignedInitrd),
        panic,
        force: parsed.has(Id::Force),
        crypt_keys: keys.collect::<Result<_, _>>().map_err(|_| {
            Report::usage(
                "--crypt-key: the description is not UTF-8".into(),
                "keyctl show".into(),
            )
        })?,
        reuse_crypt_keys: parsed.has(Id::ReuseCryptKeys),
        profile: 0,
    })
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
    for added in &plan.cmdline.added {
        line("", &format!("added {}: {}", added.word, added.reason));
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
