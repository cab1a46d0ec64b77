// SPDX-License-Identifier: GPL-2.0-or-later
//! A BPF object file as an ELF file: sections, symbols, relocations. Layer: pure.
//!
//! Spec: the System V ABI, and "BPF ELF relocations" in the kernel's
//! Documentation/bpf/llvm_reloc.rst. Such a file is 64-bit and little-endian on every
//! machine that this program is built for.

use alloc::vec::Vec;

use super::ObjectError;
use crate::formats::field::{u8_at, u16_at, u32_at, u64_at};
use crate::formats::sort::sort;

const MAGIC: &[u8] = b"\x7fELF";
/// The magic, ELFCLASS64, ELFDATA2LSB.
const IDENT: &[u8] = b"\x7fELF\x02\x01";
const ET_REL: u16 = 1;
const EM_BPF: u16 = 247;
/// The machine of this program's own ELF files; 0, which is none's, where this program
/// has none.
const EM_HOST: u16 = match () {
    () if cfg!(target_arch = "x86_64") => 62,
    () if cfg!(target_arch = "aarch64") => 183,
    () if cfg!(target_arch = "riscv64") => 243,
    () => 0,
};
/// The size of the header of an ELF file, in bytes.
const HEADER_BYTES: usize = 64;

const SECTION_HEADER_BYTES: usize = 64;
const SHT_SYMTAB: u32 = 2;
const SHT_NOBITS: u32 = 8;
const SHT_REL: u32 = 9;
const SHF_EXECINSTR: u64 = 4;
const SHN_UNDEF: u16 = 0;
const SHN_LORESERVE: u16 = 0xff00;

const SYMBOL_BYTES: usize = 24;
const STB_LOCAL: u8 = 0;
const STB_WEAK: u8 = 2;
const STT_FUNC: u8 = 2;
const STT_SECTION: u8 = 3;
const STV_INTERNAL: u8 = 1;
const STV_HIDDEN: u8 = 2;

const RELOCATION_BYTES: usize = 16;

/// Limit on sections; clang generates about 30, with debug data.
const SECTIONS_MAX: usize = 512;
/// KSYM_NAME_LEN of the kernel, with the NUL. A table may be one long string, in which
/// each offset is a name; without a limit, reading them all would take too long.
const NAME_MAX: usize = 512;
const NO_NAME: &str = "a name lies outside it, or is longer than 511 bytes";

/// An object file. Sections and symbols are referred to by their positions in it.
pub struct Elf<'a> {
    pub sections: Vec<Section<'a>>,
    pub symbols: Vec<Symbol<'a>>,
}

pub struct Section<'a> {
    pub name: &'a [u8],
    /// The contents; empty for a section that is not in the file, such as .bss.
    pub bytes: &'a [u8],
    /// The size in memory, in bytes.
    pub size: u64,
    pub executable: bool,
    /// True when the section has a relocation table.
    pub is_relocated: bool,
    /// Sorted by their offsets; only those of code are read.
    pub relocations: Vec<Relocation>,
}

pub struct Symbol<'a> {
    pub name: &'a [u8],
    /// The section's number; `None` for a symbol defined elsewhere.
    pub section: Option<usize>,
    /// The offset from the start of the section, in bytes.
    pub value: u64,
    /// The size, in bytes.
    pub size: u64,
    pub is_function: bool,
    /// True when the symbol stands for its section.
    pub is_section: bool,
    /// True when the symbol is not visible from outside the file.
    pub is_hidden: bool,
    pub is_local: bool,
    /// True when the symbol may be missing.
    pub is_weak: bool,
}

/// A place in a section that refers to a symbol.
#[derive(Clone, Copy)]
pub struct Relocation {
    /// The offset from the start of the section, in bytes.
    pub offset: u64,
    pub symbol: usize,
}

/// The fields of `Elf64_Shdr` that are used.
struct SectionHeader {
    name: usize,
    kind: u32,
    flags: u64,
    offset: u64,
    size: u64,
    link: usize,
    info: usize,
    entry_size: u64,
}

impl SectionHeader {
    fn read(row: &[u8]) -> Option<SectionHeader> {
        let number = |offset| usize::try_from(u32_at(row, offset)?).ok();
        Some(SectionHeader {
            name: number(0)?,
            kind: u32_at(row, 4)?,
            flags: u64_at(row, 8)?,
            offset: u64_at(row, 24)?,
            size: u64_at(row, 32)?,
            link: number(40)?,
            info: number(44)?,
            entry_size: u64_at(row, 56)?,
        })
    }

    fn contents<'a>(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        part(file, self.offset, self.size)
    }
}

fn damaged(what: &'static str) -> ObjectError {
    ObjectError::Elf { what }
}

/// Returns the bytes `offset..offset + size` of the file.
fn part(file: &[u8], offset: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    file.get(start..end)
}

/// Returns the NUL-terminated string at `offset` in a string table.
pub fn text(table: &[u8], offset: usize) -> Option<&[u8]> {
    let from = table.get(offset..)?;
    let end = from.iter().take(NAME_MAX).position(|byte| *byte == 0)?;
    from.get(..end)
}

/// Returns the section headers; `None` if they are not all in the file.
fn headers(file: &[u8]) -> Option<Vec<SectionHeader>> {
    let count = u64::from(u16_at(file, 60)?);
    let size = count.checked_mul(SECTION_HEADER_BYTES as u64)?;
    let table = part(file, u64_at(file, 40)?, size)?;
    table
        .chunks_exact(SECTION_HEADER_BYTES)
        .map(SectionHeader::read)
        .collect()
}

impl<'a> Elf<'a> {
    /// Parses an object file.
    ///
    /// # Errors
    /// [`ObjectError::Elf`] when it is not an object file for BPF, or when a table is not
    /// all in it.
    pub fn parse(file: &'a [u8]) -> Result<Elf<'a>, ObjectError> {
        if !file.starts_with(MAGIC) {
            return Err(damaged("it has no ELF header"));
        }
        if !file.starts_with(IDENT) {
            return Err(damaged("it is not 64-bit little-endian"));
        }
        if (u16_at(file, 16), u16_at(file, 18)) != (Some(ET_REL), Some(EM_BPF)) {
            return Err(damaged("it is an ELF file, but not for BPF"));
        }
        Elf::tables(file)
    }

    /// Reads the tables of an ELF file for any machine.
    fn tables(file: &'a [u8]) -> Result<Elf<'a>, ObjectError> {
        let headers = headers(file).ok_or(damaged("its section table runs past its end"))?;
        if headers.len() > SECTIONS_MAX {
            return Err(damaged("it has more than 512 sections"));
        }
        let names = u16_at(file, 62)
            .and_then(|number| headers.get(usize::from(number)))
            .and_then(|names| names.contents(file))
            .ok_or(damaged("its section names lie outside it"))?;
        let mut sections = headers
            .iter()
            .map(|header| section(file, header, names))
            .collect::<Result<Vec<_>, _>>()?;
        // Tables may overlap, so the sum of their sizes is limited.
        let mut bytes_left = file.len() as u64;
        for header in headers.iter().filter(|header| header.kind == SHT_REL) {
            let Some(target) = sections.get_mut(header.info) else {
                continue;
            };
            if target.is_relocated {
                return Err(damaged("a section has two relocation tables"));
            }
            target.is_relocated = true;
            if target.executable {
                bytes_left = bytes_left
                    .checked_sub(header.size)
                    .ok_or(damaged("its relocation tables are larger than the file"))?;
                target.relocations = relocations(file, header)?;
            }
        }
        let symbols = match headers.iter().find(|header| header.kind == SHT_SYMTAB) {
            Some(table) => symbols(file, table, &headers)?,
            None => Vec::new(),
        };
        Ok(Elf { sections, symbols })
    }

    pub fn section(&self, name: &[u8]) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// Returns the symbols of a section that have a name of their own, with their
    /// numbers.
    pub fn symbols_in(&self, section: usize) -> impl Iterator<Item = (usize, &Symbol<'a>)> {
        let within = move |symbol: &Symbol<'_>| symbol.section == Some(section);
        self.symbols
            .iter()
            .enumerate()
            .filter(move |(_, symbol)| within(symbol) && !symbol.is_section)
    }
}

/// Returns whether a file that begins like this is an ELF file for this machine, as the
/// module looks at it.
#[must_use]
pub fn is_native(head: &[u8]) -> bool {
    head.len() >= HEADER_BYTES && head.starts_with(MAGIC) && u16_at(head, 18) == Some(EM_HOST)
}

/// Returns whether an ELF file for this machine is a light skeleton: a program and its data
/// for a kernel that loads parsers by itself, as upstream's series does.
#[must_use]
pub fn is_skeleton(file: &[u8]) -> bool {
    let Ok(elf) = Elf::tables(file) else {
        return false;
    };
    let has = |name: &[u8]| {
        let mut symbols = elf.symbols.iter();
        symbols.any(|symbol| symbol.name == name && symbol.section.is_some())
    };
    has(b"opts_insn") && has(b"opts_data")
}

fn section<'a>(
    file: &'a [u8],
    header: &SectionHeader,
    names: &'a [u8],
) -> Result<Section<'a>, ObjectError> {
    let bytes = match header.kind {
        SHT_NOBITS => Some(&[][..]),
        _ => header.contents(file),
    };
    Ok(Section {
        name: text(names, header.name).ok_or(damaged(NO_NAME))?,
        bytes: bytes.ok_or(damaged("a section runs past its end"))?,
        size: header.size,
        executable: header.flags & SHF_EXECINSTR != 0,
        is_relocated: false,
        relocations: Vec::new(),
    })
}

fn relocations(file: &[u8], header: &SectionHeader) -> Result<Vec<Relocation>, ObjectError> {
    let table = header
        .contents(file)
        .ok_or(damaged("a relocation table runs past its end"))?;
    // The upper half of r_info is the symbol's number, the lower half the type.
    let relocation = |row: &[u8]| {
        Some(Relocation {
            offset: u64_at(row, 0)?,
            symbol: usize::try_from(u32_at(row, 12)?).ok()?,
        })
    };
    let rows = table.chunks_exact(RELOCATION_BYTES);
    let mut found: Vec<Relocation> = rows.filter_map(relocation).collect();
    sort(&mut found, |a, b| a.offset.cmp(&b.offset));
    Ok(found)
}

fn symbols<'a>(
    file: &'a [u8],
    header: &SectionHeader,
    headers: &[SectionHeader],
) -> Result<Vec<Symbol<'a>>, ObjectError> {
    let outside = || damaged("its symbol table runs past its end");
    let count = header.size.checked_div(header.entry_size).unwrap_or(0);
    let names = headers
        .get(header.link)
        .and_then(|names| names.contents(file))
        .ok_or_else(outside)?;
    let size = count.checked_mul(SYMBOL_BYTES as u64);
    let table = size
        .and_then(|size| part(file, header.offset, size))
        .ok_or_else(outside)?;
    table
        .chunks_exact(SYMBOL_BYTES)
        .map(|row| symbol(row, names).ok_or(damaged(NO_NAME)))
        .collect()
}

/// Reads an `Elf64_Sym`.
fn symbol<'a>(row: &[u8], names: &'a [u8]) -> Option<Symbol<'a>> {
    let name = usize::try_from(u32_at(row, 0)?).ok()?;
    let info = u8_at(row, 4)?;
    let visibility = u8_at(row, 5)? & 3;
    let section = u16_at(row, 6)?;
    let here = section != SHN_UNDEF && section < SHN_LORESERVE;
    let (binding, kind) = (info >> 4, info & 0xf);
    Some(Symbol {
        name: text(names, name)?,
        section: here.then_some(usize::from(section)),
        value: u64_at(row, 8)?,
        size: u64_at(row, 16)?,
        is_function: kind == STT_FUNC,
        is_section: kind == STT_SECTION,
        is_hidden: matches!(visibility, STV_HIDDEN | STV_INTERNAL),
        is_local: binding == STB_LOCAL,
        is_weak: binding == STB_WEAK,
    })
}
