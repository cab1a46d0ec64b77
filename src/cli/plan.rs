// SPDX-License-Identifier: GPL-2.0-or-later
//! A plan in text form, before it is carried out and after. Layer: effects.

use alloc::format;
use alloc::string::String;

use super::text::Page;
use crate::diagnosis::escape::escaped;
use crate::diagnosis::size::size;
use crate::formats::image::revocation::Revoked;
use crate::formats::image::uki::SectionKind;
use crate::formats::source::{FileSlice, InputId};
use crate::host::Host;
use crate::policy::plan::{
    CmdlineBase, Digest, Fast, InitrdOrigin, Manifest, Origin, PCR_CONFIG, PCR_SYSEXT, Parser,
    Plan, Unpack,
};
use crate::run::{LoadOptions, Prepared};
use crate::sys::file::InputFile;
use crate::sys::kexec::Others;

/// The column at which values start.
pub const COLUMN: u8 = 14;

/// Adds the line about what kexec cannot redo: systemd-stub's measurements.
pub fn measured(out: &mut Page, load: &Prepared) {
    let Prepared { manifest, plan, .. } = load;
    if plan.kernel.section.is_none() {
        return;
    }
    let mut parts = alloc::vec!["PCR 11 with the sections"];
    if plan.measures(PCR_CONFIG, manifest) {
        parts.push("PCR 12 with the addons, credentials, profile or command line");
    }
    if plan.measures(PCR_SYSEXT, manifest) {
        parts.push("PCR 13 with the system extensions");
    }
    let text = format!(
        "no splash, no TPM measurements, as after any kexec; systemd-stub would have extended {}",
        parts.join(", ")
    );
    out.both("without stub", text.as_bytes());
}

/// Returns one line about the image that is now loaded.
pub fn summary(plan: &Plan, path: &[u8]) -> Page {
    let mut text = format!("loaded {}: ", escaped(path));
    if plan.flags.is_panic() {
        text.push_str("for a panic, ");
    }
    let version = plan
        .kernel
        .release
        .as_deref()
        .unwrap_or(b"of unknown version");
    text.push_str(&format!("kernel {}, ", escaped(version)));
    let initrd_bytes: u64 = plan.initrd.iter().map(|part| part.slice.bytes).sum();
    text.push_str(&match initrd_bytes {
        0 => "no initrd".into(),
        bytes => format!("initrd {}", size(bytes)),
    });
    text.push_str(&format!(", route {}", plan.route.name()));
    Page::of(&text)
}

/// Adds the whole plan, for `--dry-run` and `--verbose`.
pub fn plan(out: &mut Page, options: &LoadOptions<'_>, load: &Prepared, host: &Host) {
    let Prepared { manifest, plan, .. } = load;
    out.both("image", &manifest.image.path);
    let route = plan.route.name();
    out.put("route", format_args!("{route}: {}", plan.route.detail()));
    out.json.text("route", route.as_bytes());
    out.json.flag("isPanic", Some(plan.flags.is_panic()));
    sentence(out, "parser", parser(plan.parser));
    kernel(out, load);
    initrd(out, load);
    cmdline(out, options, load);
    out.put("flags", format_args!("{}", plan.flags));
    out.json.array("flags");
    for flag in plan.flags.names() {
        out.json.text("", flag.as_bytes());
    }
    out.json.end();
    sentence(out, "digest", digest(plan.digest, options.wanted.fast));
    sentence(out, "unpacking", unpacking(plan.unpack));
    if host.is_locked_down() || host.enforces() {
        out.both("verified", plan.route.verified().as_bytes());
    }
    if options.lock {
        let text = "after the load, kernel.kexec_load_disabled is set to 1";
        out.line("lock", text);
    }
    out.json.flag("locks", Some(options.lock));
}

fn sentence(out: &mut Page, label: &str, text: Option<String>) {
    if let Some(text) = text {
        out.both(label, text.as_bytes());
    }
}

fn kernel(out: &mut Page, load: &Prepared) {
    let kernel = &load.plan.kernel;
    let version = kernel.release.as_deref().unwrap_or(b"version unknown");
    let version = escaped(version);
    let (offset, bytes) = (kernel.slice.offset, kernel.slice.bytes);
    let section = kernel.section.map_or("", SectionKind::name);
    match section {
        "" => out.put(
            "kernel",
            format_args!("the whole file, {bytes} bytes ({version})"),
        ),
        _ if load.manifest.thin.is_some() => {
            let path = escaped(load.manifest.path(kernel.source));
            out.put(
                "kernel",
                format_args!("{path}, named by {section}, {bytes} bytes ({version})"),
            );
        }
        _ => out.put(
            "kernel",
            format_args!("{section} at {offset}, {bytes} bytes ({version})"),
        ),
    }
    place(out, "kernel", load, kernel.source, kernel.slice);
    out.json.some("section", section.as_bytes());
    out.json
        .some("release", kernel.release.as_deref().unwrap_or_default());
    out.json.end();
}

fn initrd(out: &mut Page, load: &Prepared) {
    let parts = &load.plan.initrd;
    let total: u64 = parts.iter().map(|part| part.slice.bytes).sum();
    match parts.len() {
        0 => out.line("initrd", "none"),
        1 => out.put("initrd", format_args!("{total} bytes")),
        parts => out.put("initrd", format_args!("{total} bytes in {parts} parts")),
    }
    out.json.array("initrd");
    for part in parts {
        place(out, "", load, part.source, part.slice);
        let path = escaped(load.manifest.path(part.source));
        let (offset, bytes) = (part.slice.offset, part.slice.bytes);
        let (origin, of) = match part.from {
            InitrdOrigin::Section(kind) => ("section", kind.name()),
            InitrdOrigin::SectionFile(kind) => ("sectionFile", kind.name()),
            InitrdOrigin::Addon(kind) => ("addon", kind.name()),
            InitrdOrigin::Member(directory) => ("file", directory),
            InitrdOrigin::Thin => ("thin", ".initrd"),
            InitrdOrigin::User => ("user", ""),
        };
        match part.from {
            InitrdOrigin::Section(_) => {
                out.put("", format_args!("{of} at {offset}, {bytes} bytes"));
            }
            InitrdOrigin::SectionFile(_) => {
                out.put(
                    "",
                    format_args!("{of} at {offset}, {bytes} bytes, in .extra"),
                );
            }
            InitrdOrigin::Addon(_) => {
                out.put("", format_args!("{path}: {of} at {offset}, {bytes} bytes"));
            }
            InitrdOrigin::Member(_) => {
                out.put("", format_args!("{path}, {bytes} bytes, in {of}"));
            }
            InitrdOrigin::Thin => {
                out.put("", format_args!("{path}, {bytes} bytes, named by {of}"));
            }
            InitrdOrigin::User => out.put("", format_args!("{path}, {bytes} bytes")),
        }
        out.json.text("origin", origin.as_bytes());
        out.json.some("of", of.as_bytes());
        out.json.end();
    }
    out.json.end();
}

/// Adds the next kernel's command line.
pub fn command_line(out: &mut Page, text: &[u8]) {
    const LABEL: &str = "command line";
    match text {
        b"" => out.line(LABEL, "none"),
        _ => out.put(LABEL, format_args!("{}", escaped(text))),
    }
    out.json.text(LABEL, text);
}

fn cmdline(out: &mut Page, options: &LoadOptions<'_>, load: &Prepared) {
    let cmdline = &load.plan.cmdline;
    command_line(out, &cmdline.text);
    out.json.array("cmdlinePieces");
    for (origin, text) in &cmdline.pieces {
        let origin = match origin {
            // Only a hook marks the next system.
            Origin::Appended if options.wanted.mark_chained => "from rd.kexec_bpf.append=".into(),
            origin => origin_text(*origin, &load.manifest),
        };
        pair(out, "text", text, &origin);
        if !cmdline.text.is_empty() {
            // The text of a single piece is the line itself.
            match cmdline.pieces.len() {
                1 => out.put("", format_args!("({origin})")),
                _ => out.put("", format_args!("{} ({origin})", escaped(text))),
            }
        }
    }
    out.json.end();
    out.json.array("cmdlineDropped");
    for dropped in &cmdline.dropped {
        word(out, "dropped ", &dropped.word, dropped.reason);
    }
    out.json.end();
    out.json.array("cmdlineAdded");
    for added in &cmdline.added {
        word(out, "added ", added.word.as_bytes(), added.reason);
    }
    out.json.end();
}

fn word(out: &mut Page, what: &str, word: &[u8], why: &str) {
    out.put("", format_args!("{what}{}: {why}", escaped(word)));
    pair(out, "word", word, why);
}

/// Adds a part of the command line with its reason.
fn pair(out: &mut Page, name: &str, text: &[u8], reason: &str) {
    out.json.object("");
    out.json.text(name, text);
    out.json.text("reason", reason.as_bytes());
    out.json.end();
}

/// Begins the object of a slice of a file.
fn place(out: &mut Page, name: &str, load: &Prepared, source: InputId, slice: FileSlice) {
    out.json.object(name);
    out.json.text("path", load.manifest.path(source));
    out.json.count("offset", slice.offset.0);
    out.json.count("bytes", slice.bytes);
}

/// Returns whose parser opens the image, if that is another one than its own.
fn parser(planned: Parser) -> Option<String> {
    match planned {
        Parser::Module {
            replaces_skeleton: true,
            ..
        } => Some(
            "the module's own; section .bpf has one for a kernel that loads parsers by itself"
                .into(),
        ),
        Parser::None | Parser::Image(_) | Parser::Module { .. } => None,
    }
}

/// Returns who computes the digest, if that is worth a line.
fn digest(planned: Digest, fast: Fast) -> Option<String> {
    Some(match planned {
        Digest::Kept => return None,
        Digest::Unable(why) => format!("computed, because {why}"),
        Digest::Session => match fast {
            Fast::Asked(_) => "skipped, as asked",
            Fast::ByDefault | Fast::No | Fast::Refused(_) => "skipped, the default here",
        }
        .into(),
        Digest::Module => "skipped, because the module's parameter digest is \"never\"".into(),
    })
}

/// Returns who unpacks the initrd, if that was asked for.
fn unpacking(planned: Unpack) -> Option<String> {
    Some(match planned {
        Unpack::No => return None,
        Unpack::Unable { why, .. } => format!("left to the next kernel, because {why}"),
        Unpack::Session { .. } => "by the module, as asked".into(),
    })
}

fn origin_text(origin: Origin, manifest: &Manifest<InputFile>) -> String {
    match origin {
        Origin::Base(CmdlineBase::User) => "from --command-line",
        Origin::Base(CmdlineBase::Entry) => "from the boot entry",
        Origin::Base(CmdlineBase::Running) => "the running kernel's",
        // Nothing comes from an empty base.
        Origin::Base(CmdlineBase::Image | CmdlineBase::Empty) => "from the image",
        Origin::Addon(source) => {
            return format!("from addon {}", escaped(manifest.path(source)));
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
        text.push_str("; with a newer systemd, every plain reboot starts the loaded image");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::image::build;
    use crate::policy::plan::Options;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn what_the_kernel_s_words_append_is_not_said_to_be_an_option() {
        let path = std::env::temp_dir().join(format!("plan-{}", std::process::id()));
        std::fs::write(&path, build::bzimage()).unwrap();
        for (mark_chained, origin) in [
            (false, "(from --append)"),
            (true, "words (from rd.kexec_bpf.append=)"),
        ] {
            let options = LoadOptions {
                image: path.as_os_str().as_bytes(),
                wanted: Options {
                    append: vec![b"words".to_vec()],
                    mark_chained,
                    ..Options::default()
                },
                ..LoadOptions::default()
            };
            let host = Host::default();
            let manifest = crate::run::open(&options).unwrap();
            let load = Prepared::new(&options, manifest, &host).unwrap();
            let mut out = Page::new(COLUMN);
            plan(&mut out, &options, &load, &host);
            let text = out.text(None);
            assert!(text.contains(origin), "{text}");
        }
        std::fs::remove_file(&path).unwrap();
    }
}
