// SPDX-License-Identifier: GPL-2.0-or-later
//! BTF: the types of an object file, of the kernel and of its modules. Layer: pure.
//!
//! Spec: the kernel's Documentation/bpf/btf.rst. The kernel's own BTF has some 110 000
//! types, so they are walked, not put into a list.

use alloc::vec;
use alloc::vec::Vec;

use super::ObjectError;
use super::elf::text;
use crate::formats::field::{u16_at, u32_at};
use crate::formats::sort::sort;

const MAGIC: u16 = 0xeb9f;
const VERSION: u8 = 1;
const HEADER_BYTES: u32 = 24;
/// The size of the part that all kinds of types have: name, kind and count, size or type.
const COMMON_BYTES: usize = 12;
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
    pub const FWD: u8 = 7;
    pub const TYPEDEF: u8 = 8;
    /// The kinds from TYPEDEF to this one, VOLATILE and CONST among them, refer to
    /// another type by its ID.
    pub const RESTRICT: u8 = 11;
    pub const FUNC: u8 = 12;
    pub const FUNC_PROTO: u8 = 13;
    pub const VAR: u8 = 14;
    pub const DATASEC: u8 = 15;
    pub const FLOAT: u8 = 16;
    pub const DECL_TAG: u8 = 17;
    pub const TYPE_TAG: u8 = 18;
    pub const ENUM64: u8 = 19;
}

/// Types, numbered from `first`, and their names.
#[derive(Clone, Copy)]
pub struct Btf<'a> {
    types: &'a [u8],
    strings: &'a [u8],
    first: u32,
    count: u32,
    /// The strings of the BTF that this one continues; they precede its own.
    below: &'a [u8],
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
    let [low, high, _, kind] = u32_at(types, 4)?.to_le_bytes();
    let (kind, count) = (kind & 0x1f, u16::from_le_bytes([low, high]));
    let entries = usize::from(count);
    let more = match kind {
        kind::INT | kind::VAR | kind::DECL_TAG => 4,
        kind::ARRAY => 12,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => entries.checked_mul(12)?,
        kind::ENUM | kind::FUNC_PROTO => entries.checked_mul(8)?,
        kind::PTR | kind::FWD..=kind::FUNC | kind::FLOAT | kind::TYPE_TAG => 0,
        _ => return None,
    };
    let (all, following) = types.split_at_checked(COMMON_BYTES.checked_add(more)?)?;
    let found = Type {
        name_at: u32_at(all, 0)?,
        kind,
        count,
        size_or_type: u32_at(all, 8)?,
        rest: all.get(COMMON_BYTES..)?,
        all,
    };
    Some((found, following))
}

fn damaged(what: &'static str) -> ObjectError {
    ObjectError::Types { what }
}

impl<'a> Btf<'a> {
    /// Parses BTF. `below` is the BTF that it continues: a module's continues the
    /// kernel's.
    ///
    /// # Errors
    /// [`ObjectError::Types`]
    pub fn parse(bytes: &'a [u8], below: Option<&Btf<'a>>) -> Result<Btf<'a>, ObjectError> {
        if u16_at(bytes, 0) != Some(MAGIC) || bytes.get(2) != Some(&VERSION) {
            return Err(damaged("it has no BTF header"));
        }
        let field = |offset| u32_at(bytes, offset).and_then(|value| usize::try_from(value).ok());
        let part = |offset_at: usize, size_at: usize| {
            let start = field(4)?.checked_add(field(offset_at)?)?;
            bytes.get(start..start.checked_add(field(size_at)?)?)
        };
        let (Some(types), Some(strings)) = (part(8, 12), part(16, 20)) else {
            return Err(damaged("its types or names run past its end"));
        };
        let mut found = Btf {
            types,
            strings,
            first: below.map_or(1, |below| below.first.saturating_add(below.count)),
            count: 0,
            below: below.map_or(&[], |below| below.strings),
        };
        let mut left = types;
        while !left.is_empty() {
            left = split(left)
                .ok_or(damaged("a type is unknown, or runs past its end"))?
                .1;
            found.count = found.count.saturating_add(1);
        }
        Ok(found)
    }

    /// Returns the types with their IDs.
    pub fn types(&self) -> impl Iterator<Item = (u32, Type<'a>)> + use<'a> {
        let mut left = self.types;
        (self.first..).map_while(move |number| {
            let (found, following) = split(left)?;
            left = following;
            Some((number, found))
        })
    }

    /// Returns the name at `offset`; empty when there is none.
    pub fn name(&self, offset: u32) -> &'a [u8] {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let found = match offset.checked_sub(self.below.len()) {
            Some(own) => text(self.strings, own),
            None => text(self.below, offset),
        };
        found.unwrap_or_default()
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
            .find(|(_, one)| one.kind == kind::VAR && is_extern(one));
        found.map(|(_, one)| self.name_of(&one))
    }

    /// Returns the ID of each named function; `None` for one that is missing.
    pub fn functions(&self, names: &[&[u8]]) -> Vec<Option<u32>> {
        let mut found = vec![None; names.len()];
        if names.is_empty() {
            return found;
        }
        let mut sorted: Vec<(&[u8], usize)> = names.iter().copied().zip(0..).collect();
        sort(&mut sorted, |a, b| a.cmp(b));
        for (number, function) in self.types().filter(|(_, one)| one.kind == kind::FUNC) {
            let name = self.name_of(&function);
            let from = sorted.partition_point(|(wanted, _)| *wanted < name);
            let same = sorted.iter().skip(from);
            for (_, place) in same.take_while(|(wanted, _)| *wanted == name) {
                if let Some(slot) = found.get_mut(*place) {
                    slot.get_or_insert(number);
                }
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
        for (_, found) in self.types() {
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
