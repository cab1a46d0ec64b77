// SPDX-License-Identifier: GPL-2.0-or-later
//! The maps of an object file: declared ones, and those for its variables. Layer: pure.
//!
//! Spec: libbpf's bpf_helpers.h, `__uint` and `__type`.

use alloc::vec;
use alloc::vec::Vec;
use core::ptr;

use super::btf::{Btf, Type, kind};
use super::elf::{Elf, Section};
use super::{ObjectError, lossy};
use crate::formats::field::u32_at;
use crate::formats::sort::sort;

const DECLARED: &[u8] = b".maps";
/// BPF_MAP_TYPE_ARRAY
pub const ARRAY: u32 = 2;
/// BPF_F_RDONLY_PROG
const READ_ONLY: u32 = 1 << 7;
/// BPF_MAP_TYPE_* of plain storage: hash, array, LRU hash, LPM trie, queue and stack.
/// Others would use a number in the file as one of this program's descriptors, or
/// multiply their memory by the number of processors.
const KINDS: [u32; 6] = [1, ARRAY, 9, 11, 22, 23];
/// BPF_F_*: NO_PREALLOC, NO_COMMON_LRU, ZERO_SEED, RDONLY_PROG, WRONLY_PROG, MMAPABLE.
/// The others are refused; some of them take a descriptor.
const FLAGS: u32 = 1 | 1 << 1 | 1 << 6 | READ_ONLY | 1 << 8 | 1 << 10;
/// Limit on all maps together: as much as a parser may have decompressed
/// (KEXEC_BPF_OUTPUT_MAX_BYTES).
const BYTES_MAX: u64 = 1 << 30;
/// The approximate memory that the kernel adds to each entry, except in an array.
const ENTRY_BYTES: u64 = 64;
/// Limit on fields: [`set`] knows this many, and no C compiler gives a struct the same
/// field twice.
const FIELDS_MAX: u16 = 7;
/// Limit on types that refer to types: a longer chain is a cycle.
const DEPTH_MAX: usize = 32;
const POINTER_BYTES: u32 = 8;
const KEY_BYTES: u32 = 4;
/// MAX_USED_MAPS of the kernel's verifier.
const MAPS_MAX: usize = 64;
const TOO_MANY: &str = "the kernel allows no more maps";

/// A map to be created.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Map<'a> {
    pub name: &'a [u8],
    /// BPF_MAP_TYPE_*
    pub kind: u32,
    pub key_bytes: u32,
    pub value_bytes: u32,
    pub max_entries: u32,
    /// BPF_F_*
    pub flags: u32,
    /// The initial contents of the only value; the rest of the value is zeros.
    pub content: Option<&'a [u8]>,
    /// The section, and the offset in it, that stand for this map.
    pub(super) section: usize,
    pub(super) offset: u64,
}

impl Map<'_> {
    /// Returns whether the map holds constants, on which the verifier may rely.
    pub fn is_constant(&self) -> bool {
        self.content.is_some() && self.flags & READ_ONLY != 0
    }
}

fn wrong(map: &[u8], what: &'static str) -> ObjectError {
    ObjectError::Map {
        map: lossy(map),
        what,
    }
}

/// Returns all maps of the file.
///
/// # Errors
/// [`ObjectError::Map`], [`ObjectError::MapField`].
pub fn maps<'a>(elf: &Elf<'a>, btf: Option<&Btf<'a>>) -> Result<Vec<Map<'a>>, ObjectError> {
    let mut found = Vec::new();
    for (number, section) in elf.sections.iter().enumerate() {
        if section.name == DECLARED {
            if elf
                .section(DECLARED)
                .is_some_and(|first| !ptr::eq(first, section))
            {
                return Err(wrong(DECLARED, "the file has two such sections"));
            }
            let btf = btf.ok_or(wrong(DECLARED, "the file has no BTF, which describes them"))?;
            declared(elf, number, btf, &mut found)?;
        } else if let Some(flags) = variables(section) {
            found.push(of_variables(number, section, flags)?);
        }
    }
    let mut bytes = 0u64;
    for (count, map) in found.iter().enumerate() {
        if count == MAPS_MAX {
            return Err(wrong(map.name, TOO_MANY));
        }
        let more = if map.kind == ARRAY { 0 } else { ENTRY_BYTES };
        let each = u64::from(map.key_bytes)
            .saturating_add(map.value_bytes.into())
            .saturating_add(more);
        bytes = bytes.saturating_add(each.saturating_mul(map.max_entries.into()));
        if bytes > BYTES_MAX {
            return Err(wrong(map.name, "with it, the maps take more than 1 GiB"));
        }
    }
    Ok(found)
}

fn of_variables<'a>(
    number: usize,
    section: &Section<'a>,
    flags: u32,
) -> Result<Map<'a>, ObjectError> {
    if section.is_relocated {
        let what = "it holds addresses, which a map cannot hold";
        return Err(wrong(section.name, what));
    }
    Ok(Map {
        name: section.name,
        kind: ARRAY,
        key_bytes: KEY_BYTES,
        // A size over 4 GiB becomes the greatest value, which BYTES_MAX refuses, too.
        value_bytes: u32::try_from(section.size).unwrap_or(u32::MAX),
        max_entries: 1,
        flags,
        content: Some(section.bytes),
        section: number,
        offset: 0,
    })
}

/// Returns the flags of the map for a section's variables, if it has any.
fn variables(section: &Section<'_>) -> Option<u32> {
    let is = |name: &[u8]| {
        let after = section.name.strip_prefix(name);
        section.size > 0 && after.is_some_and(|after| after.is_empty() || after.starts_with(b"."))
    };
    if is(b".rodata") {
        Some(READ_ONLY)
    } else {
        (is(b".data") || is(b".bss")).then_some(0)
    }
}

fn declared<'a>(
    elf: &Elf<'a>,
    section: usize,
    btf: &Btf<'a>,
    found: &mut Vec<Map<'a>>,
) -> Result<(), ObjectError> {
    let types = Types(btf.types().collect());
    let symbols = elf.symbols_in(section);
    let mut symbols: Vec<(&[u8], u64)> = symbols.map(|(_, one)| (one.name, one.value)).collect();
    if symbols.len() > MAPS_MAX {
        return Err(wrong(DECLARED, TOO_MANY));
    }
    sort(&mut symbols, |a, b| a.cmp(b));
    let mut variables = vec![None; symbols.len()];
    for variable in types.0.iter().filter(|one| one.kind == kind::VAR) {
        let name = btf.name_of(variable);
        let place = symbols.binary_search_by(|(symbol, _)| (*symbol).cmp(name));
        if let Some(slot) = place.ok().and_then(|place| variables.get_mut(place)) {
            *slot = types.resolved(variable.size_or_type);
        }
    }
    for ((name, offset), declaration) in symbols.into_iter().zip(variables) {
        let is_one = |one: &&Type<'_>| one.kind == kind::STRUCT && one.count <= FIELDS_MAX;
        let declaration = declaration
            .filter(is_one)
            .ok_or(wrong(name, "its BTF does not describe it"))?;
        let mut map = Map {
            name,
            section,
            offset,
            ..Map::default()
        };
        for member in declaration.rest.chunks_exact(12) {
            let field = btf.name(u32_at(member, 0).unwrap_or(0));
            set(&mut map, field, u32_at(member, 4).unwrap_or(0), &types)?;
        }
        if !KINDS.contains(&map.kind) {
            return Err(wrong(name, "it is of a kind that is not supported"));
        }
        if map.flags & !FLAGS != 0 {
            return Err(wrong(name, "it has flags that are not supported"));
        }
        found.push(map);
    }
    Ok(())
}

/// Sets the property that `field` names, from its type, whose ID is `of`.
fn set(map: &mut Map<'_>, field: &[u8], of: u32, types: &Types<'_>) -> Result<(), ObjectError> {
    let unknown = || ObjectError::MapField {
        map: lossy(map.name),
        field: lossy(field),
    };
    let (slot, value) = match field {
        b"type" => (&mut map.kind, types.number(of)),
        b"key_size" => (&mut map.key_bytes, types.number(of)),
        b"value_size" => (&mut map.value_bytes, types.number(of)),
        b"max_entries" => (&mut map.max_entries, types.number(of)),
        b"map_flags" => (&mut map.flags, types.number(of)),
        b"key" => (&mut map.key_bytes, types.pointed_bytes(of)),
        b"value" => (&mut map.value_bytes, types.pointed_bytes(of)),
        _ => return Err(unknown()),
    };
    match value {
        Some(value) => *slot = value,
        None => return Err(unknown()),
    }
    Ok(())
}

/// All types of the file; type 1 comes first.
struct Types<'a>(Vec<Type<'a>>);

impl<'a> Types<'a> {
    fn get(&self, number: u32) -> Option<&Type<'a>> {
        self.0.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// Returns the type that remains when typedefs and qualifiers are removed.
    fn resolved(&self, number: u32) -> Option<&Type<'a>> {
        let mut found = self.get(number)?;
        for _ in 0..DEPTH_MAX {
            match found.kind {
                kind::TYPEDEF..=kind::RESTRICT | kind::TYPE_TAG => {
                    found = self.get(found.size_or_type)?;
                }
                _ => return Some(found),
            }
        }
        None
    }

    fn pointed(&self, number: u32) -> Option<u32> {
        let pointer = self.resolved(number)?;
        (pointer.kind == kind::PTR).then_some(pointer.size_or_type)
    }

    /// Reads `__uint(name, value)`, which is a pointer to an array of `value` elements.
    fn number(&self, number: u32) -> Option<u32> {
        let array = self.resolved(self.pointed(number)?)?;
        (array.kind == kind::ARRAY).then(|| u32_at(array.rest, 8))?
    }

    /// Reads the size of the type in `__type(name, type)`, which is a pointer to that
    /// type.
    fn pointed_bytes(&self, number: u32) -> Option<u32> {
        let (mut number, mut elements) = (self.pointed(number)?, 1u32);
        for _ in 0..DEPTH_MAX {
            let found = self.resolved(number)?;
            let bytes = match found.kind {
                kind::ARRAY => {
                    elements = elements.checked_mul(u32_at(found.rest, 8)?)?;
                    number = u32_at(found.rest, 0)?;
                    continue;
                }
                kind::PTR => POINTER_BYTES,
                kind::INT
                | kind::STRUCT
                | kind::UNION
                | kind::ENUM
                | kind::ENUM64
                | kind::FLOAT => found.size_or_type,
                _ => return None,
            };
            return bytes.checked_mul(elements);
        }
        None
    }
}
