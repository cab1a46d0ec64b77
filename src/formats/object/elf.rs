// SPDX-License-Identifier: GPL-2.0-or-later
//! A BPF object file as an ELF file: sections, symbols, relocations. Layer: pure.
//!
//! Spec: the System V ABI, and "BPF ELF relocations" in the kernel's
//! Documentation/bpf/llvm_reloc.rst. Only goblin's parsers for single tables are used,
//! because `Elf::parse` walks tables that an object file does not have.

use alloc::vec::Vec;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{EM_BPF, ET_REL};
use goblin::elf::reloc::RelocSection;
use goblin::elf::section_header::{SHN_LORESERVE, SHN_UNDEF, SHT_NOBITS, SHT_REL, SHT_SYMTAB};
use goblin::elf::sym::{STB_LOCAL, STB_WEAK, STT_FUNC, STT_SECTION, STV_HIDDEN, STV_INTERNAL};
use goblin::elf::{SectionHeader, Sym, Symtab};

use super::ObjectError;
use crate::formats::sort::sort;

/// Limit on sections; clang generates about 30, with debug data.
const SECTIONS_MAX: usize = 512;
/// KSYM_NAME_LEN of the kernel, with the NUL. A table may be one long string, in which
/// each offset is a name; without a limit, reading them all would take too long.
const NAME_MAX: usize = 512;
const NO_NAME: &str = "a name lies outside it, or is longer than 511 bytes";

/// 64 bits, little-endian: BPF on every machine that this program is built for.
const CONTEXT: Ctx = Ctx {
    container: Container::Big,
    le: Endian::Little,
};

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

impl<'a> Elf<'a> {
    /// Parses an object file.
    ///
    /// # Errors
    /// [`ObjectError::Elf`] when it is not an object file for BPF, or when a table is not
    /// all in it.
    pub fn parse(file: &'a [u8]) -> Result<Elf<'a>, ObjectError> {
        let header =
            goblin::elf::Elf::parse_header(file).map_err(|_| damaged("it has no ELF header"))?;
        let context = header.container().ok().zip(header.endianness().ok());
        if context != Some((Container::Big, Endian::Little)) {
            return Err(damaged("it is not 64-bit little-endian"));
        }
        if header.e_machine != EM_BPF || header.e_type != ET_REL {
            return Err(damaged("it is an ELF file, but not for BPF"));
        }
        let table = usize::try_from(header.e_shoff).unwrap_or(usize::MAX);
        let headers = SectionHeader::parse(file, table, header.e_shnum.into(), CONTEXT)
            .map_err(|_| damaged("its section table runs past its end"))?;
        if headers.len() > SECTIONS_MAX {
            return Err(damaged("it has more than 512 sections"));
        }
        let names = headers
            .get(usize::from(header.e_shstrndx))
            .and_then(|names| part(file, names.sh_offset, names.sh_size))
            .ok_or(damaged("its section names lie outside it"))?;
        let mut sections = headers
            .iter()
            .map(|header| section(file, header, names))
            .collect::<Result<Vec<_>, _>>()?;
        // Tables may overlap, so the sum of their sizes is limited.
        let mut bytes_left = file.len() as u64;
        for header in headers.iter().filter(|header| header.sh_type == SHT_REL) {
            let target = usize::try_from(header.sh_info).ok();
            let Some(target) = target.and_then(|number| sections.get_mut(number)) else {
                continue;
            };
            if target.is_relocated {
                return Err(damaged("a section has two relocation tables"));
            }
            target.is_relocated = true;
            if target.executable {
                bytes_left = bytes_left
                    .checked_sub(header.sh_size)
                    .ok_or(damaged("its relocation tables are larger than the file"))?;
                target.relocations = relocations(file, header)?;
            }
        }
        let symbols = match headers.iter().find(|header| header.sh_type == SHT_SYMTAB) {
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

fn section<'a>(
    file: &'a [u8],
    header: &SectionHeader,
    names: &'a [u8],
) -> Result<Section<'a>, ObjectError> {
    let bytes = match header.sh_type {
        SHT_NOBITS => Some(&[][..]),
        _ => part(file, header.sh_offset, header.sh_size),
    };
    Ok(Section {
        name: text(names, header.sh_name).ok_or(damaged(NO_NAME))?,
        bytes: bytes.ok_or(damaged("a section runs past its end"))?,
        size: header.sh_size,
        executable: header.is_executable(),
        is_relocated: false,
        relocations: Vec::new(),
    })
}

fn relocations(file: &[u8], header: &SectionHeader) -> Result<Vec<Relocation>, ObjectError> {
    let outside = damaged("a relocation table runs past its end");
    let (Ok(offset), Ok(size)) = (header.sh_offset.try_into(), header.sh_size.try_into()) else {
        return Err(outside);
    };
    let table = RelocSection::parse(file, offset, size, false, CONTEXT).map_err(|_| outside)?;
    let relocation = |entry: goblin::elf::Reloc| Relocation {
        offset: entry.r_offset,
        symbol: entry.r_sym,
    };
    let mut found: Vec<Relocation> = table.iter().map(relocation).collect();
    sort(&mut found, |a, b| a.offset.cmp(&b.offset));
    Ok(found)
}

fn symbols<'a>(
    file: &'a [u8],
    header: &SectionHeader,
    headers: &[SectionHeader],
) -> Result<Vec<Symbol<'a>>, ObjectError> {
    let outside = || damaged("its symbol table runs past its end");
    let entries = header.sh_size.checked_div(header.sh_entsize).unwrap_or(0);
    let offset = usize::try_from(header.sh_offset).map_err(|_| outside())?;
    let count = usize::try_from(entries).map_err(|_| outside())?;
    let names = usize::try_from(header.sh_link)
        .ok()
        .and_then(|number| headers.get(number))
        .and_then(|names| part(file, names.sh_offset, names.sh_size))
        .ok_or_else(outside)?;
    let table = Symtab::parse(file, offset, count, CONTEXT).map_err(|_| outside())?;
    table
        .iter()
        .map(|entry| symbol(&entry, names).ok_or(damaged(NO_NAME)))
        .collect()
}

fn symbol<'a>(entry: &Sym, names: &'a [u8]) -> Option<Symbol<'a>> {
    let reserved = SHN_LORESERVE as usize;
    let here = entry.st_shndx != SHN_UNDEF as usize && entry.st_shndx < reserved;
    Some(Symbol {
        name: text(names, entry.st_name)?,
        section: here.then_some(entry.st_shndx),
        value: entry.st_value,
        size: entry.st_size,
        is_function: entry.st_type() == STT_FUNC,
        is_section: entry.st_type() == STT_SECTION,
        is_hidden: matches!(entry.st_visibility(), STV_HIDDEN | STV_INTERNAL),
        is_local: entry.st_bind() == STB_LOCAL,
        is_weak: entry.st_bind() == STB_WEAK,
    })
}
