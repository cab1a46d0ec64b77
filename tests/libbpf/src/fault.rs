// SPDX-License-Identifier: GPL-2.0-or-later
//! Faults to be found: what comes of them is what would come of a fault in our linker. Only
//! our loader gets the changed file.

use crate::kernel::Loaded;

/// BPF_LD | BPF_IMM | BPF_DW
const LOAD: u8 = 0x18;
const SHT_REL: u32 = 9;
/// The distance by which a variable is moved.
const WRONG_BYTES: u32 = 8;

/// A fault, by its name on the command line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// One instruction word of the result has one bit more or less.
    Word,
    /// A reference to a variable leads elsewhere in the same map.
    Offset,
    /// The kernel gets no CO-RE records.
    Core,
}

impl Fault {
    pub fn named(name: &str) -> Option<Fault> {
        match name {
            "word" => Some(Fault::Word),
            "offset" => Some(Fault::Offset),
            "core" => Some(Fault::Core),
            _ => None,
        }
    }

    /// Changes the file that our loader gets. Returns whether it has such a place.
    pub fn in_file(self, file: &mut [u8]) -> bool {
        match self {
            Fault::Word => true,
            Fault::Offset => move_variable(file).is_some(),
            Fault::Core => drop_records(file).is_some(),
        }
    }

    /// Changes what our loader made.
    pub fn in_result(self, loaded: &mut Loaded) {
        let instructions = &mut loaded.program.instructions;
        let middle = instructions.len() / 2;
        if let (Fault::Word, Some(word)) = (self, instructions.get_mut(middle)) {
            word[7] ^= 0x80;
        }
    }
}

fn number(file: &[u8], at: usize, bytes: usize) -> Option<usize> {
    let field = file.get(at..at.checked_add(bytes)?)?;
    let value = field
        .iter()
        .rev()
        .fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    usize::try_from(value).ok()
}

/// Moves the first reference to a variable in .bss.
fn move_variable(file: &mut [u8]) -> Option<()> {
    let (headers, count) = (number(file, 40, 8)?, number(file, 60, 2)?);
    let header = |number: usize| headers + 64 * number;
    for table in (0..count).map(header) {
        if number(file, table + 4, 4) != usize::try_from(SHT_REL).ok() {
            continue;
        }
        let code = header(number(file, table + 44, 4)?);
        let symbols = header(number(file, table + 40, 4)?);
        let [start, bytes] = [24, 32].map(|field| number(file, table + field, 8));
        for row in (start?..start? + bytes?).step_by(16) {
            let at = number(file, code + 24, 8)? + number(file, row, 8)?;
            let symbol = number(file, symbols + 24, 8)? + 24 * number(file, row + 12, 4)?;
            let section = header(number(file, symbol + 6, 2)?);
            let (kind, writable) = (
                number(file, section + 4, 4)?,
                number(file, section + 8, 8)? & 1,
            );
            // SHT_NOBITS and writable: the verifier takes any place in it.
            if number(file, at, 1)? == usize::from(LOAD) && (kind, writable) == (8, 1) {
                let value = file.get_mut(at + 4..at + 8)?;
                let moved = u32::from_le_bytes(value.try_into().ok()?) ^ WRONG_BYTES;
                value.copy_from_slice(&moved.to_le_bytes());
                return Some(());
            }
        }
    }
    None
}

/// Takes the list of CO-RE records out of .BTF.ext.
fn drop_records(file: &mut [u8]) -> Option<()> {
    // Its magic, version and flags, and the size of a header that has such a list.
    let header = b"\x9f\xeb\x01\x00\x20\x00\x00\x00";
    let mut places = file.windows(header.len());
    let at = places.position(|bytes| bytes == header)?;
    let bytes = file.get_mut(at + 28..at + 32)?;
    bytes.copy_from_slice(&[0; 4]);
    Some(())
}
