// SPDX-License-Identifier: GPL-2.0-or-later
//! UKI: the sections of a PE that systemd-stub knows, by profile. Layer: pure.
//!
//! Spec: UAPI.5 Unified Kernel Image; systemd-stub(7).
//!
//! The sections before the first `.profile` are the base. Each `.profile` starts a
//! profile, whose sections override those of the base. Within the base and within each
//! profile, the first section of a name counts.
use super::pe::{Pe, SectionName};
use crate::diagnosis::{Diagnose, Diagnosis, Hint};
use crate::formats::source::{FileSlice, ReadAt, read_small};
use alloc::vec::Vec;
use core::fmt;

/// Declares each section once: its variant and its name in the file.
macro_rules! section_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// The sections that have a meaning in a UKI or an addon.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum SectionKind { $($(#[$doc])* $kind,)* }

        impl SectionKind {
            pub const ALL: &[SectionKind] = &[$(SectionKind::$kind,)*];

            /// Returns the name in the section table, with its dot.
            pub fn name(self) -> &'static str {
                match self { $(SectionKind::$kind => $name,)* }
            }
        }
    };
}

section_kinds! {
    Linux = ".linux",
    Osrel = ".osrel",
    Cmdline = ".cmdline",
    Initrd = ".initrd",
    /// An initrd that holds only CPU microcode and goes before all others.
    Ucode = ".ucode",
    Splash = ".splash",
    Dtb = ".dtb",
    /// Device trees; the stub takes the one that fits the machine.
    DtbAuto = ".dtbauto",
    /// Firmware updates; the stub takes the one that fits the machine.
    Efifw = ".efifw",
    Hwids = ".hwids",
    Uname = ".uname",
    Sbat = ".sbat",
    Pcrsig = ".pcrsig",
    Pcrpkey = ".pcrpkey",
    /// Starts a profile.
    Profile = ".profile",
    /// The image's own BPF parser, which kexec_bpf.ko runs.
    Bpf = ".bpf",
}

impl SectionKind {
    /// Finds the kind by its name. All 8 bytes are compared: names are padded with NUL
    /// and never truncated.
    pub fn from_name(name: &SectionName) -> Option<SectionKind> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.name().as_bytes() == name.bytes())
    }

    /// Returns whether every section of this kind counts, not just the first.
    pub fn is_list(self) -> bool {
        matches!(self, SectionKind::DtbAuto | SectionKind::Efifw)
    }

    /// Returns whether such a section makes a PE without `.linux` an addon.
    fn is_addon_payload(self) -> bool {
        matches!(
            self,
            SectionKind::Cmdline
                | SectionKind::Dtb
                | SectionKind::DtbAuto
                | SectionKind::Initrd
                | SectionKind::Ucode
        )
    }
}

impl fmt::Display for SectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A section with a known name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UkiSection {
    pub kind: SectionKind,
    pub slice: FileSlice,
}

/// The known sections in table order, so that the first of a name is found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Uki {
    pub base: Vec<UkiSection>,
    /// Each begins with its `.profile` section.
    pub profiles: Vec<Vec<UkiSection>>,
}

/// An EFI program of systemd, which names itself in `.sdmagic`: "#### LoaderInfo:
/// systemd-stub 257 ####".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EfiProgram {
    Addon,
    Stub,
    BootLoader,
}

impl EfiProgram {
    /// The longest text in use has half of these bytes.
    const MAX_BYTES: u64 = 128;

    /// Reads which program a PE file is; `None` for any other.
    pub fn read<R: ReadAt + ?Sized>(source: &R, pe: &Pe) -> Option<EfiProgram> {
        let magic = pe.section(b".sdmagic")?;
        let text = read_small(source, magic.slice, EfiProgram::MAX_BYTES).ok()?;
        let names = |name: &[u8]| text.windows(name.len()).any(|part| part == name);
        [
            (&b" systemd-addon "[..], EfiProgram::Addon),
            (b" systemd-stub ", EfiProgram::Stub),
            (b" systemd-boot ", EfiProgram::BootLoader),
        ]
        .into_iter()
        .find_map(|(name, program)| names(name).then_some(program))
    }
}

/// A reason why a PE file cannot boot as a UKI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UkiError {
    /// The file is neither a UKI nor an addon, but some other EFI program.
    NoLinux,
    /// One of systemd's EFI programs, by its `.sdmagic`, and nothing was put into it.
    Bare(EfiProgram),
    /// `.linux` is present but has no bytes.
    EmptyLinux,
    /// The file has no `.linux`, but a section that would extend a UKI.
    IsAddon {
        first: SectionKind,
    },
    NoSuchProfile {
        wanted: u32,
        count: u32,
    },
}

impl fmt::Display for UkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UkiError::NoLinux => f.write_str("PE file has no .linux section"),
            UkiError::Bare(EfiProgram::Addon) => f.write_str("an addon with nothing in it"),
            UkiError::Bare(EfiProgram::Stub) => f.write_str("a stub without a kernel"),
            UkiError::Bare(EfiProgram::BootLoader) => f.write_str("the boot loader systemd-boot"),
            UkiError::EmptyLinux => f.write_str("the .linux section is empty"),
            UkiError::IsAddon { first } => {
                write!(f, "an addon: has {first} but no .linux section")
            }
            UkiError::NoSuchProfile { wanted, count: 0 } => {
                write!(f, "no profile {wanted}: the image has no profiles")
            }
            UkiError::NoSuchProfile { wanted, count } => {
                write!(
                    f,
                    "no profile {wanted}: the image has {count}, numbered from 0"
                )
            }
        }
    }
}

impl Diagnose for UkiError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            UkiError::NoLinux => Diagnosis::bad_image(self)
                .because("an EFI program, but neither a kernel nor a UKI")
                .with_hint("give the kernel itself, or a UKI (*.efi in EFI/Linux)"),
            UkiError::Bare(EfiProgram::Addon) => Diagnosis::bad_image(self)
                .because("it is systemd's addon stub, from which ukify makes an addon")
                .with_hint("leave it out, or build it with ukify build --cmdline=..."),
            UkiError::Bare(EfiProgram::Stub) => Diagnosis::bad_image(self)
                .because("it is systemd's stub, from which ukify makes a UKI")
                .with_hint("load a UKI: ukify build --linux=... --initrd=..."),
            UkiError::Bare(EfiProgram::BootLoader) => Diagnosis::bad_image(self)
                .because("a boot loader needs the firmware, which kexec leaves out")
                .with_hint("boot one of its entries: kexec-bpf list, then boot"),
            UkiError::EmptyLinux => Diagnosis::bad_image(self),
            UkiError::IsAddon { .. } => Diagnosis::bad_image(self)
                .because("addons extend a UKI and cannot boot alone")
                .with_hint("load the UKI that the addon belongs to"),
            UkiError::NoSuchProfile { .. } => Diagnosis::usage(self).with_hints(&[Hint::Profiles]),
        }
    }
}

impl Uki {
    /// Sorts the sections of a UKI into base and profiles.
    ///
    /// # Errors
    /// [`UkiError::IsAddon`], [`UkiError::NoLinux`]. Only [`Uki::select`] checks whether
    /// a profile is complete.
    pub fn from_pe(pe: &Pe) -> Result<Uki, UkiError> {
        let uki = Uki::sort(pe);
        if uki.sections().any(|s| s.kind == SectionKind::Linux) {
            return Ok(uki);
        }
        let payload = uki.sections().find(|s| s.kind.is_addon_payload());
        Err(match payload {
            Some(section) => UkiError::IsAddon {
                first: section.kind,
            },
            None => UkiError::NoLinux,
        })
    }

    /// Sorts the sections without requiring a `.linux`, for an addon, which has no
    /// profiles.
    pub fn sort(pe: &Pe) -> Uki {
        let mut base = Vec::new();
        let mut profiles: Vec<Vec<UkiSection>> = Vec::new();
        for section in &pe.sections {
            let Some(kind) = SectionKind::from_name(&section.name) else {
                continue;
            };
            if kind == SectionKind::Profile {
                profiles.push(Vec::new());
            }
            let slice = section.slice;
            profiles
                .last_mut()
                .unwrap_or(&mut base)
                .push(UkiSection { kind, slice });
        }
        Uki { base, profiles }
    }

    pub fn profile_count(&self) -> u32 {
        u32::try_from(self.profiles.len()).unwrap_or(u32::MAX)
    }

    /// Returns all known sections, base first, in table order.
    pub fn sections(&self) -> impl Iterator<Item = &UkiSection> {
        self.base.iter().chain(self.profiles.iter().flatten())
    }

    /// Selects the sections that boot with `profile`. Profile 0 is the default; in an
    /// image without profiles, it is the base.
    ///
    /// # Errors
    /// Any [`UkiError`] except [`UkiError::IsAddon`].
    pub fn select(&self, profile: u32) -> Result<Selection, UkiError> {
        let no_such_profile = UkiError::NoSuchProfile {
            wanted: profile,
            count: self.profile_count(),
        };
        let index = usize::try_from(profile).map_err(|_| no_such_profile)?;
        let own = match self.profiles.get(index) {
            Some(own) => own.as_slice(),
            None if index == 0 => &[],
            None => return Err(no_such_profile),
        };
        let mut sections = Vec::new();
        for section in own.iter().chain(&self.base) {
            let taken = sections.iter().any(|s: &UkiSection| s.kind == section.kind);
            if !taken || section.kind.is_list() {
                sections.push(*section);
            }
        }
        let selection = Selection { sections };
        match selection.get(SectionKind::Linux) {
            None => Err(UkiError::NoLinux),
            Some(FileSlice { bytes: 0, .. }) => Err(UkiError::EmptyLinux),
            Some(_) => Ok(selection),
        }
    }
}

/// The sections for one profile. They always include a `.linux` that is not empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    /// The profile's sections, then those of the base: the order in which to try them.
    sections: Vec<UkiSection>,
}

impl Selection {
    /// Returns the section that counts; for a list ([`SectionKind::is_list`]), the one to
    /// try first.
    pub fn get(&self, kind: SectionKind) -> Option<FileSlice> {
        self.all(kind).map(|s| s.slice).next()
    }

    /// Returns all sections to try, in order; more than one only for lists.
    pub fn all(&self, kind: SectionKind) -> impl Iterator<Item = &UkiSection> {
        self.sections.iter().filter(move |s| s.kind == kind)
    }

    /// Returns the kernel.
    pub fn linux(&self) -> Option<FileSlice> {
        self.get(SectionKind::Linux)
    }
}
