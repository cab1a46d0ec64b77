// SPDX-License-Identifier: GPL-2.0-or-later
//! BTF: the types of an object file and of a module. The kernel's own types are in
//! [`super::kernel`]. Layer: pure.
//!
//! Spec: the kernel's Documentation/bpf/btf.rst. Types are walked, not put into a list.

use alloc::vec;
use alloc::vec::Vec;

use super::ObjectError;
use super::elf::text;
use crate::formats::field::{u16_at, u32_at};

const MAGIC: u16 = 0xeb9f;
const VERSION: u8 = 1;
pub const HEADER_BYTES: u32 = 24;
/// The size of the part that all kinds of types have: name, kind and count, size or type.
pub const COMMON_BYTES: usize = 12;
/// `enum btf_func_linkage`; variables use EXTERN, too.
const STATIC: u16 = 0;
const EXTERN: u16 = 2;

/// `BTF_KIND_*`, as far as they are used here.
pub mod kind {
    pub const INT: u8 = 1;
    pub const PTR: u8 = 2;
    pub const ARRAY: u8 = 3;
    pub const STRUCT: u8 = 4;
    pub const UNION: u8 = 5;
    pub const ENUM: u8 = 6;
    pub const TYPEDEF: u8 = 8;
    /// The kinds from TYPEDEF to this one, VOLATILE and CONST among them, refer to
    /// another type by its ID.
    pub const RESTRICT: u8 = 11;
    pub const FUNC: u8 = 12;
    pub const VAR: u8 = 14;
    pub const DATASEC: u8 = 15;
    pub const FLOAT: u8 = 16;
    pub const TYPE_TAG: u8 = 18;
    pub const ENUM64: u8 = 19;
}

/// Types and their names.
#[derive(Clone, Copy)]
pub struct Btf<'a> {
    types: &'a [u8],
    strings: &'a [u8],
    /// The size of the strings of the BTF that this one continues; they precede its own.
    below_bytes: usize,
}

/// The offsets and sizes of types and strings, from the start of the BTF.
pub struct Parts {
    pub types: [u32; 2],
    pub strings: [u32; 2],
}

impl Parts {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ObjectError::Types`]
    pub fn parse(header: &[u8]) -> Result<Parts, ObjectError> {
        if u16_at(header, 0) != Some(MAGIC) || header.get(2) != Some(&VERSION) {
            return Err(damaged("it has no BTF header"));
        }
        let part = |at: usize| {
            let start = u32_at(header, 4)?.checked_add(u32_at(header, at)?)?;
            let bytes = u32_at(header, at.checked_add(4)?)?;
            start.checked_add(bytes).map(|_| [start, bytes])
        };
        match (part(8), part(16)) {
            (Some(types), Some(strings)) => Ok(Parts { types, strings }),
            _ => Err(damaged(PAST_END)),
        }
    }
}

/// The size of what follows the common part, once and for each member or the like.
#[derive(Clone, Copy)]
struct More {
    once: u8,
    each: u8,
}

/// By kind; unknown ones have none.
const MORE: [Option<More>; 20] = {
    const NOTHING: Option<More> = once(0);
    const fn once(once: u8) -> Option<More> {
        Some(More { once, each: 0 })
    }
    const fn each(each: u8) -> Option<More> {
        Some(More { once: 0, each })
    }
    [
        None,
        once(4), // INT
        NOTHING,
        once(12), // ARRAY
        each(12), // STRUCT
        each(12), // UNION
        each(8),  // ENUM
        NOTHING,
        NOTHING,
        NOTHING,
        NOTHING,
        NOTHING,
        NOTHING,
        each(8),  // FUNC_PROTO
        once(4),  // VAR
        each(12), // DATASEC
        NOTHING,
        once(4), // DECL_TAG
        NOTHING,
        each(12), // ENUM64
    ]
};

/// Returns the size of a type in bytes, and its kind; `None` if the kind is unknown.
#[inline(always)]
pub fn extent(common: &[u8; COMMON_BYTES]) -> Option<(usize, u8)> {
    let [_, _, _, _, low, high, _, kind, ..] = common;
    let kind = kind & 0x1f;
    let more = (*MORE.get(usize::from(kind))?)?;
    let count = usize::from(u16::from_le_bytes([*low, *high]));
    // Cannot wrap: at most 12 + 4 + 12 * 65535.
    let bytes = usize::from(more.each).wrapping_mul(count);
    let bytes = bytes
        .wrapping_add(COMMON_BYTES)
        .wrapping_add(more.once.into());
    Some((bytes, kind))
}

/// One type.
#[derive(Clone, Copy)]
pub struct Type<'a> {
    name_at: u32,
    pub kind: u8,
    /// The number of members, parameters or the like; a function's linkage.
    pub count: u16,
    /// A size in bytes, or the ID of a type, depending on the kind.
    pub size_or_type: u32,
    /// The bytes after the common part.
    pub rest: &'a [u8],
    all: &'a [u8],
}

/// Splits `types` into its first type and the bytes after it.
fn split(types: &[u8]) -> Option<(Type<'_>, &[u8])> {
    let (bytes, kind) = extent(types.first_chunk()?)?;
    let (all, following) = types.split_at_checked(bytes)?;
    let found = Type {
        name_at: u32_at(all, 0)?,
        kind,
        count: u16_at(all, 4)?,
        size_or_type: u32_at(all, 8)?,
        rest: all.get(COMMON_BYTES..)?,
        all,
    };
    Some((found, following))
}

pub const UNKNOWN: &str = "a type is unknown, or runs past its end";
const PAST_END: &str = "its types or names run past its end";

fn damaged(what: &'static str) -> ObjectError {
    ObjectError::Types { what }
}

impl<'a> Btf<'a> {
    /// Parses BTF. `below_bytes` is the size of the strings of the BTF that it continues: a
    /// module's continues the kernel's.
    ///
    /// # Errors
    /// [`ObjectError::Types`]
    pub fn parse(bytes: &'a [u8], below_bytes: usize) -> Result<Btf<'a>, ObjectError> {
        let parts = Parts::parse(bytes)?;
        let part = |[start, bytes_of]: [u32; 2]| {
            let start = usize::try_from(start).ok()?;
            let bytes_of = usize::try_from(bytes_of).ok()?;
            bytes.get(start..)?.get(..bytes_of)
        };
        let (Some(types), Some(strings)) = (part(parts.types), part(parts.strings)) else {
            return Err(damaged(PAST_END));
        };
        let mut left = types;
        while !left.is_empty() {
            left = split(left).ok_or(damaged(UNKNOWN))?.1;
        }
        Ok(Btf {
            types,
            strings,
            below_bytes,
        })
    }

    /// Returns the types in the order of their IDs.
    pub fn types(&self) -> impl Iterator<Item = Type<'a>> + use<'a> {
        let mut left = self.types;
        core::iter::from_fn(move || {
            let (found, following) = split(left)?;
            left = following;
            Some(found)
        })
    }

    /// Returns the name at `offset`; empty when there is none here.
    pub fn name(&self, offset: u32) -> &'a [u8] {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let own = offset.checked_sub(self.below_bytes);
        own.and_then(|own| text(self.strings, own))
            .unwrap_or_default()
    }

    pub fn name_of(&self, of: &Type<'_>) -> &'a [u8] {
        self.name(of.name_at)
    }

    /// Returns the name of a variable defined elsewhere, if there is one.
    pub fn extern_variable(&self) -> Option<&'a [u8]> {
        let linkage = |one: &Type<'_>| u32_at(one.rest, 0);
        let is_extern = |one: &Type<'_>| linkage(one) == Some(EXTERN.into());
        let found = self
            .types()
            .find(|one| one.kind == kind::VAR && is_extern(one));
        found.map(|one| self.name_of(&one))
    }

    /// Returns the position of each named function among the types, from 0; `None` for one
    /// that is missing. `below` reads a name in the strings of the BTF that this one
    /// continues.
    pub fn functions(
        &self,
        names: &[&[u8]],
        below: impl Fn(u32) -> Option<Vec<u8>>,
    ) -> Vec<Option<u32>> {
        let mut found = vec![None; names.len()];
        let numbered = (0u32..).zip(self.types());
        for (number, function) in numbered.filter(|(_, one)| one.kind == kind::FUNC) {
            let other;
            let mut name = self.name_of(&function);
            if name.is_empty() {
                other = below(function.name_at).unwrap_or_default();
                name = &other;
            }
            let wanted = names.iter().zip(&mut found);
            for (_, slot) in wanted.filter(|(wanted, _)| **wanted == name) {
                slot.get_or_insert(number);
            }
        }
        found
    }

    /// Returns the same types as bytes that a kernel accepts. A compiler leaves some of
    /// them for a linker to complete; here, they are replaced by types that are already
    /// complete:
    ///
    /// - sections with their sizes and the offsets of variables become pointers to void,
    ///   because nothing refers to them;
    /// - functions that are defined elsewhere become a mere type of that name;
    /// - hidden functions become static ones, as with libbpf: the verifier then checks
    ///   them once for each call, with the arguments of that call.
    pub fn for_kernel(&self, is_hidden: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut types = Vec::with_capacity(self.types.len());
        for found in self.types() {
            match (found.kind, found.count) {
                (kind::DATASEC, _) => put(&mut types, [0, info(kind::PTR, 0), 0]),
                (kind::FUNC, EXTERN) => put(
                    &mut types,
                    [found.name_at, info(kind::TYPEDEF, 0), found.size_or_type],
                ),
                (kind::FUNC, _) if is_hidden(self.name_of(&found)) => put(
                    &mut types,
                    [found.name_at, info(kind::FUNC, STATIC), found.size_or_type],
                ),
                _ => types.extend_from_slice(found.all),
            }
        }
        let bytes = |of: &[u8]| u32::try_from(of.len()).unwrap_or(u32::MAX);
        let mut all = Vec::with_capacity(types.len().saturating_add(self.strings.len()));
        all.extend_from_slice(&MAGIC.to_le_bytes());
        all.extend_from_slice(&[VERSION, 0]);
        let sections = [0, bytes(&types), bytes(&types), bytes(self.strings)];
        put(&mut all, [HEADER_BYTES]);
        put(&mut all, sections);
        all.extend_from_slice(&types);
        all.extend_from_slice(self.strings);
        all
    }
}

fn info(kind: u8, count: u16) -> u32 {
    u32::from(kind) << 24 | u32::from(count)
}

fn put<const FIELDS: usize>(bytes: &mut Vec<u8>, fields: [u32; FIELDS]) {
    for field in fields {
        bytes.extend_from_slice(&field.to_le_bytes());
    }
}
