// SPDX-License-Identifier: GPL-2.0-or-later
//! x86 boot images and their setup header. Layer: pure.
//!
//! Spec: the kernel's Documentation/arch/x86/boot.rst.
use crate::diagnosis::size::size;
use crate::diagnosis::{Diagnose, Diagnosis};
use crate::formats::cmdline::X86_RESERVED_BYTES;
use crate::formats::field::{bytes_at, u8_at, u16_at, u32_at};
use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError, read_head};
use alloc::vec::Vec;
use core::fmt;

/// The size of the header up to and including `handover_offset` (protocol 2.11).
const HEADER_END: usize = 0x268;
const BOOT_FLAG: u16 = 0xaa55;
pub(super) const MAGIC: [u8; 4] = *b"HdrS";
pub(super) const MAGIC_AT: usize = 0x202;
const SECTOR_BYTES: u64 = 512;
/// Limit on the version string; a longer one is truncated. Today's have about 100
/// characters.
const MAX_VERSION_BYTES: usize = 256;

/// The oldest accepted protocol: 2.06 (Linux 2.6.22) introduced `cmdline_size`.
pub const OLDEST: ProtocolVersion = ProtocolVersion(0x0206);
/// 2.12 (Linux 3.8) introduced `xloadflags`, which kexec_file_load checks.
const KEXEC_FILE_OLDEST: ProtocolVersion = ProtocolVersion(0x020c);

const LOADED_HIGH: u8 = 1 << 0;
pub const XLF_KERNEL_64: u16 = 1 << 0;
pub const XLF_CAN_BE_LOADED_ABOVE_4G: u16 = 1 << 1;

/// The boot protocol version, major in the high byte.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ProtocolVersion(pub u16);

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor] = self.0.to_be_bytes();
        write!(f, "{major}.{minor:02}")
    }
}

/// The fields of the setup header that matter to kexec, under their names in boot.rst.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetupHeader {
    pub version: ProtocolVersion,
    /// `cmdline_size`: the longest command line, in bytes without its final NUL.
    pub cmdline_max_bytes: u32,
    /// 0 below protocol 2.12.
    pub xloadflags: u16,
    /// The highest address that the last byte of the initrd may have.
    pub initrd_addr_max: u32,
    /// The number of real-mode sectors after the boot sector; 0 in the file means 4 and
    /// is read as 4.
    pub setup_sects: u8,
    /// The memory that the kernel needs before it knows the memory map, in bytes; 0 below
    /// protocol 2.10.
    pub init_size_bytes: u32,
    pub relocatable: bool,
    loaded_high: bool,
    /// The compressed kernel; `None` below protocol 2.08.
    pub payload: Option<FileSlice>,
    /// The version string, "6.12.48-amd64 (…) #1 SMP …", as the file has it.
    pub kernel_version: Option<Vec<u8>>,
}

impl SetupHeader {
    /// Returns the release alone, as `uname -r` will show it.
    pub fn release(&self) -> Option<&[u8]> {
        self.kernel_version
            .as_ref()?
            .split(|byte| *byte == b' ')
            .next()
    }

    /// Returns the longest command line that kexec_file_load takes, in bytes without its
    /// NUL.
    pub fn kexec_file_cmdline_max_bytes(&self) -> u64 {
        u64::from(self.cmdline_max_bytes.saturating_sub(X86_RESERVED_BYTES))
    }

    /// Returns the reason why kexec_file_load on x86_64 would fail with ENOEXEC, if there
    /// is one. The checks are those of the kernel's bzImage64_probe.
    pub fn kexec_file_blocker(&self) -> Option<&'static str> {
        if self.version < KEXEC_FILE_OLDEST {
            Some("its boot protocol is older than 2.12 (Linux 3.8)")
        } else if !self.loaded_high {
            Some("it is a zImage, not a bzImage")
        } else if self.xloadflags & XLF_KERNEL_64 == 0 {
            Some("it is not a 64-bit kernel")
        } else if self.xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G == 0 {
            Some("it cannot be loaded above 4 GiB")
        } else if !self.relocatable {
            Some("it is not relocatable")
        } else {
            None
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BzImageError {
    TooShort {
        file_bytes: u64,
    },
    NoMagic {
        found: [u8; 4],
    },
    NoBootFlag {
        found: u16,
    },
    TooOld {
        version: ProtocolVersion,
    },
    /// Not all of the real-mode part, which is counted in sectors of 512 bytes, is in the
    /// file.
    SetupOutOfFile {
        end: FileOffset,
        file_bytes: u64,
    },
    /// Not all of the protected-mode part, `syssize` units of 16 bytes, is in the file.
    KernelOutOfFile {
        end: FileOffset,
        file_bytes: u64,
    },
    PayloadOutOfFile {
        end: FileOffset,
        file_bytes: u64,
    },
    Read(ReadError),
}

impl Diagnose for BzImageError {
    fn diagnose(&self) -> Diagnosis {
        match self {
            BzImageError::TooShort { .. }
            | BzImageError::SetupOutOfFile { .. }
            | BzImageError::KernelOutOfFile { .. }
            | BzImageError::PayloadOutOfFile { .. } => Diagnosis::cut_short(self),
            BzImageError::NoMagic { .. }
            | BzImageError::NoBootFlag { .. }
            | BzImageError::TooOld { .. } => Diagnosis::bad_image(self),
            BzImageError::Read(error) => error.diagnose(),
        }
    }
}

impl From<ReadError> for BzImageError {
    fn from(error: ReadError) -> Self {
        BzImageError::Read(error)
    }
}

impl fmt::Display for BzImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use BzImageError::*;
        match self {
            TooShort { file_bytes } => {
                write!(f, "too short for a bzImage: {}", size(*file_bytes))
            }
            NoMagic { found } => {
                write!(
                    f,
                    "no \"HdrS\" at 0x202, found \"{}\"",
                    found.escape_ascii()
                )
            }
            NoBootFlag { found } => {
                write!(f, "no boot flag 0xaa55 at 0x1fe, found {found:#06x}")
            }
            TooOld { version } => {
                write!(f, "boot protocol {version}; at least {OLDEST} is needed")
            }
            SetupOutOfFile { end, file_bytes } => {
                write!(f, "setup code ends at {end}, file at {file_bytes:#x}")
            }
            KernelOutOfFile { end, file_bytes } => {
                write!(f, "kernel ends at {end}, file at {file_bytes:#x}")
            }
            PayloadOutOfFile { end, file_bytes } => {
                write!(
                    f,
                    "compressed kernel ends at {end}, file at {file_bytes:#x}"
                )
            }
            Read(error) => write!(f, "{error}"),
        }
    }
}

/// Parses the setup header and the version string.
pub fn parse<R: ReadAt + ?Sized>(source: &R) -> Result<SetupHeader, BzImageError> {
    let file_bytes = source.file_bytes();
    let mut buf = [0; HEADER_END];
    let header = read_head(source, &mut buf)?;
    if header.len() < HEADER_END {
        return Err(BzImageError::TooShort { file_bytes });
    }
    // From here on, `header` is known to be long enough for every field.
    let byte = |offset| u8_at(header, offset).unwrap_or_default();
    let word = |offset| u16_at(header, offset).unwrap_or_default();
    let long = |offset| u32_at(header, offset).unwrap_or_default();

    let found = bytes_at(header, MAGIC_AT).unwrap_or_default();
    if found != MAGIC {
        return Err(BzImageError::NoMagic { found });
    }
    let found = word(0x1fe);
    if found != BOOT_FLAG {
        return Err(BzImageError::NoBootFlag { found });
    }
    let version = ProtocolVersion(word(0x206));
    if version < OLDEST {
        return Err(BzImageError::TooOld { version });
    }
    // A field counts only from the version that introduced it; older images have code in
    // its place.
    let since = |minor, value| if version.0 >= minor { value } else { 0 };

    let setup_sects = match byte(0x1f1) {
        0 => 4,
        sectors => sectors,
    };
    let setup_bytes = u64::from(setup_sects)
        .saturating_add(1)
        .saturating_mul(SECTOR_BYTES);
    if setup_bytes >= file_bytes {
        return Err(BzImageError::SetupOutOfFile {
            end: FileOffset(setup_bytes),
            file_bytes,
        });
    }
    let kernel = FileOffset(setup_bytes);
    // Counted in units of 16 bytes. Signatures may follow, so the file may be longer. Images
    // that are no Linux, such as iPXE's, may end within the last unit; Linux since 2.08 fills
    // it.
    let unused_bytes = if version.0 < 0x208 { 15 } else { 0 };
    let kernel_bytes = u64::from(long(0x1f4)).saturating_mul(16);
    let least_bytes = kernel_bytes.saturating_sub(unused_bytes);
    FileSlice::within(kernel, least_bytes, file_bytes).ok_or(BzImageError::KernelOutOfFile {
        end: FileOffset(kernel.0.saturating_add(kernel_bytes)),
        file_bytes,
    })?;
    Ok(SetupHeader {
        version,
        cmdline_max_bytes: long(0x238),
        xloadflags: u16::try_from(since(0x20c, u32::from(word(0x236)))).unwrap_or_default(),
        initrd_addr_max: long(0x22c),
        setup_sects,
        init_size_bytes: since(0x20a, long(0x260)),
        relocatable: byte(0x234) != 0,
        loaded_high: byte(0x211) & LOADED_HIGH != 0,
        payload: payload(
            kernel,
            since(0x208, long(0x248)),
            since(0x208, long(0x24c)),
            file_bytes,
        )?,
        kernel_version: kernel_version(source, word(0x20e), setup_bytes)?,
    })
}

fn payload(
    kernel: FileOffset,
    offset: u32,
    bytes: u32,
    file_bytes: u64,
) -> Result<Option<FileSlice>, BzImageError> {
    if bytes == 0 {
        return Ok(None);
    }
    let start = FileOffset(kernel.0.saturating_add(u64::from(offset)));
    let bytes = u64::from(bytes);
    match FileSlice::within(start, bytes, file_bytes) {
        Some(slice) => Ok(Some(slice)),
        None => Err(BzImageError::PayloadOutOfFile {
            end: FileOffset(start.0.saturating_add(bytes)),
            file_bytes,
        }),
    }
}

/// Reads the version string at `pointer` + 0x200, within the setup code. A missing or
/// malformed string is no reason to refuse a kernel.
fn kernel_version<R: ReadAt + ?Sized>(
    source: &R,
    pointer: u16,
    setup_bytes: u64,
) -> Result<Option<Vec<u8>>, ReadError> {
    let offset = u64::from(pointer).saturating_add(0x200);
    let room = setup_bytes.saturating_sub(offset);
    if pointer == 0 || room == 0 {
        return Ok(None);
    }
    let mut buf = [0; MAX_VERSION_BYTES];
    let bytes = usize::try_from(room).unwrap_or(usize::MAX).min(buf.len());
    let text = buf.get_mut(..bytes).unwrap_or_default();
    source.read_at(FileOffset(offset), text)?;
    let text = text.split(|b| *b == 0).next().unwrap_or_default();
    Ok((!text.is_empty()).then(|| text.to_vec()))
}
