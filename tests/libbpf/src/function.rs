// SPDX-License-Identifier: GPL-2.0-or-later
//! A program's functions one by one, in a form that does not depend on their order or on
//! the numbers of maps.

use std::collections::BTreeMap;

use crate::kernel::Loaded;

/// BPF_LD | BPF_IMM | BPF_DW, which takes up two instructions.
const LOAD: u8 = 0x18;
/// BPF_JMP | BPF_CALL
const CALL: u8 = 0x85;
/// BPF_PSEUDO_MAP_FD and BPF_PSEUDO_MAP_VALUE: the kernel shows the map's ID.
const OF_MAP: [u8; 2] = [1, 2];
/// BPF_PSEUDO_FUNC in a LOAD, and BPF_PSEUDO_CALL in a CALL.
const ADDRESS: u8 = 4;
const CALLED: u8 = 1;

/// One instruction without the map's ID or the function's place, and its target instead.
#[derive(PartialEq, Debug)]
pub struct Instruction<'a> {
    bytes: [u8; 8],
    target: Option<Target<'a>>,
}

#[derive(PartialEq, Debug)]
enum Target<'a> {
    Map(&'a str),
    /// The ID of the function's type.
    Function(u32),
}

#[derive(Default)]
pub struct Function<'a> {
    pub instructions: Vec<Instruction<'a>>,
    /// `struct bpf_line_info`, counted from the function's start.
    pub lines: Vec<[u32; 4]>,
}

/// Functions by the IDs of their types, which are those in the object file.
pub type Functions<'a> = BTreeMap<u32, Function<'a>>;

/// Returns a map's name without the object's, which libbpf puts before the section's.
pub fn plain(name: &str) -> &str {
    name.find('.').map_or(name, |at| &name[at..])
}

/// Returns the start and the type of the function that `at` is in. Without types, all is
/// one function.
fn containing(loaded: &Loaded, at: u32) -> [u32; 2] {
    let functions = loaded.program.functions.iter();
    let before = functions.take_while(|[start, _]| *start <= at).last();
    before.copied().unwrap_or([0, 0])
}

fn instruction(loaded: &Loaded, at: u32, bytes: [u8; 8]) -> Instruction<'_> {
    let [code, registers, o0, o1, value @ ..] = bytes;
    let value = i32::from_le_bytes(value);
    let function = |distance: i32| {
        let place = at
            .checked_add_signed(distance + 1)
            .expect("it is in the program");
        let [start, kind] = containing(loaded, place);
        assert_eq!(start, place, "a function begins where {at} points");
        Some(Target::Function(kind))
    };
    // The kernel shows the distance of a function that is called where jumps have theirs,
    // and its number in the program as the value.
    let (kept, target) = match (code, registers >> 4) {
        (LOAD, kind) if OF_MAP.contains(&kind) => {
            let name = loaded.ids.get(&value.cast_unsigned());
            let name = name.expect("a program uses the maps of its loader");
            ([code, registers, o0, o1], Some(Target::Map(plain(name))))
        }
        (LOAD, ADDRESS) => ([code, registers, o0, o1], function(value)),
        (CALL, CALLED) => {
            let distance = i16::from_le_bytes([o0, o1]);
            ([code, registers, 0, 0], function(distance.into()))
        }
        _ => {
            return Instruction {
                bytes,
                target: None,
            };
        }
    };
    let [b0, b1, b2, b3] = kept;
    Instruction {
        bytes: [b0, b1, b2, b3, 0, 0, 0, 0],
        target,
    }
}

/// Splits a program into its functions.
pub fn functions(loaded: &Loaded) -> Functions<'_> {
    let mut found = Functions::new();
    let mut is_address = false;
    for (at, bytes) in (0u32..).zip(&loaded.program.instructions) {
        let [_, kind] = containing(loaded, at);
        let mut instruction = instruction(loaded, at, *bytes);
        // The second half of an address has the function's number in the program.
        if is_address {
            instruction.bytes = [0; 8];
        }
        let [code, registers, ..] = bytes;
        is_address = (*code, registers >> 4) == (LOAD, ADDRESS);
        let function = found.entry(kind).or_default();
        function.instructions.push(instruction);
    }
    for [at, rest @ ..] in &loaded.program.lines {
        let [start, kind] = containing(loaded, *at);
        let [file, line, column] = *rest;
        let function = found.entry(kind).or_default();
        function.lines.push([at - start, file, line, column]);
    }
    found
}
