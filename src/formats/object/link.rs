// SPDX-License-Identifier: GPL-2.0-or-later
//! Joins functions that refer to each other into one sequence of instructions.
//! Layer: pure.
//!
//! The verifier refuses a function that nothing reaches, so a function is added only when
//! something refers to it.

use alloc::vec::Vec;

use super::ObjectError;
use super::elf::Elf;
use super::instruction::{BYTES, Instruction, LOAD, pseudo};
use super::lines::Lines;
use super::maps::Map;
use super::target::{Finder, Function, Reference, Target};

/// The kernel's BPF_COMPLEXITY_LIMIT_INSNS. Even a short file can have more, in functions
/// that overlap.
const INSTRUCTIONS_MAX: usize = 1_000_000;

/// The number of a helper that no kernel has, the first of those that libbpf inserts: the
/// verifier accepts such a call if it sees that it is never made.
const NO_SUCH_CALL: i32 = 2_002_000_000;

/// The location of a kfunc in the kernel or a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kfunc {
    /// The function's ID in the BTF that has it.
    pub id: i32,
    /// The index of that BTF in BPF_PROG_LOAD's `fd_array`; 0 is the kernel's own.
    pub btf: i16,
    /// The descriptor of that BTF; 0 is the kernel's own.
    pub fd: i32,
}

/// A program as BPF_PROG_LOAD takes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Linked {
    pub instructions: Vec<Instruction>,
    /// `struct bpf_func_info` of all functions, or of none.
    pub functions: Vec<[u32; 2]>,
    /// `struct bpf_line_info`
    pub lines: Vec<[u32; 4]>,
    /// `struct bpf_core_relo`, which counts in bytes from the first instruction.
    pub relocations: Vec<[u32; 4]>,
}

/// A function that the program reaches.
struct Placed {
    function: Function,
    /// The index of its first instruction.
    at: usize,
    references: Vec<Reference>,
}

/// Everything that the program reaches, in the order of the final instructions.
pub struct Layout {
    /// The symbol of the program.
    pub program: usize,
    /// The symbols of the kfuncs, in the order in which they are found.
    pub kfuncs: Vec<usize>,
    placed: Vec<Placed>,
}

impl Layout {
    /// Places all functions that `program` reaches.
    ///
    /// # Errors
    /// [`ObjectError::Function`], [`ObjectError::Reference`], [`ObjectError::TooLong`].
    pub fn from(elf: &Elf<'_>, maps: &[Map<'_>], program: usize) -> Result<Layout, ObjectError> {
        let mut finder = Finder::new(elf, maps, program)?;
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

    /// Returns whether every function has a type.
    pub fn is_described(&self, lines: &Lines) -> bool {
        let mut all = self.placed.iter();
        all.all(|placed| placed.types(lines).next().is_some())
    }

    /// Joins the functions, and resolves their references with the descriptors of the
    /// maps and the locations of the kfuncs.
    pub fn link(
        &self,
        elf: &Elf<'_>,
        lines: Option<&Lines>,
        maps: &[i32],
        kfuncs: &[Option<Kfunc>],
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
        // All or nothing: the verifier wants a type for every function, and refuses lines
        // without functions.
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
        kfuncs: &[Option<Kfunc>],
    ) {
        let Some([first, rest @ ..]) = instructions.get_mut(at..) else {
            return;
        };
        // Both a call and the address of a function count from the next instruction.
        let distance = |place: usize| {
            let to = self.placed.get(place).map_or(0, |placed| placed.at);
            // The numbers fit, because of INSTRUCTIONS_MAX.
            let number = |at: usize| i32::try_from(at).unwrap_or(i32::MAX);
            number(to).saturating_sub(number(at)).saturating_sub(1)
        };
        let fd = |map: usize| maps.get(map).copied().unwrap_or(-1);
        let kfunc = |number: usize| kfuncs.get(number).copied().flatten();
        let is_load = first.code == LOAD;
        // The second value is the upper half of a load.
        let (source, values) = match target {
            Target::Call(place) => (pseudo::CALL, [distance(place), 0]),
            Target::Address(place) => (pseudo::FUNCTION, [distance(place), 0]),
            Target::Map(map) => (pseudo::MAP_FD, [fd(map), 0]),
            Target::Value { map, offset } => (pseudo::MAP_VALUE, [fd(map), offset]),
            Target::Kfunc(number) => match kfunc(number) {
                Some(Kfunc { id, fd, .. }) if is_load => (pseudo::BTF_ID, [id, fd]),
                Some(Kfunc { id, btf, .. }) => {
                    first.offset = btf;
                    (pseudo::KFUNC_CALL, [id, 0])
                }
                None if is_load => (0, [0, 0]),
                None => (0, [NO_SUCH_CALL, 0]),
            },
        };
        first.set_source(source);
        [first.value, _] = values;
        if let (true, [second, ..]) = (is_load, rest) {
            [_, second.value] = values;
        }
    }
}

impl Placed {
    /// Returns the record of the function's type.
    fn types(&self, lines: &Lines) -> impl Iterator<Item = (u64, [u32; 1])> {
        let Function { section, start, .. } = self.function;
        let end = start.saturating_add(1);
        lines.functions.within(section, start, end)
    }

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
        for (_, [kind]) in self.types(lines) {
            linked.functions.push([number(0), kind]);
        }
        for (distance, [file, line, column]) in lines.lines.within(section, start, end) {
            linked.lines.push([number(distance), file, line, column]);
        }
        for (distance, [of, path, kind]) in lines.relocations.within(section, start, end) {
            // Fits, because of INSTRUCTIONS_MAX.
            let bytes = u32::try_from(BYTES).unwrap_or(0);
            let at = number(distance).saturating_mul(bytes);
            linked.relocations.push([at, of, path, kind]);
        }
    }
}
