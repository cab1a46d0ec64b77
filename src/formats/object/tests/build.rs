// SPDX-License-Identifier: GPL-2.0-or-later
//! Builds small object files and BTF for the tests.

use alloc::vec::Vec;

pub const PROGBITS: u32 = 1;
const SYMTAB: u32 = 2;
const STRTAB: u32 = 3;
pub const NOBITS: u32 = 8;
const REL: u32 = 9;
/// Flags of code: allocated, executable.
pub const CODE: u64 = 6;
/// Flags of data: allocated, writable.
pub const DATA: u64 = 3;
const HEADER_BYTES: usize = 64;

struct Part {
    name: usize,
    kind: u32,
    flags: u64,
    bytes: Vec<u8>,
    /// The size in memory.
    size: usize,
    link: u32,
    info: u32,
    entry_bytes: u64,
}

/// An object file. Sections and symbols are numbered from 1, as they are added.
#[derive(Default)]
pub struct File {
    parts: Vec<Part>,
    symbols: Vec<u8>,
    names: Vec<u8>,
}

/// Kinds of symbols, with their bindings.
pub const NOTYPE: u8 = 1 << 4;
pub const WEAK: u8 = 2 << 4;
pub const OBJECT: u8 = 1 << 4 | 1;
pub const FUNCTION: u8 = 1 << 4 | 2;
pub const STATIC_FUNCTION: u8 = 2;
pub const SECTION: u8 = 3;

impl File {
    pub fn new() -> File {
        File {
            symbols: vec![0; 24],
            names: vec![0],
            ..File::default()
        }
    }

    fn name(&mut self, name: &str) -> usize {
        let at = self.names.len();
        self.names.extend_from_slice(name.as_bytes());
        self.names.push(0);
        at
    }

    pub fn section(mut self, name: &str, kind: u32, flags: u64, bytes: &[u8]) -> File {
        let name = self.name(name);
        self.parts.push(Part {
            name,
            kind,
            flags,
            bytes: if kind == NOBITS {
                Vec::new()
            } else {
                bytes.to_vec()
            },
            size: bytes.len(),
            link: 0,
            info: 0,
            entry_bytes: 0,
        });
        self
    }

    /// Adds a section with this size in memory that is not in the file.
    pub fn huge_section(mut self, name: &str, size: usize) -> File {
        self = self.section(name, NOBITS, DATA, &[]);
        if let Some(part) = self.parts.last_mut() {
            part.size = size;
        }
        self
    }

    /// Builds the file with a relocation table for each of the sections `of`; each table
    /// spans the whole file.
    pub fn whole_file_tables(mut self, of: &[u32]) -> Vec<u8> {
        let first = self.parts.len() + 1;
        for section in of {
            self = self.relocations(*section, &[]);
        }
        let mut file = self.finish();
        let table = u64::from_le_bytes(file[40..48].try_into().unwrap()) as usize;
        let size = file.len() as u64 / 16 * 16;
        for number in first..first + of.len() {
            let header = table + 64 * number;
            file[header + 24..header + 32].copy_from_slice(&0u64.to_le_bytes());
            file[header + 32..header + 40].copy_from_slice(&size.to_le_bytes());
        }
        file
    }

    /// Hides the last symbol from other files.
    pub fn hidden(mut self) -> File {
        let other = self.symbols.len() - 19;
        self.symbols[other] = 2;
        self
    }

    /// Returns the number of the last symbol.
    pub fn last_symbol(&self) -> u64 {
        self.symbols.len() as u64 / 24 - 1
    }

    pub fn symbol(mut self, name: &str, kind: u8, section: u16, value: u64, size: u64) -> File {
        let name = self.name(name);
        self.symbols.extend_from_slice(&(name as u32).to_le_bytes());
        self.symbols.extend_from_slice(&[kind, 0]);
        self.symbols.extend_from_slice(&section.to_le_bytes());
        self.symbols.extend_from_slice(&value.to_le_bytes());
        self.symbols.extend_from_slice(&size.to_le_bytes());
        self
    }

    /// Adds relocations for section `of`: offsets and symbols.
    pub fn relocations(mut self, of: u32, places: &[(u64, u64)]) -> File {
        let bytes = places.iter().flat_map(|(offset, symbol)| {
            let pair = [*offset, symbol << 32 | 1];
            pair.map(u64::to_le_bytes).concat()
        });
        let bytes: Vec<u8> = bytes.collect();
        self = self.section(".rel", REL, 0, &bytes);
        let part = self.parts.last_mut().unwrap();
        (part.info, part.entry_bytes) = (of, 16);
        self
    }

    pub fn finish(mut self) -> Vec<u8> {
        let symbols = core::mem::take(&mut self.symbols);
        let strings = self.parts.len() as u32 + 2;
        self = self.section(".symtab", SYMTAB, 0, &symbols);
        let table = self.parts.last_mut().unwrap();
        (table.link, table.entry_bytes) = (strings, 24);
        self.name(".strtab");
        let names = self.names.clone();
        self = self.section(".strtab", STRTAB, 0, &names);
        // The section's own name was added after the names that it contains.
        let last = self.parts.last_mut().unwrap();
        last.name = names.len() - ".strtab".len() - 1;

        let mut file = vec![0; HEADER_BYTES];
        let mut headers = vec![0; 64];
        for part in &self.parts {
            headers.extend_from_slice(&(part.name as u32).to_le_bytes());
            headers.extend_from_slice(&part.kind.to_le_bytes());
            let (at, size) = (file.len() as u64, part.size as u64);
            for field in [part.flags, 0, at, size] {
                headers.extend_from_slice(&field.to_le_bytes());
            }
            headers.extend_from_slice(&part.link.to_le_bytes());
            headers.extend_from_slice(&part.info.to_le_bytes());
            for field in [8, part.entry_bytes] {
                headers.extend_from_slice(&field.to_le_bytes());
            }
            file.extend_from_slice(&part.bytes);
        }
        let table = file.len() as u64;
        let count = self.parts.len() as u16 + 1;
        file.extend_from_slice(&headers);
        // Class 64, little-endian, version 1; relocatable, for BPF.
        file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        file[16..24].copy_from_slice(&[1, 0, 247, 0, 1, 0, 0, 0]);
        file[40..48].copy_from_slice(&table.to_le_bytes());
        let sizes = [HEADER_BYTES as u16, 0, 0, 64, count, count - 1];
        file[52..64].copy_from_slice(&sizes.map(u16::to_le_bytes).concat());
        file
    }
}

/// BTF; types are numbered from 1, as they are added.
pub struct Types {
    types: Vec<u8>,
    strings: Vec<u8>,
    /// The offset of the first string: the size of the strings that this BTF continues.
    below: usize,
}

impl Types {
    pub fn new() -> Types {
        Types {
            types: Vec::new(),
            strings: vec![0],
            below: 0,
        }
    }

    /// Begins types that continue others, whose strings have the size `below`.
    pub fn continuing(below: usize) -> Types {
        Types {
            types: Vec::new(),
            strings: Vec::new(),
            below,
        }
    }

    /// Adds a string and returns its offset.
    pub fn string(&mut self, text: &str) -> u32 {
        let at = self.below + self.strings.len();
        self.strings.extend_from_slice(text.as_bytes());
        self.strings.push(0);
        at as u32
    }

    pub fn put(&mut self, name: &str, kind: u8, count: u16, size_or_type: u32, rest: &[u32]) {
        let name = if name.is_empty() {
            0
        } else {
            self.string(name)
        };
        self.put_named(name, kind, count, size_or_type, rest);
    }

    /// Adds a type whose name is at this offset.
    pub fn put_named(&mut self, name: u32, kind: u8, count: u16, size_or_type: u32, rest: &[u32]) {
        let fields = [name, u32::from(kind) << 24 | u32::from(count), size_or_type];
        let all = fields.iter().chain(rest);
        self.types.extend(all.flat_map(|field| field.to_le_bytes()));
    }

    pub fn finish(&self) -> Vec<u8> {
        let (types, strings) = (self.types.len() as u32, self.strings.len() as u32);
        let mut file = btf(&[24, 0, types, types, strings]);
        file.extend_from_slice(&self.types);
        file.extend_from_slice(&self.strings);
        file
    }
}

/// Builds the beginning of .BTF or .BTF.ext, with these fields.
pub fn btf(fields: &[u32]) -> Vec<u8> {
    let mut file = vec![0x9f, 0xeb, 1, 0];
    file.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    file
}

/// Returns the bytes of an instruction.
pub fn instruction(code: u8, registers: u8, value: i32) -> [u8; 8] {
    let mut bytes = [code, registers, 0, 0, 0, 0, 0, 0];
    bytes[4..].copy_from_slice(&value.to_le_bytes());
    bytes
}

/// BTF_KIND_FUNC_PROTO
pub const FUNC_PROTO: u8 = 13;
pub const CALL: u8 = 0x85;
pub const LOAD: u8 = 0x18;
pub const EXIT: u8 = 0x95;

/// Returns the second half of a load of 64 bits.
pub fn second(value: i32) -> [u8; 8] {
    instruction(0, 0, value)
}

/// Builds an ELF file for this machine with these symbols.
pub fn elf_for_host(symbols: &[&str]) -> Vec<u8> {
    let file = File::new().section(".rodata", PROGBITS, DATA, b"contents");
    let file = symbols
        .iter()
        .fold(file, |file, name| file.symbol(name, OBJECT, 1, 0, 8));
    let mut bytes = file.finish();
    let machine = if cfg!(target_arch = "x86_64") {
        62u16
    } else {
        183
    };
    bytes[18..20].copy_from_slice(&machine.to_le_bytes());
    bytes
}
