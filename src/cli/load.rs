// SPDX-License-Identifier: GPL-2.0-or-later
//! `load`: request from flags, plan, dry run or the real thing.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::parse::Parsed;
use super::plan::{measured_text, plan_text, summary};
use super::table::{Id, PROGRAM};
use super::text::field;
use super::{crash, print, progress, report, warning};
use crate::boot::error::BootError;
use crate::boot::hook;
use crate::diagnosis::Diagnosis;
use crate::escape::printable;
use crate::explain;
use crate::facts::Facts;
use crate::image::detect::Image;
use crate::image::revocation::Revoked;
use crate::plan::{CmdlineBase, Plan, Request, Route};
use crate::run::{self, Inputs, Preflight, RunError, Skipped};
use crate::sys::kexec::{self, LoadSwitch, Others};
use crate::sys::{Fd, console, facts};

/// A load, wherever it was asked for.
#[derive(Default)]
pub struct Order<'arg> {
    /// What the paths are relative to; `None` for the working directory.
    pub root: Option<Fd<'arg>>,
    pub image: &'arg [u8],
    pub initrds: Vec<&'arg [u8]>,
    pub addons: Vec<&'arg [u8]>,
    /// ID or number of the UKI's profile, where the user named it.
    pub profile: Option<&'arg [u8]>,
    /// Whether what lies beside the image is taken, too.
    pub extras: bool,
    /// What stands for the root of the image's file system.
    pub extras_root: Option<&'arg [u8]>,
    /// Whether what cannot be taken is an error.
    pub strict: bool,
    /// Sizes and addons are filled in once the files are open.
    pub request: Request,
    pub dry_run: bool,
    pub verbose: bool,
    /// Whether the next system must be kept from chaining.
    pub chained: bool,
}

/// An order whose files are open, and what will be done.
pub struct Planned<'arg> {
    pub inputs: Inputs<'arg>,
    pub request: Request,
    pub plan: Plan,
    image: Image,
    chained: bool,
}

pub fn load(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let order = order(parsed);
    let panic = order.request.panic;
    if !order.request.lock || order.dry_run {
        return perform(order, &facts::read()).map(|_| ());
    }
    // Opened before, so that what cannot be locked is not loaded.
    let switch = LoadSwitch::open().map_err(RunError::Sys)?;
    perform(order, &facts::read())?;
    let turned_off = switch.turn_off();
    let others = kexec::settle();
    let facts = facts::read();
    if let Err(error) = turned_off {
        run::unload(panic, &facts)?;
        return Err(RunError::Sys(error).into());
    }
    warning(false)(&locked(&facts, others));
    Ok(())
}

/// What the flags ask for.
pub fn order<'arg>(parsed: &Parsed<'arg>) -> Order<'arg> {
    Order {
        root: None,
        image: parsed.operand.unwrap_or_default(),
        initrds: parsed.values(Id::Initrd).collect(),
        addons: parsed.values(Id::Addon).collect(),
        profile: parsed.value(Id::Profile),
        extras: !parsed.has(Id::NoExtras),
        extras_root: parsed.value(Id::ExtrasRoot),
        strict: parsed.has(Id::Strict),
        request: Request {
            route: route(parsed),
            command_line: parsed.value(Id::CommandLine).map(<[u8]>::to_vec),
            reuse_cmdline: parsed.has(Id::ReuseCmdline),
            append: parsed.values(Id::Append).map(<[u8]>::to_vec).collect(),
            allow_unsigned_initrd: parsed.has(Id::AllowUnsignedInitrd),
            panic: parsed.has(Id::Panic),
            force: parsed.has(Id::Force),
            crypt_keys: parsed.texts(Id::CryptKey).map(String::from).collect(),
            reuse_crypt_keys: parsed.has(Id::ReuseCryptKeys),
            lock: parsed.has(Id::Lock),
            ..Request::default()
        },
        dry_run: parsed.has(Id::DryRun),
        verbose: parsed.has(Id::Verbose),
        chained: false,
    }
}

/// The table has let through a route's name, or auto.
pub fn route(parsed: &Parsed<'_>) -> Option<Route> {
    let word = parsed.value(Id::Route)?;
    let mut routes = Route::ALL.into_iter();
    routes.find(|route| route.name().as_bytes() == word)
}

/// Opens what an order names and finds what goes with it, and plans its load.
pub fn planned<'arg>(order: Order<'arg>, facts: &Facts) -> Result<Planned<'arg>, Diagnosis> {
    let mut inputs = Inputs::open(order.root, order.image, &order.initrds, &order.addons)?;
    let mut request = order.request;
    let image = inputs.detect()?;
    if order.profile.is_some() {
        request.profile = inputs.profile(&image, order.profile)?;
    }
    if order.extras {
        let mut on_skip = |skipped: Skipped| match order.strict {
            true => Err(RunError::Companion(skipped.into())),
            false => {
                notice(&skipped);
                Ok(())
            }
        };
        let (profile, root) = (request.profile, order.extras_root);
        inputs.discover(&image, profile, facts.enforces(), root, &mut on_skip)?;
    }
    request.addons = inputs.addons();
    request.initrd_bytes = inputs.initrd_bytes();
    let plan = inputs.plan(&image, &request, facts)?;
    let mut planned = Planned {
        inputs,
        request,
        plan,
        image,
        chained: order.chained,
    };
    if planned.chained {
        // Where only what is signed may be on the command line, there is no
        // room for the mark.
        let own = planned.plan.cmdline.base == CmdlineBase::Image;
        let sealed = facts.enforces() || (facts.is_locked_down() && own);
        if !sealed {
            planned.request.append.push(hook::CHAINED.into());
        }
        planned.plan_anew(facts)?;
    }
    Ok(planned)
}

/// Carries an order out; gives the next kernel's command line.
pub fn perform(order: Order<'_>, facts: &Facts) -> Result<Vec<u8>, Diagnosis> {
    let (dry_run, verbose, strict) = (order.dry_run, order.verbose, order.strict);
    let mut planned = planned(order, facts)?;
    if planned.tell(dry_run, verbose, facts)? {
        return Ok(planned.plan.cmdline.text);
    }
    let mut progress = progress(verbose);
    let mut renewed = None;
    let ignored = loop {
        let facts = renewed.as_ref().unwrap_or(facts);
        let Planned {
            inputs,
            request,
            plan,
            ..
        } = &mut planned;
        let error = match run::load(inputs, request, plan, facts, &mut progress) {
            Ok(ignored) => break ignored,
            Err(error) => error,
        };
        // The kernel judges signatures, and the load with an addon that it
        // refused is lost: without it, once more.
        let now = facts::read();
        if strict || !request.may_be_repeated(&now) {
            return Err(error.into());
        }
        match inputs.leave_out(request, &error) {
            Some(skipped) => notice(&skipped),
            None => return Err(error.into()),
        }
        planned.plan_anew(&now)?;
        renewed = Some(now);
    };
    if ignored > 0 {
        let skipped = Skipped::passed_over(ignored, planned.request.addons.len());
        if strict {
            run::unload(planned.request.panic, facts)?;
            return Err(RunError::Companion(skipped.into()).into());
        }
        notice(&skipped);
    }
    // It is loaded, whether or not somebody reads that.
    let _ = print(&summary(&planned.plan, planned.inputs.image_path()));
    Ok(planned.plan.cmdline.text)
}

impl Planned<'_> {
    /// After the request has changed. The mark goes to the end, where it is
    /// void behind `--` or an open quote: what counts is what the next system
    /// will read.
    fn plan_anew(&mut self, facts: &Facts) -> Result<(), Diagnosis> {
        self.plan = self.inputs.plan(&self.image, &self.request, facts)?;
        if self.chained && hook::parse(&self.plan.cmdline.text).chains() {
            return Err(BootError::WouldChain.into());
        }
        Ok(())
    }

    /// Says what will be done, and what to think of before; whether that was
    /// all that is wanted.
    fn tell(&self, dry_run: bool, verbose: bool, facts: &Facts) -> Result<bool, Diagnosis> {
        let Planned {
            inputs,
            request,
            plan,
            ..
        } = self;
        inputs.revoked(&mut |path, revoked| {
            let path = printable(path);
            let text = format!("warning: {path}: {}", revoked_text(revoked));
            warning(false)(&text);
        });
        let preflight = match request.panic {
            true => Some(run::preflight(inputs, plan, facts)?),
            false => None,
        };
        if let Some(preflight) = &preflight
            && let Some(warning) = crash_warning(inputs.image_path(), preflight)
        {
            console::write_stderr(&warning);
        }
        if dry_run || verbose {
            let mut text = plan_text(plan, request, inputs, facts);
            if let Some(preflight) = preflight.as_ref().filter(|_| dry_run) {
                crash::preflight_text(&mut text, preflight);
            }
            if dry_run {
                print(&text)?;
                return Ok(true);
            }
            console::write_stderr(&text);
            console::write_stderr(&measured_text(plan));
        }
        if plan.is_taken_apart(facts) && request.takes_apart_knowingly() {
            let warning = format!("{PROGRAM}: warning: {}\n", explain::ONLY_INNER);
            console::write_stderr(&warning);
        }
        if request.route.is_none()
            && plan.route == Route::Extract
            && explain::module_is_useless(facts)
        {
            let why = "module kexec_bpf was built without BTF: the image is loaded without it";
            console::write_stderr(&format!("{PROGRAM}: warning: {why}\n"));
        }
        Ok(false)
    }
}

/// What it means that the kernel loads and unloads nothing any more.
fn locked(facts: &Facts, others: Others) -> String {
    let mut text = String::from(
        "locked: this kernel loads and unloads nothing any more, so that unload, a reload of the \
         crash image by udev, and upgrades that load a kernel fail; the next kernel starts \
         unlocked",
    );
    if facts.loaded != Some(false) {
        text.push_str("; with systemd, every plain reboot starts the loaded image");
    }
    text.push_str(match (facts.loaded, facts.crash_loaded) {
        (Some(false), _) => "; no image for exec is loaded, and none can be",
        (_, Some(false)) => "; no crash image is loaded, and none can be",
        _ => "",
    });
    if others != Others::None {
        text.push_str("; another load was under way, and its image may have replaced this one");
    }
    text
}

/// A guard rail, not a check: nothing is refused for it.
pub fn revoked_text(revoked: Revoked<'_>) -> String {
    format!("revoked in the firmware: {revoked} (told, not enforced)")
}

/// What is left out is said, not kept.
fn notice(Skipped { path, why }: &Skipped) {
    let mut text = String::new();
    let prefix = format!("{PROGRAM}: ");
    let what = format!("skipped {}: {why}", printable(path));
    // The kernel's words may be those of an image's parser.
    field(&mut text, &prefix, 7, &printable(what.as_bytes()));
    console::write_stderr(&text);
}

/// The three lines for an image that can be loaded, but may not work.
pub fn crash_warning(path: &[u8], preflight: &Preflight) -> Option<String> {
    let warning = preflight.estimate.as_ref()?.scarce()?;
    let what = format!("warning: {} {}", printable(path), warning.what);
    Some(report::text(&warning.what(&what)))
}
