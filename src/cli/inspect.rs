// SPDX-License-Identifier: GPL-2.0-or-later
//! `inspect`: the contents of an image, and the part that a load would use.
//! Layer: effects.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use super::console::Console;
use super::options;
use super::parse::Parsed;
use super::plan::revoked_text;
use super::{report, text};
use crate::diagnosis::escape::escaped;
use crate::diagnosis::size::exact_size;
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::archive::Depth;
use crate::formats::cmdline;
use crate::formats::image::authenticode;
use crate::formats::image::bzimage::SetupHeader;
use crate::formats::image::detect::{Image, detect_linux};
use crate::formats::image::pe::{Machine, Pe};
use crate::formats::image::thin::{Reference, Thin, hex};
use crate::formats::image::uki::{SectionKind, Selection, Uki};
use crate::formats::image::{devicetree, env_file, fdt, osrel, profile};
use crate::formats::json::Json;
use crate::formats::source::{ReadAt, ReadError, SubSource, read_small};
use crate::host::Host;
use crate::policy::plan::{InitrdOrigin, Manifest, Options};
use crate::run::events::Topic;
use crate::run::{self, LoadOptions, RunError};
use crate::sys::file::InputFile;
use crate::sys::host;

/// The column at which values start.
const COLUMN: u8 = 14;
/// The bar of a section that is the whole file.
const BAR: &str = "########################";
/// The size of the longest text section that is shown.
const TEXT_MAX_BYTES: u64 = 64 << 10;
/// x86 uses no device trees, so the code that chooses one is left out of the program.
const TAKES_DEVICE_TREES: bool = !cfg!(target_arch = "x86_64");

pub fn inspect(parsed: &Parsed<'_>, console: &mut Console) -> Result<(), Diagnosis> {
    let path = parsed.operand.unwrap_or_default();
    let options = LoadOptions {
        image: path,
        wanted: Options {
            profile: options::profile(parsed),
            ..Options::default()
        },
        ..LoadOptions::default()
    };
    let mut manifest = run::open(&options)?;
    let opened =
        run::open_thin(&mut manifest, &options).and_then(|()| run::check_thin(&manifest, None));
    let file = &manifest.image.file;
    let image = &manifest.detected;
    let mut page = Page(text::Page::new(COLUMN));
    page.both("image", path);
    let (kind, bytes) = (image.kind_name(), file.file_bytes());
    page.put("kind", format_args!("{kind}, {}", exact_size(bytes)));
    page.json().text("kind", kind.as_bytes());
    page.json().count("bytes", bytes);
    run::revoked(&manifest, &mut |_, why| {
        let text = revoked_text(why);
        page.line("warning", &text);
        console.keep(Topic::Revoked, path, &text);
    });
    page.image(file, image, manifest.profile)
        .map_err(|error| RunError::Read {
            path: path.to_vec(),
            error,
        })?;
    match opened {
        Ok(()) => page.load(&options, &manifest),
        Err(error) => page.nothing(&error.diagnose()),
    }
    console.result(&page.0);
    Ok(())
}

/// The text so far.
struct Page(text::Page);

impl Page {
    fn json(&mut self) -> &mut Json {
        &mut self.0.json
    }

    /// Adds the reason why no load is possible.
    fn nothing(&mut self, why: &Diagnosis) {
        self.put("kexec uses", format_args!("nothing: {}", why.what));
        report::object(self.json(), "error", why);
    }

    fn line(&mut self, label: &str, text: &str) {
        self.0.line(label, text);
    }

    fn both(&mut self, label: &str, value: &[u8]) {
        self.0.both(label, value);
    }

    fn put(&mut self, label: &str, text: fmt::Arguments<'_>) {
        self.0.put(label, text);
    }

    fn image(&mut self, file: &dyn ReadAt, image: &Image, profile: u32) -> Result<(), ReadError> {
        if let Some(pe) = image.pe() {
            let machine = pe.machine.to_string();
            self.both("machine", machine.as_bytes());
        }
        self.signatures("signature", "signatures", file, image.pe());
        match image {
            Image::BzImage { header, .. } => {
                self.version(header);
                let max_bytes = header.cmdline_max_bytes;
                self.put(
                    "",
                    format_args!("takes a command line of up to {max_bytes} bytes"),
                );
                self.json().count("cmdlineMaxBytes", max_bytes.into());
            }
            Image::Uki { pe, uki, thin } => {
                if let Some(thin) = thin {
                    self.thin(thin);
                }
                if let Ok(selection) = uki.select(profile) {
                    self.selection(file, &selection, thin.is_some())?;
                    self.device_trees(file, pe.machine, &selection)?;
                }
                self.profiles(file, uki, profile)?;
                self.sections(pe, file.file_bytes());
            }
            Image::Addon { pe, .. } => self.sections(pe, file.file_bytes()),
            Image::Opaque { pe } => self.sections(pe, file.file_bytes()),
            Image::LinuxImage { .. } | Image::Zboot { .. } => {}
        }
        Ok(())
    }

    /// Adds the kernel's version.
    fn version(&mut self, header: &SetupHeader) {
        match &header.kernel_version {
            Some(version) => self.both("kernel", version),
            None => self.line("kernel", "version unknown"),
        }
    }

    /// Adds signers and digests as the signatures state them; nothing is verified.
    fn signatures(&mut self, label: &str, name: &str, file: &dyn ReadAt, pe: Option<&Pe>) {
        self.json().array(name);
        if let Some(pe) = pe {
            let found = authenticode::examine(file, pe);
            if found.signatures.is_empty() {
                self.line(label, "none");
            }
            let mut label = label;
            for (summary, signature) in found.summaries().iter().zip(&found.signatures) {
                self.json().object("");
                self.put(label, format_args!("{}", escaped(summary)));
                self.json().text("summary", summary);
                label = "";
                if let Ok(signature) = signature {
                    let digest = hex(&signature.digest);
                    self.line("", &digest);
                    self.json().text("digest", digest.as_bytes());
                    self.json().flag("matches", found.matches(signature));
                }
                self.json().end();
            }
            if !found.signatures.is_empty() {
                self.line("", "(only the kernel knows whether the signer is trusted)");
            }
        } else {
            self.line(label, "none: not a PE file");
        }
        self.json().end();
    }

    /// Adds the files that a thin image names.
    fn thin(&mut self, thin: &Thin) {
        self.json().array("files");
        for Reference {
            path,
            sha256,
            section,
        } in [&thin.kernel, &thin.initrd]
        {
            let sha256 = hex(sha256);
            self.put(section.name(), format_args!("{}", escaped(path)));
            self.line("", &sha256);
            let json = self.json();
            json.object("");
            json.text("section", section.name().as_bytes());
            json.text("path", path);
            json.text("sha256", sha256.as_bytes());
            json.end();
        }
        self.json().end();
    }

    /// Adds the sections that the chosen profile selects.
    fn selection(
        &mut self,
        file: &dyn ReadAt,
        selection: &Selection,
        is_thin: bool,
    ) -> Result<(), ReadError> {
        if let Some(slice) = selection.get(SectionKind::Osrel) {
            let system = osrel::parse(&env_file::read(file, slice)?);
            match system.title() {
                Some(title) => self.both("system", title),
                None => self.line("system", "unnamed"),
            }
        }
        if let Some(linux) = selection.linux().filter(|_| !is_thin) {
            let inner = detect_linux(file, linux);
            match &inner {
                Ok(Image::BzImage { header, .. }) => self.version(header),
                Ok(other) => self.line("kernel", other.kind_name()),
                Err(error) => self.put("kernel", format_args!("{error}")),
            }
            if let Ok(inner) = &inner {
                let file: &dyn ReadAt = &SubSource::new(file, linux);
                self.signatures("its signature", "kernelSignatures", file, inner.pe());
            }
        }
        match selection.get(SectionKind::Cmdline) {
            Some(slice) => match read_small(file, slice, TEXT_MAX_BYTES) {
                Ok(text) => self.both("command line", &cmdline::mangle(&text)),
                Err(error) => self.put("command line", format_args!("{error}")),
            },
            None => self.line("command line", "none"),
        }
        for (label, kind) in [
            ("initrd", SectionKind::Initrd),
            ("microcode", SectionKind::Ucode),
        ] {
            // A thin image has the path there.
            let is_path = is_thin && kind == SectionKind::Initrd;
            let slice = selection.get(kind).filter(|_| !is_path);
            let bytes = slice.map_or(0, |slice| slice.bytes);
            match slice {
                Some(_) => self.line(label, &exact_size(bytes)),
                None if label == "initrd" && !is_thin => self.line(label, "none"),
                None => continue,
            }
            self.json().count(&[label, " bytes"].concat(), bytes);
        }
        Ok(())
    }

    /// Adds the device trees, and the one that the stub would choose on this machine.
    fn device_trees(
        &mut self,
        file: &dyn ReadAt,
        machine: Machine,
        selection: &Selection,
    ) -> Result<(), ReadError> {
        let kinds = [SectionKind::DtbAuto, SectionKind::Dtb];
        if kinds.into_iter().all(|kind| selection.get(kind).is_none()) {
            return Ok(());
        }
        let takes_one = TAKES_DEVICE_TREES && machine != Machine::X86_64;
        let chosen = match takes_one {
            true => devicetree::choose(file, selection, &host::device())?,
            false => None,
        };
        self.json().array("deviceTrees");
        for section in kinds.into_iter().flat_map(|kind| selection.all(kind)) {
            let compatible = fdt::compatible(file, section.slice)?;
            let use_of_it = match (takes_one, chosen == Some(section.slice)) {
                (false, _) => "not used on x86",
                (_, true) => "for this machine",
                (_, false) => "for another machine",
            };
            self.put(
                "device tree",
                format_args!(
                    "{}: {} ({use_of_it})",
                    section.kind,
                    escaped(compatible.as_deref().unwrap_or(b"damaged"))
                ),
            );
            let json = self.json();
            json.object("");
            json.text("section", section.kind.name().as_bytes());
            match &compatible {
                Some(compatible) => json.text("compatible", compatible),
                None => json.flag("compatible", None),
            }
            json.text("use", use_of_it.as_bytes());
            json.end();
        }
        self.json().end();
        Ok(())
    }

    fn profiles(&mut self, file: &dyn ReadAt, uki: &Uki, shown: u32) -> Result<(), ReadError> {
        self.json().array("profiles");
        for (number, sections) in (0u32..).zip(&uki.profiles) {
            let Some(first) = sections.first() else {
                continue;
            };
            let text = profile::parse(&env_file::read(file, first.slice)?);
            let id = text.id.unwrap_or_default();
            let title = text.title.unwrap_or_default();
            let json = self.json();
            json.object("");
            json.count("number", number.into());
            json.text("id", &id);
            json.text("title", &title);
            json.flag("isShown", Some(number == shown));
            json.end();
            let label = if number == 0 { "profiles" } else { "" };
            let mark = if number == shown { '*' } else { ' ' };
            let id = if id.is_empty() { b"(no ID)" } else { &id[..] };
            let (id, title) = (escaped(id), escaped(&title));
            self.put(label, format_args!("{number}:{mark}{id} {title}"));
        }
        self.json().end();
        Ok(())
    }

    /// Adds the sections, with bars to the scale of the file.
    fn sections(&mut self, pe: &Pe, file_bytes: u64) {
        self.0
            .row("sections      offset           bytes  name     (#: 1/24 of the file)");
        self.json().array("sections");
        for section in &pe.sections {
            let (name, slice) = (section.name.bytes(), section.slice);
            let units = slice.bytes.saturating_mul(BAR.len() as u64);
            let units = units.saturating_add(file_bytes / 2).checked_div(file_bytes);
            let units = units.and_then(|units| usize::try_from(units).ok());
            let bar = units.and_then(|units| BAR.get(..units)).unwrap_or(BAR);
            let row = format!(
                "{:14}{:#010x} {:>11}  {:<8} {bar}",
                "",
                slice.offset.0,
                slice.bytes,
                format!("{}", escaped(name)),
            );
            self.0.row(row.trim_ascii_end());
            let json = self.json();
            json.object("");
            json.text("name", name);
            json.count("offset", slice.offset.0);
            json.count("bytes", slice.bytes);
            json.end();
        }
        self.json().end();
    }

    /// Adds what a `load` without options would do on this machine.
    fn load(&mut self, options: &LoadOptions<'_>, manifest: &Manifest<InputFile>) {
        // Looking needs no privilege, although the load will: a lack of CAP_SYS_BOOT is
        // not shown.
        let host = Host {
            cap_sys_boot: true,
            ..host::read()
        };
        let plan = match run::plan(options, manifest, &host, Some(Depth::Faults)) {
            Ok(plan) => plan,
            Err(RunError::Plan { error, .. }) => {
                return self.nothing(&error.diagnose());
            }
            Err(_) => return,
        };
        let route = plan.route.name();
        self.put("kexec uses", format_args!("route {route}"));
        self.json().object("uses");
        self.json().text("route", route.as_bytes());
        if let Some(blocker) = &plan.blocker {
            self.put("", format_args!("refused: {}", blocker.cause_text()));
            report::object(self.json(), "refused", blocker);
        }
        let kernel = plan.kernel.section;
        let mut used: Vec<&str> = alloc::vec![kernel.map_or("the whole file", SectionKind::name)];
        used.extend(plan.initrd.iter().filter_map(|part| match part.from {
            InitrdOrigin::Section(kind) | InitrdOrigin::SectionFile(kind) => Some(kind.name()),
            InitrdOrigin::Thin => Some(".initrd"),
            _ => None,
        }));
        self.line("", &used.join(", "));
        self.json().array("parts");
        for part in used {
            self.json().text("", part.as_bytes());
        }
        self.json().end();
        let cmdline = &plan.cmdline.text;
        self.put("", format_args!("command line: {}", escaped(cmdline)));
        self.json().text("command line", cmdline);
        self.json().end();
    }
}
