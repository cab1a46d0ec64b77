// SPDX-License-Identifier: GPL-2.0-or-later
//! From functions that refer to each other to one row of instructions.
//!
//! Layer: pure. The verifier refuses a function that nothing reaches, so each goes
//! in when something refers to it.

use alloc::vec::Vec;

use super::ObjectError;
use super::elf::Elf;
use super::instruction::{BYTES, Instruction, LOAD, pseudo};
use super::lines::Lines;
use super::maps::Map;
use super::target::{Finder, Function, Reference, Target};

/// BPF_COMPLEXITY_LIMIT_INSNS of the kernel. A file that is short can have more, in
/// functions that lie in each other.
const INSTRUCTIONS_MAX: usize = 1_000_000;

/// Where the kernel has a kfunc.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kfunc {
    /// Its number in the BTF that has it.
    pub id: i32,
    /// That BTF's place in BPF_PROG_LOAD's `fd_array`; 0 is the kernel's own.
    pub btf: i16,
}

/// A program as BPF_PROG_LOAD takes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Linked {
    pub instructions: Vec<Instruction>,
    /// `struct bpf_func_info`: of all functions, or of none.
    pub functions: Vec<[u32; 2]>,
    /// `struct bpf_line_info`
    pub lines: Vec<[u32; 4]>,
}

/// A function that the program reaches.
struct Placed {
    function: Function,
    /// The number of its first instruction.
    at: usize,
    references: Vec<Reference>,
}

/// All that the program reaches, in the order of the final instructions.
pub struct Layout<'a> {
    /// The symbol of the program.
    pub program: usize,
    pub kfuncs: Vec<&'a [u8]>,
    placed: Vec<Placed>,
}

impl<'file> Layout<'file> {
    /// # Errors
    /// [`ObjectError::Function`], [`ObjectError::Reference`], [`ObjectError::TooLong`].
    pub fn from(
        elf: &Elf<'file>,
        maps: &[Map<'file>],
        program: usize,
    ) -> Result<Layout<'file>, ObjectError> {
        let mut finder = Finder::new(elf, maps, program);
        let (mut placed, mut at) = (Vec::new(), 0usize);
        while let Some(number) = finder.order.get(placed.len()) {
            let Some(function) = finder.functions.get(*number).copied() else {
                break;
            };
            let (references, count) = finder.references(&function)?;
            placed.push(Placed {
                function,
                at,
                references,
            });
            at = at.saturating_add(count);
            if at > INSTRUCTIONS_MAX {
                return Err(ObjectError::TooLong);
            }
        }
        Ok(Layout {
            program,
            kfuncs: finder.kfuncs,
            placed,
        })
    }

    pub fn link(
        &self,
        elf: &Elf<'_>,
        lines: Option<&Lines>,
        maps: &[i32],
        kfuncs: &[Kfunc],
    ) -> Linked {
        let mut linked = Linked::default();
        for placed in &self.placed {
            let bytes = placed.function.bytes(elf).unwrap_or_default();
            linked.instructions.extend(Instruction::all(bytes));
            for reference in &placed.references {
                let at = placed.at.saturating_add(reference.index);
                self.put(&mut linked.instructions, at, reference.target, maps, kfuncs);
            }
            if let Some(lines) = lines {
                placed.describe(lines, &mut linked);
            }
        }
        // All or nothing: the verifier wants to know each function, and the line
        // that each begins with.
        if linked.functions.len() != self.placed.len() {
            linked.functions.clear();
            linked.lines.clear();
        }
        linked
    }

    fn put(
        &self,
        instructions: &mut [Instruction],
        at: usize,
        target: Target,
        maps: &[i32],
        kfuncs: &[Kfunc],
    ) {
        let Some([first, rest @ ..]) = instructions.get_mut(at..) else {
            return;
        };
        // Both a call and an address of a function count from what follows.
        let distance = |place: usize| {
            let to = self.placed.get(place).map_or(0, |placed| placed.at);
            // They fit: a parser has 1 MiB.
            let number = |at: usize| i32::try_from(at).unwrap_or(i32::MAX);
            number(to).saturating_sub(number(at)).saturating_sub(1)
        };
        let fd = |map: usize| maps.get(map).copied().unwrap_or(-1);
        let (source, value) = match target {
            Target::Call(place) => (pseudo::CALL, distance(place)),
            Target::Address(place) => (pseudo::FUNCTION, distance(place)),
            Target::Map(map) => (pseudo::MAP_FD, fd(map)),
            Target::Value { map, .. } => (pseudo::MAP_VALUE, fd(map)),
            Target::Kfunc(number) => {
                let kfunc = kfuncs.get(number);
                first.offset = kfunc.map_or(0, |kfunc| kfunc.btf);
                (pseudo::KFUNC_CALL, kfunc.map_or(0, |kfunc| kfunc.id))
            }
        };
        first.set_source(source);
        first.value = value;
        if let (LOAD, [second, ..]) = (first.code, rest) {
            second.value = match target {
                Target::Value { offset, .. } => offset,
                _ => 0,
            };
        }
    }
}

impl Placed {
    fn describe(&self, lines: &Lines, linked: &mut Linked) {
        let Function {
            section,
            start,
            end,
            ..
        } = self.function;
        let number = |bytes: u64| {
            let at = u64::try_from(self.at).unwrap_or(u64::MAX);
            u32::try_from(at.saturating_add(bytes / BYTES)).unwrap_or(u32::MAX)
        };
        for (_, [kind]) in lines
            .functions
            .within(section, start, start.saturating_add(1))
        {
            linked.functions.push([number(0), kind]);
        }
        for (distance, [file, line, column]) in lines.lines.within(section, start, end) {
            linked.lines.push([number(distance), file, line, column]);
        }
    }
}
