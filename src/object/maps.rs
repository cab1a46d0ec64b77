// SPDX-License-Identifier: GPL-2.0-or-later
//! The maps of an object file: those that it declares, and its variables.
//!
//! Layer: pure. Spec: bpf_helpers.h of libbpf, `__uint` and `__type`.

use alloc::string::String;
use alloc::vec::Vec;

use super::ObjectError;
use super::btf::{Btf, Type, kind};
use super::elf::{Elf, Section};
use crate::image::field::u32_at;

const DECLARED: &[u8] = b".maps";
/// BPF_MAP_TYPE_ARRAY
const ARRAY: u32 = 2;
/// BPF_F_RDONLY_PROG
const READ_ONLY: u32 = 1 << 7;
/// A type of a type of a type: more is a circle.
const DEPTH_MAX: usize = 32;
const POINTER_BYTES: u32 = 8;
const KEY_BYTES: u32 = 4;
/// MAX_USED_MAPS of the kernel's verifier.
const MAPS_MAX: usize = 64;
const TOO_MANY: &str = "the kernel lets no program have so many";

/// A map to be made.
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
    /// What the only value is at the start; zeros behind its end.
    pub content: Option<&'a [u8]>,
    /// The section and the offset in it that stand for this map.
    pub(super) section: usize,
    pub(super) offset: u64,
}

impl Map<'_> {
    /// Whether it holds constants, which the verifier may rely on.
    pub fn is_constant(&self) -> bool {
        self.content.is_some() && self.flags & READ_ONLY != 0
    }
}

fn wrong(map: &[u8], what: &'static str) -> ObjectError {
    ObjectError::Map {
        map: String::from_utf8_lossy(map).into_owned(),
        what,
    }
}

/// All maps of the file.
///
/// # Errors
/// [`ObjectError::Map`]
pub fn maps<'a>(elf: &Elf<'a>, btf: Option<&Btf<'a>>) -> Result<Vec<Map<'a>>, ObjectError> {
    let mut found = Vec::new();
    for (number, section) in elf.sections.iter().enumerate() {
        if section.name == DECLARED {
            let btf = btf.ok_or(wrong(DECLARED, "the file has no BTF, which describes them"))?;
            declared(elf, number, btf, &mut found)?;
        } else if let Some(flags) = variables(section) {
            if !section.relocations.is_empty() {
                return Err(wrong(
                    section.name,
                    "it holds addresses, which a map cannot",
                ));
            }
            if found.len() == MAPS_MAX {
                return Err(wrong(section.name, TOO_MANY));
            }
            found.push(Map {
                name: section.name,
                kind: ARRAY,
                key_bytes: KEY_BYTES,
                value_bytes: u32::try_from(section.size)
                    .map_err(|_| wrong(section.name, "it is larger than a map's value"))?,
                max_entries: 1,
                flags,
                content: Some(section.bytes),
                section: number,
                offset: 0,
            });
        }
    }
    Ok(found)
}

/// The flags of the map that holds a section's variables, if it has any.
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
    let types = Types(btf.types().map(|(_, found)| found).collect());
    for (_, symbol) in elf.symbols_in(section) {
        if found.len() == MAPS_MAX {
            return Err(wrong(symbol.name, TOO_MANY));
        }
        let variable = types
            .0
            .iter()
            .find(|found| found.kind == kind::VAR && btf.name_of(found) == symbol.name)
            .and_then(|variable| types.resolved(variable.size_or_type))
            .filter(|declaration| declaration.kind == kind::STRUCT)
            .ok_or(wrong(symbol.name, "its BTF does not say what it is"))?;
        let mut map = Map {
            name: symbol.name,
            section,
            offset: symbol.value,
            ..Map::default()
        };
        for member in variable.rest.chunks_exact(12) {
            let name = btf.name(u32_at(member, 0).unwrap_or(0));
            let of = u32_at(member, 4).unwrap_or(0);
            let number = || {
                types
                    .number(of)
                    .ok_or(wrong(symbol.name, "a field has no number"))
            };
            let bytes = || {
                types
                    .pointed_bytes(of)
                    .ok_or(wrong(symbol.name, "a type has no size"))
            };
            match name {
                b"type" => map.kind = number()?,
                b"key_size" => map.key_bytes = number()?,
                b"value_size" => map.value_bytes = number()?,
                b"max_entries" => map.max_entries = number()?,
                b"map_flags" => map.flags = number()?,
                b"key" => map.key_bytes = bytes()?,
                b"value" => map.value_bytes = bytes()?,
                _ => {
                    return Err(wrong(
                        symbol.name,
                        "it has a field that no parser's map needs",
                    ));
                }
            }
        }
        found.push(map);
    }
    Ok(())
}

/// All types of the file; type 1 comes first.
struct Types<'a>(Vec<Type<'a>>);

impl<'a> Types<'a> {
    fn get(&self, number: u32) -> Option<&Type<'a>> {
        self.0.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// What a type is when its names and qualifiers are taken away.
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

    /// `__uint(name, value)` is a pointer to an array of so many elements.
    fn number(&self, number: u32) -> Option<u32> {
        let array = self.resolved(self.pointed(number)?)?;
        (array.kind == kind::ARRAY).then(|| u32_at(array.rest, 8))?
    }

    /// `__type(name, type)` is a pointer to that type.
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
