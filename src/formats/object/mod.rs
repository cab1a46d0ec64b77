// SPDX-License-Identifier: GPL-2.0-or-later
//! BPF object files that contain a parser: reading and linking them. Layer: pure.
//!
//! [`Object::parse`] reads the file and finds everything that its program reaches;
//! [`Object::link`] inserts the numbers that only a running kernel knows, and returns the
//! instructions as bpf(2) takes them.
//!
//! It reads what clang makes of a parser (bpf/parser.bpf.h): one program for the hook,
//! functions that it calls, maps, variables, constants and kfuncs. Fields of the kernel's
//! structures are found by the kernel (CO-RE). Features that only other programs need are
//! refused by name: variables of the kernel and its configuration, pinned and nested maps. The
//! kernel is not told the types of the maps' values, so it refuses locks, timers and kernel
//! pointers in them.

mod btf;
mod elf;
mod error;
mod instruction;
mod kernel;
mod lines;
mod link;
mod maps;
mod target;
#[cfg(test)]
pub(crate) mod tests;

use alloc::string::String;
use alloc::vec::Vec;

pub use btf::Btf;
pub use elf::{is_native, is_skeleton};
pub use error::ObjectError;
pub use kernel::{KernelBtf, KernelBtfError};
pub use link::{Kfunc, Linked};
pub use maps::{ARRAY, Map};

use crate::formats::sort::sort;
use elf::Elf;
use lines::Lines;
use link::Layout;

/// A parser, ready to be linked.
pub struct Object<'a> {
    elf: Elf<'a>,
    btf: Option<Btf<'a>>,
    lines: Option<Lines>,
    maps: Vec<Map<'a>>,
    layout: Layout,
}

/// A function of the kernel or the module that the program calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extern<'a> {
    pub name: &'a [u8],
    /// True when the function may be missing; the program tests for it.
    pub is_weak: bool,
}

/// Returns a name for a message.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl<'a> Object<'a> {
    /// Parses an object file. Only a program for `hook`, the name of an ELF section, is
    /// accepted: a signature on the file must not be enough to attach anything else.
    ///
    /// # Errors
    /// [`ObjectError`]
    pub fn parse(file: &'a [u8], hook: &str) -> Result<Object<'a>, ObjectError> {
        let elf = Elf::parse(file)?;
        let program = program(&elf, hook.as_bytes())?;
        let btf = elf
            .section(b".BTF")
            .map(|section| Btf::parse(section.bytes, 0))
            .transpose()?;
        if btf.is_none() && Lines::has_relocations(&elf) {
            return Err(ObjectError::Core);
        }
        if let Some(name) = btf.as_ref().and_then(Btf::extern_variable) {
            let name = lossy(name);
            return Err(ObjectError::Variable { name });
        }
        let maps = maps::maps(&elf, btf.as_ref())?;
        let layout = Layout::from(&elf, &maps, program)?;
        let lines = btf.as_ref().map(|btf| Lines::parse(&elf, btf));
        let lines = lines.transpose()?;
        // Without types of all functions, the kernel would leave out the relocations.
        if let Some(lines) = &lines
            && !lines.relocations.is_empty()
            && !layout.is_described(lines)
        {
            return Err(ObjectError::Core);
        }
        Ok(Object {
            elf,
            btf,
            lines,
            maps,
            layout,
        })
    }

    /// Returns the maps, in the order in which [`Object::link`] takes their descriptors.
    #[must_use]
    pub fn maps(&self) -> &[Map<'a>] {
        &self.maps
    }

    /// Returns the kfuncs, in the order in which [`Object::link`] takes their locations.
    #[must_use]
    pub fn kfuncs(&self) -> Vec<Extern<'a>> {
        let symbols = self.layout.kfuncs.iter();
        let symbols = symbols.filter_map(|number| self.elf.symbols.get(*number));
        symbols
            .map(|symbol| Extern {
                name: symbol.name,
                is_weak: symbol.is_weak,
            })
            .collect()
    }

    /// Returns the name of the program.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        self.elf
            .symbols
            .get(self.layout.program)
            .map_or(&[], |symbol| symbol.name)
    }

    /// Returns the license that the file states for its code; empty when there is none.
    #[must_use]
    pub fn license(&self) -> &'a [u8] {
        self.elf
            .section(b"license")
            .and_then(|section| elf::text(section.bytes, 0))
            .unwrap_or_default()
    }

    /// Returns the file's BTF in a form that the kernel accepts.
    #[must_use]
    pub fn types(&self) -> Option<Vec<u8>> {
        let functions = self.elf.symbols.iter().filter(|symbol| symbol.is_function);
        let hidden = functions.filter(|symbol| symbol.is_hidden);
        let mut hidden: Vec<&[u8]> = hidden.map(|symbol| symbol.name).collect();
        sort(&mut hidden, |a, b| a.cmp(b));
        let is_hidden = |name: &[u8]| hidden.binary_search(&name).is_ok();
        Some(self.btf.as_ref()?.for_kernel(is_hidden))
    }

    /// Links the program with everything that it reaches. `maps` has the descriptors of
    /// the maps, `kfuncs` the locations of the kfuncs that the kernel has.
    #[must_use]
    pub fn link(&self, maps: &[i32], kfuncs: &[Option<Kfunc>]) -> Linked {
        self.layout
            .link(&self.elf, self.lines.as_ref(), maps, kfuncs)
    }
}

/// Returns the symbol of the one program for `hook`.
fn program(elf: &Elf<'_>, hook: &[u8]) -> Result<usize, ObjectError> {
    let mut found = Vec::new();
    for (number, section) in elf.sections.iter().enumerate() {
        // Functions in .text are not programs; programs call them.
        if !section.executable || section.name == b".text" {
            continue;
        }
        if section.size > 0 && section.name != hook {
            let section = lossy(section.name);
            return Err(ObjectError::OtherHook { section });
        }
        let functions = elf.symbols_in(number);
        let functions = functions.filter(|(_, symbol)| symbol.is_function && !symbol.is_local);
        found.extend(functions.map(|(symbol, _)| symbol));
    }
    match found.as_slice() {
        [one] => Ok(*one),
        all => Err(ObjectError::Programs { count: all.len() }),
    }
}
