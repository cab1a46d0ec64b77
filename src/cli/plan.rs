// SPDX-License-Identifier: GPL-2.0-or-later
//! A plan in text form, before it is carried out and after. Layer: effects.

use alloc::format;
use alloc::string::{String, ToString};

use super::text::field;
use crate::diagnosis::escape::printable;
use crate::diagnosis::size::size;
use crate::formats::image::revocation::Revoked;
use crate::host::Host;
use crate::policy::plan::{
    CmdlineBase, Digest, Fast, InitrdOrigin, InitrdPart, Manifest, Origin, PCR_CONFIG, PCR_SYSEXT,
    Plan, Unpack,
};
use crate::run::{LoadOptions, Prepared};
use crate::sys::file::InputFile;
use crate::sys::kexec::Others;

/// The column at which values start.
pub const COLUMN: usize = 14;

/// Returns the line about what kexec cannot redo: systemd-stub's measurements.
pub fn measured_text(load: &Prepared) -> String {
    let Prepared { manifest, plan, .. } = load;
    let mut out = String::new();
    if plan.kernel.section.is_none() {
        return out;
    }
    let mut parts = alloc::vec!["PCR 11 with the sections"];
    if plan.measures(PCR_CONFIG, manifest) {
        parts.push("PCR 12 with the addons, credentials, profile or command line");
    }
    if plan.measures(PCR_SYSEXT, manifest) {
        parts.push("PCR 13 with the system extensions");
    }
    let text = format!(
        "TPM measurements and splash; the stub would have extended {}",
        parts.join(", ")
    );
    field(&mut out, "not redone", COLUMN, &text);
    out
}

/// Returns one line about the image that is now loaded.
pub fn summary(plan: &Plan, path: &[u8]) -> String {
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

/// Returns the whole plan, for `--dry-run` and `--verbose`.
pub fn plan_text(options: &LoadOptions<'_>, load: &Prepared, host: &Host) -> String {
    let Prepared { manifest, plan, .. } = load;
    let mut out = String::new();
    let mut line = |label: &str, text: &str| field(&mut out, label, COLUMN, text);
    line("image", &printable(&manifest.image.path));
    line(
        "route",
        &format!("{}: {}", plan.route.name(), plan.route.detail()),
    );
    let version = plan.kernel.release.as_deref().unwrap_or("version unknown");
    let (offset, bytes) = (plan.kernel.slice.offset, plan.kernel.slice.bytes);
    let from = match plan.kernel.section {
        Some(section) if load.manifest.thin.is_some() => {
            let path = printable(manifest.path(plan.kernel.source));
            format!("{path}, named by {}", section.name())
        }
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
        line("", &part_text(part, manifest));
    }
    if plan.cmdline.text.is_empty() {
        line("command line", "none");
    } else {
        line("command line", &printable(&plan.cmdline.text));
        for (origin, text) in &plan.cmdline.pieces {
            let origin = origin_text(*origin, manifest);
            // The text of a single piece is the line itself.
            match plan.cmdline.pieces.len() {
                1 => line("", &format!("({origin})")),
                _ => line("", &format!("{} ({origin})", printable(text))),
            }
        }
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
    match plan.digest {
        Digest::Kept => (),
        Digest::Unable(why) => line("digest", &format!("computed, because {why}")),
        Digest::Session => line(
            "digest",
            match options.wanted.fast {
                Fast::Asked(_) => "skipped, as asked",
                Fast::ByDefault | Fast::No | Fast::Refused(_) => "skipped, the default here",
            },
        ),
        Digest::Module => line(
            "digest",
            "skipped, because the module's parameter digest is \"never\"",
        ),
    }
    match plan.unpack {
        Unpack::No => (),
        Unpack::Unable { why, .. } => line(
            "unpacking",
            &format!("left to the next kernel, because {why}"),
        ),
        Unpack::Session { .. } => line("unpacking", "by the module, as asked"),
    }
    if host.is_locked_down() || host.enforces() {
        line("verified", plan.route.verified());
    }
    if options.lock {
        line(
            "lock",
            "after the load, kernel.kexec_load_disabled is set to 1",
        );
    }
    if let Some(blocker) = &plan.blocker {
        line("would fail", blocker.cause_text());
    }
    out
}

fn part_text(part: &InitrdPart, manifest: &Manifest<InputFile>) -> String {
    let path = printable(manifest.path(part.source));
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
        InitrdOrigin::Thin => format!("{path}, {bytes} bytes, named by .initrd"),
        InitrdOrigin::User => format!("{path}, {bytes} bytes"),
    }
}

fn origin_text(origin: Origin, manifest: &Manifest<InputFile>) -> String {
    match origin {
        Origin::Base(CmdlineBase::User) => "from --command-line",
        Origin::Base(CmdlineBase::Entry) => "from the boot entry",
        Origin::Base(CmdlineBase::Running) => "the running kernel's",
        // Nothing comes from an empty base.
        Origin::Base(CmdlineBase::Image | CmdlineBase::Empty) => "from the image",
        Origin::Addon(source) => {
            return format!("from addon {}", printable(manifest.path(source)));
        }
        Origin::Appended => "from --append",
        Origin::Chained => "marks a system that was chain-booted",
    }
    .into()
}

/// Returns the warning after `load --lock`: the kernel no longer loads or unloads
/// anything.
pub fn locked(host: &Host, others: Others) -> String {
    let mut text = String::from(
        "locked: this kernel no longer loads or unloads anything, so unload, a reload of the crash \
         image by udev, and upgrades that load a kernel fail; the next kernel starts unlocked",
    );
    if host.loaded != Some(false) {
        text.push_str("; with systemd, every plain reboot starts the loaded image");
    }
    text.push_str(match (host.loaded, host.crash_loaded) {
        (Some(false), _) => "; no image for exec is loaded, and none can be",
        (_, Some(false)) => "; no crash image is loaded, and none can be",
        _ => "",
    });
    if others != Others::None {
        text.push_str("; another load was under way, and its image may have replaced this one");
    }
    text
}

/// Returns the warning about a revoked image. Nothing is refused because of it.
pub fn revoked_text(revoked: Revoked<'_>) -> String {
    format!("revoked in the firmware: {revoked} (reported, not enforced)")
}
