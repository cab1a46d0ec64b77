// SPDX-License-Identifier: GPL-2.0-or-later
//! Targets of the references in a function's instructions. Layer: pure.
//!
//! Spec: the kernel's Documentation/bpf/llvm_reloc.rst. It does not say how clang writes
//! the addends of calls and of variables; libbpf's source does.

use alloc::vec;
use alloc::vec::Vec;

use super::elf::{Elf, Relocation, Section, Symbol};
use super::instruction::{BYTES, CALL, Instruction, LOAD, pseudo};
use super::maps::Map;
use super::{ObjectError, lossy};
use crate::formats::sort::sort;

/// MAX_KFUNC_DESCS of the kernel's verifier.
const KFUNCS_MAX: usize = 256;

/// A function of the file.
#[derive(Clone, Copy)]
pub struct Function {
    pub section: usize,
    /// The offset from the start of the section, in bytes.
    pub start: u64,
    pub end: u64,
    pub symbol: usize,
}

/// The target of a reference, by its index in a list.
#[derive(Clone, Copy)]
pub enum Target {
    /// A function that is called, by its index in `Finder::order`.
    Call(usize),
    /// A function whose address is taken, by the same index.
    Address(usize),
    /// A function of the kernel or the module that is called or tested for.
    Kfunc(usize),
    Map(usize),
    Value {
        map: usize,
        offset: i32,
    },
}

/// A reference to be resolved.
pub struct Reference {
    /// The index of the instruction in its function.
    pub index: usize,
    pub target: Target,
}

/// The lists in which references are looked up, and the results so far.
pub struct Finder<'a, 'file> {
    elf: &'a Elf<'file>,
    maps: &'a [Map<'file>],
    pub functions: Vec<Function>,
    /// The index of each function in `order`.
    places: Vec<Option<usize>>,
    /// The functions, in the order in which they are placed.
    pub order: Vec<usize>,
    /// The symbols of the kfuncs, in the order in which they are found.
    pub kfuncs: Vec<usize>,
}

/// Returns all functions, sorted by section and offset.
fn functions(elf: &Elf<'_>) -> Vec<Function> {
    let mut found: Vec<Function> = elf
        .symbols
        .iter()
        .enumerate()
        .filter(|(_, symbol)| symbol.is_function)
        .filter_map(|(number, symbol)| {
            Some(Function {
                section: symbol.section?,
                start: symbol.value,
                end: symbol.value.saturating_add(symbol.size),
                symbol: number,
            })
        })
        .collect();
    sort(&mut found, |a, b| {
        (a.section, a.start, a.symbol).cmp(&(b.section, b.start, b.symbol))
    });
    found
}

impl Function {
    pub fn bytes<'a>(&self, elf: &Elf<'a>) -> Option<&'a [u8]> {
        let start = usize::try_from(self.start).ok()?;
        let end = usize::try_from(self.end).ok()?;
        let bytes = elf.sections.get(self.section)?.bytes.get(start..end)?;
        (self.start.is_multiple_of(BYTES) && self.end.is_multiple_of(BYTES) && start < end)
            .then_some(bytes)
    }
}

impl<'a, 'file> Finder<'a, 'file> {
    /// Starts with the function whose symbol is `program`.
    ///
    /// # Errors
    /// [`ObjectError::Programs`] when it is not a function.
    pub fn new(
        elf: &'a Elf<'file>,
        maps: &'a [Map<'file>],
        program: usize,
    ) -> Result<Finder<'a, 'file>, ObjectError> {
        let functions = functions(elf);
        let first = functions
            .iter()
            .position(|function| function.symbol == program)
            .ok_or(ObjectError::Programs { count: 0 })?;
        let mut finder = Finder {
            elf,
            maps,
            places: vec![None; functions.len()],
            functions,
            order: Vec::new(),
            kfuncs: Vec::new(),
        };
        finder.place(first);
        Ok(finder)
    }

    /// Returns the function's index in the order; appends the function if it is not in
    /// there.
    fn place(&mut self, function: usize) -> usize {
        let next = self.order.len();
        let place = self.places.get(function).copied().flatten();
        if place.is_none() {
            self.order.push(function);
            if let Some(slot) = self.places.get_mut(function) {
                *slot = Some(next);
            }
        }
        place.unwrap_or(next)
    }

    /// Returns the references of a function's instructions, and the number of
    /// instructions.
    pub fn references(
        &mut self,
        function: &Function,
    ) -> Result<(Vec<Reference>, usize), ObjectError> {
        let symbol = self.elf.symbols.get(function.symbol);
        let name = symbol.map_or(&[][..], |symbol| symbol.name);
        let (Some(section), Some(bytes)) = (
            self.elf.sections.get(function.section),
            function.bytes(self.elf),
        ) else {
            return Err(ObjectError::Function { name: lossy(name) });
        };
        let mut found = Vec::new();
        let all: Vec<Instruction> = Instruction::all(bytes).collect();
        for (index, instruction) in all.iter().enumerate() {
            let distance = u64::try_from(index).unwrap_or(0).saturating_mul(BYTES);
            let at = function.start.saturating_add(distance);
            let relocation = relocation(section, at);
            let symbol = relocation.and_then(|place| self.elf.symbols.get(place.symbol));
            let target = self.target(function.section, at, *instruction, relocation);
            match target {
                Ok(Some(target)) => found.push(Reference { index, target }),
                Ok(None) => {}
                Err(what) => {
                    return Err(ObjectError::Reference {
                        function: lossy(name),
                        at: distance,
                        symbol: symbol.map_or("no symbol".into(), |one| lossy(self.name(one))),
                        what,
                    });
                }
            }
        }
        Ok((found, all.len()))
    }

    /// Returns the target of the instruction at `at` in `section`, if it has one.
    fn target(
        &mut self,
        section: usize,
        at: u64,
        instruction: Instruction,
        relocation: Option<Relocation>,
    ) -> Result<Option<Target>, &'static str> {
        let value = i64::from(instruction.value);
        let Some(relocation) = relocation else {
            return match (instruction.code, instruction.source()) {
                // A call of a function in the same section.
                (CALL, pseudo::CALL) => {
                    let next = at.saturating_add(BYTES);
                    let start = next.checked_add_signed(value.saturating_mul(BYTES.cast_signed()));
                    self.function(section, start).map(Target::Call).map(Some)
                }
                (CALL | LOAD, 1..) => {
                    Err("it is marked as resolved by a loader, but has no relocation")
                }
                _ => Ok(None),
            };
        };
        let symbol = self
            .elf
            .symbols
            .get(relocation.symbol)
            .ok_or("it refers to a symbol that the file does not have")?;
        let Some(there) = symbol.section else {
            return match (instruction.code, symbol.is_weak) {
                // A program tests for a weak function before it calls it.
                (CALL, _) | (LOAD, true) => {
                    self.kfunc(relocation.symbol).map(Target::Kfunc).map(Some)
                }
                _ => Err("it is defined outside the file, which only functions may be"),
            };
        };
        let executable = self
            .elf
            .sections
            .get(there)
            .is_some_and(|found| found.executable);
        let from_symbol = |bytes: i64| symbol.value.checked_add_signed(bytes);
        match (instruction.code, executable) {
            (CALL, true) => {
                let start =
                    from_symbol(value.saturating_add(1).saturating_mul(BYTES.cast_signed()));
                self.function(there, start).map(Target::Call).map(Some)
            }
            (LOAD, true) => self
                .function(there, from_symbol(value))
                .map(Target::Address)
                .map(Some),
            (LOAD, false) => self.map(there, from_symbol(value)).map(Some),
            _ => Err("such an instruction cannot refer to a symbol"),
        }
    }

    /// Returns the index of the function that begins at `start`.
    fn function(&mut self, section: usize, start: Option<u64>) -> Result<usize, &'static str> {
        let found = start.and_then(|start| {
            let place = |function: &Function| (function.section, function.start);
            let at = self
                .functions
                .partition_point(|one| place(one) < (section, start));
            (place(self.functions.get(at)?) == (section, start)).then_some(at)
        });
        found
            .map(|function| self.place(function))
            .ok_or("no function begins where it points")
    }

    fn kfunc(&mut self, symbol: usize) -> Result<usize, &'static str> {
        if let Some(known) = self.kfuncs.iter().position(|known| *known == symbol) {
            return Ok(known);
        }
        let number = self.kfuncs.len();
        if number == KFUNCS_MAX {
            return Err("the kernel allows no more kfuncs");
        }
        self.kfuncs.push(symbol);
        Ok(number)
    }

    /// Returns the name of a symbol; if it stands for a section, the section's name.
    fn name(&self, symbol: &Symbol<'file>) -> &'file [u8] {
        let section = symbol.section.filter(|_| symbol.is_section);
        let section = section.and_then(|number| self.elf.sections.get(number));
        section.map_or(symbol.name, |section| section.name)
    }

    /// Returns the map that a place in a section stands for.
    fn map(&self, section: usize, place: Option<u64>) -> Result<Target, &'static str> {
        let is_there = |map: &Map<'_>| {
            map.section == section && (map.content.is_some() || Some(map.offset) == place)
        };
        let map = self
            .maps
            .iter()
            .position(is_there)
            .ok_or("it is in a section without maps or variables")?;
        let is_variable = self.maps.get(map).is_some_and(|map| map.content.is_some());
        if !is_variable {
            return Ok(Target::Map(map));
        }
        let offset = place.and_then(|place| i32::try_from(place).ok());
        offset
            .map(|offset| Target::Value { map, offset })
            .ok_or("it points outside its section")
    }
}

fn relocation(section: &Section<'_>, offset: u64) -> Option<Relocation> {
    let at = section
        .relocations
        .partition_point(|one| one.offset < offset);
    section
        .relocations
        .get(at)
        .copied()
        .filter(|one| one.offset == offset)
}
