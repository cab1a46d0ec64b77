// SPDX-License-Identifier: GPL-2.0-or-later
//! One BPF instruction, in the form that files have and the kernel takes. Layer: pure.
//!
//! Spec: RFC 9669, and the pseudo values of `src_reg` in include/uapi/linux/bpf.h.

/// The size of one instruction.
pub const BYTES: u64 = size_of::<Instruction>() as u64;
/// BPF_JMP | BPF_CALL
pub const CALL: u8 = 0x85;
/// BPF_LD | BPF_IMM | BPF_DW, which takes up two instructions.
pub const LOAD: u8 = 0x18;

/// `BPF_PSEUDO_*`, in `src_reg`: the meaning of an immediate value.
pub mod pseudo {
    pub const MAP_FD: u8 = 1;
    pub const MAP_VALUE: u8 = 2;
    pub const BTF_ID: u8 = 3;
    pub const FUNCTION: u8 = 4;
    pub const CALL: u8 = 1;
    pub const KFUNC_CALL: u8 = 2;
}

/// `struct bpf_insn`
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    pub code: u8,
    /// The destination register's number in the low half, the source's in the high half.
    pub registers: u8,
    pub offset: i16,
    pub value: i32,
}

impl Instruction {
    /// Returns all instructions in `bytes`.
    pub fn all(bytes: &[u8]) -> impl Iterator<Item = Instruction> {
        let size = size_of::<Instruction>();
        bytes.chunks_exact(size).filter_map(Instruction::read)
    }

    fn read(bytes: &[u8]) -> Option<Instruction> {
        let [code, registers, o0, o1, value @ ..] = bytes else {
            return None;
        };
        Some(Instruction {
            code: *code,
            registers: *registers,
            offset: i16::from_le_bytes([*o0, *o1]),
            value: i32::from_le_bytes(*value.first_chunk()?),
        })
    }

    pub fn source(self) -> u8 {
        self.registers >> 4
    }

    pub fn set_source(&mut self, source: u8) {
        self.registers = self.registers & 0xf | source << 4;
    }
}
