// SPDX-License-Identifier: GPL-2.0-or-later
//! `inspect`: the contents of an image, and the part that a load would use.
//! Layer: effects.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::console::print;
use super::options;
use super::parse::Parsed;
use super::plan::revoked_text;
use super::text::field;
use crate::diagnosis::escape::printable;
use crate::diagnosis::size::exact_size;
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::cmdline;
use crate::formats::image::authenticode;
use crate::formats::image::detect::{Image, detect_linux};
use crate::formats::image::pe::{Machine, Pe};
use crate::formats::image::thin::{Reference, Thin, hex};
use crate::formats::image::uki::{SectionKind, Selection, Uki};
use crate::formats::image::{devicetree, fdt, osrel, profile};
use crate::formats::source::{FileSlice, ReadAt, ReadError, SubSource, read_small};
use crate::host::Host;
use crate::policy::plan::{InitrdOrigin, Manifest, Options};
use crate::run::{self, LoadOptions, RunError};
use crate::sys::file::InputFile;
use crate::sys::host;

/// The column at which values start.
const COLUMN: usize = 14;
/// The size of the longest text section that is shown.
const TEXT_MAX_BYTES: u64 = 64 << 10;
/// x86 uses no device trees, so the code that chooses one is left out of the program.
const TAKES_DEVICE_TREES: bool = !cfg!(target_arch = "x86_64");

pub fn inspect(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
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
    let opened = run::open_thin(&mut manifest, &options).and_then(|()| run::check_thin(&manifest));
    let file = &manifest.image.file;
    let image = &manifest.detected;
    let mut page = Page::default();
    page.line("image", &printable(path));
    let bytes = file.file_bytes();
    page.line(
        "kind",
        &format!("{}, {}", image.kind_name(), exact_size(bytes)),
    );
    run::revoked(&manifest, &mut |_, why| {
        page.line("warning", &revoked_text(why));
    });
    page.image(file, image, manifest.profile)
        .map_err(|error| RunError::Read {
            path: path.to_vec(),
            error,
        })?;
    match opened {
        Ok(()) => page.load(&options, &manifest),
        Err(error) => page.line("kexec uses", &format!("nothing: {}", error.diagnose().what)),
    }
    print(&page.0)
}

/// The text so far.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, label: &str, text: &str) {
        field(&mut self.0, label, COLUMN, text);
    }

    fn image(&mut self, file: &dyn ReadAt, image: &Image, profile: u32) -> Result<(), ReadError> {
        if let Some(pe) = image.pe() {
            self.line("machine", &pe.machine.to_string());
        }
        self.signatures("signature", file, image.pe());
        match image {
            Image::BzImage { header, .. } => {
                let version = header.kernel_version.as_deref();
                self.line("kernel", version.unwrap_or("version unknown"));
                let max_bytes = header.cmdline_max_bytes;
                self.line(
                    "",
                    &format!("takes a command line of up to {max_bytes} bytes"),
                );
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
                self.sections(pe);
            }
            Image::Addon { pe, .. } => self.sections(pe),
            Image::Opaque { pe } => self.sections(pe),
            Image::LinuxImage { .. } | Image::Zboot { .. } => {}
        }
        Ok(())
    }

    /// Adds signers and digests as the signatures state them; nothing is verified.
    fn signatures(&mut self, label: &str, file: &dyn ReadAt, pe: Option<&Pe>) {
        let Some(pe) = pe else {
            return self.line(label, "none: not a PE file");
        };
        let found = authenticode::examine(file, pe);
        if found.signatures.is_empty() {
            self.line(label, "none");
        }
        let mut label = label;
        for (summary, signature) in found.summaries().iter().zip(&found.signatures) {
            self.line(label, &printable(summary));
            label = "";
            if let Ok(signature) = signature {
                self.line("", &hex(&signature.digest));
            }
        }
        if !found.signatures.is_empty() {
            self.line("", "(only the kernel knows whether the signer is trusted)");
        }
    }

    /// Adds the files that a thin image names.
    fn thin(&mut self, thin: &Thin) {
        for Reference {
            path,
            sha256,
            section,
        } in [&thin.kernel, &thin.initrd]
        {
            self.line(section.name(), &printable(path));
            self.line("", &hex(sha256));
        }
    }

    /// Adds the sections that the chosen profile selects.
    fn selection(
        &mut self,
        file: &dyn ReadAt,
        selection: &Selection,
        is_thin: bool,
    ) -> Result<(), ReadError> {
        if let Some(slice) = selection.get(SectionKind::Osrel) {
            let system = osrel::parse(&read_small(file, slice, TEXT_MAX_BYTES)?);
            self.line("system", system.title().unwrap_or("unnamed"));
        }
        if let Some(linux) = selection.linux().filter(|_| !is_thin) {
            let inner = detect_linux(file, linux);
            let text = match &inner {
                Ok(Image::BzImage { header, .. }) => {
                    let version = header.kernel_version.as_deref();
                    version.unwrap_or("version unknown").into()
                }
                Ok(other) => other.kind_name().into(),
                Err(error) => error.to_string(),
            };
            self.line("kernel", &text);
            if let Ok(inner) = &inner {
                let file: &dyn ReadAt = &SubSource::new(file, linux);
                self.signatures("its signature", file, inner.pe());
            }
        }
        match selection.get(SectionKind::Cmdline) {
            Some(slice) => {
                let text = cmdline::mangle(&read_small(file, slice, TEXT_MAX_BYTES)?);
                self.line("command line", &printable(&text));
            }
            None => self.line("command line", "none"),
        }
        if !is_thin {
            let initrd = selection.get(SectionKind::Initrd);
            self.line("initrd", &slice_size(initrd));
        }
        if let Some(ucode) = selection.get(SectionKind::Ucode) {
            self.line("microcode", &slice_size(Some(ucode)));
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
        for section in kinds.into_iter().flat_map(|kind| selection.all(kind)) {
            let compatible = fdt::compatible(file, section.slice)?;
            let compatible = compatible.map_or_else(|| "damaged".into(), |name| printable(&name));
            let use_of_it = match (takes_one, chosen == Some(section.slice)) {
                (false, _) => "not used on x86",
                (_, true) => "for this machine",
                (_, false) => "for another machine",
            };
            let text = format!("{}: {compatible} ({use_of_it})", section.kind);
            self.line("device tree", &text);
        }
        Ok(())
    }

    fn profiles(&mut self, file: &dyn ReadAt, uki: &Uki, shown: u32) -> Result<(), ReadError> {
        for (number, sections) in (0u32..).zip(&uki.profiles) {
            let Some(first) = sections.first() else {
                continue;
            };
            let text = profile::parse(&read_small(file, first.slice, TEXT_MAX_BYTES)?);
            let id = text.id.filter(|id| !id.is_empty());
            let id = id.unwrap_or_else(|| "(no ID)".into());
            let title = text.title.unwrap_or_default();
            let label = if number == 0 { "profiles" } else { "" };
            let mark = if number == shown { '*' } else { ' ' };
            self.line(label, &format!("{number}:{mark}{id} {title}"));
        }
        Ok(())
    }

    fn sections(&mut self, pe: &Pe) {
        // A table: its columns must not be reflowed.
        self.0.push_str(&format!(
            "{:COLUMN$}{:<10} {:>11}  {}\n",
            "sections", "offset", "bytes", "name"
        ));
        for section in &pe.sections {
            self.0.push_str(&format!(
                "{:COLUMN$}{:#010x} {:>11}  {}\n",
                "",
                section.slice.offset.0,
                section.slice.bytes,
                printable(section.name.bytes()),
            ));
        }
    }

    /// Adds what a `load` without options would do on this machine.
    fn load(&mut self, options: &LoadOptions<'_>, manifest: &Manifest<InputFile>) {
        // Looking needs no privilege, although the load will: a lack of CAP_SYS_BOOT is
        // not shown.
        let host = Host {
            cap_sys_boot: true,
            ..host::read()
        };
        let plan = match run::plan(options, manifest, &host) {
            Ok(plan) => plan,
            Err(RunError::Plan { error, .. }) => {
                return self.line("kexec uses", &format!("nothing: {error}"));
            }
            Err(_) => return,
        };
        self.line("kexec uses", &format!("route {}", plan.route.name()));
        if let Some(blocker) = &plan.blocker {
            self.line("", &format!("refused: {}", blocker.cause_text()));
        }
        let kernel = plan.kernel.section;
        let mut used: Vec<&str> = alloc::vec![kernel.map_or("the whole file", SectionKind::name)];
        used.extend(plan.initrd.iter().filter_map(|part| match part.from {
            InitrdOrigin::Section(kind) | InitrdOrigin::SectionFile(kind) => Some(kind.name()),
            InitrdOrigin::Thin => Some(".initrd"),
            _ => None,
        }));
        self.line("", &used.join(", "));
        self.line(
            "",
            &format!("command line: {}", printable(&plan.cmdline.text)),
        );
    }
}

fn slice_size(slice: Option<FileSlice>) -> String {
    match slice {
        Some(slice) => exact_size(slice.bytes),
        None => "none".into(),
    }
}
