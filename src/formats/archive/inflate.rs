// SPDX-License-Identifier: GPL-2.0-or-later
//! The first bytes of a deflate stream, in bounded time and memory. Layer: pure.
//!
//! Spec: RFC 1951. It decodes bit by bit: a few thousand bits are enough here, and code
//! that is fast would be ten times as large.

/// The reason why decoding ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The stream is complete.
    Done,
    /// There is no room for more.
    Full,
    /// The packed bytes ended first.
    Input,
    /// The kernel's decoder fails here, too.
    Damaged,
}

/// The largest number of symbols of a code.
const SYMBOLS_MAX: usize = 288;
/// Symbols of a block's first code that can be used, and of its second.
const LITERALS_MAX: usize = 286;
const DISTANCES_MAX: usize = 30;
const LENGTH_BITS_MAX: usize = 15;
/// The symbol that ends a block.
const END_OF_BLOCK: usize = 256;
/// The order of the lengths of the code that packs the lengths of the other two.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// Unpacks `packed` into `out` as far as both go; returns the number of bytes in `out`.
pub fn inflate(packed: &[u8], out: &mut [u8]) -> (usize, End) {
    let mut stream = Stream {
        packed,
        bits_read: 0,
        out,
        written: 0,
    };
    let end = loop {
        match stream.block() {
            Ok(false) => {}
            Ok(true) => break End::Done,
            Err(end) => break end,
        }
    };
    (stream.written, end)
}

struct Stream<'bytes> {
    packed: &'bytes [u8],
    bits_read: usize,
    out: &'bytes mut [u8],
    written: usize,
}

impl Stream<'_> {
    fn bit(&mut self) -> Result<usize, End> {
        let byte = self.packed.get(self.bits_read / 8).ok_or(End::Input)?;
        let bit = usize::from(byte >> (self.bits_read % 8) & 1);
        self.bits_read = self.bits_read.saturating_add(1);
        Ok(bit)
    }

    /// Reads a number of up to 16 bits, low ones first.
    fn bits(&mut self, count: usize) -> Result<usize, End> {
        let mut value = 0;
        for place in (0..count).take(16) {
            value |= self.bit()? << place;
        }
        Ok(value)
    }

    fn push(&mut self, byte: u8) -> Result<(), End> {
        *self.out.get_mut(self.written).ok_or(End::Full)? = byte;
        self.written = self.written.saturating_add(1);
        Ok(())
    }

    /// Unpacks one block; returns whether it was the last one.
    fn block(&mut self) -> Result<bool, End> {
        let is_last = self.bit()? == 1;
        match self.bits(2)? {
            0 => self.stored()?,
            1 => {
                let mut lengths = [8; SYMBOLS_MAX];
                lengths
                    .iter_mut()
                    .skip(144)
                    .take(112)
                    .for_each(|it| *it = 9);
                lengths.iter_mut().skip(256).take(24).for_each(|it| *it = 7);
                let distances = Code::new(&[5; DISTANCES_MAX])?;
                self.symbols(&Code::new(&lengths)?, &distances)?;
            }
            2 => {
                let (literals, distances) = self.codes()?;
                self.symbols(&literals, &distances)?;
            }
            _ => return Err(End::Damaged),
        }
        Ok(is_last)
    }

    fn stored(&mut self) -> Result<(), End> {
        self.bits_read = self.bits_read.next_multiple_of(8);
        let count = self.bits(16)?;
        if self.bits(16)? != count ^ 0xffff {
            return Err(End::Damaged);
        }
        for _ in 0..count {
            let byte = self.bits(8)?;
            self.push(u8::try_from(byte).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Reads the two codes of a block.
    fn codes(&mut self) -> Result<(Code, Code), End> {
        let literals = self.bits(5)?.saturating_add(257);
        let distances = self.bits(5)?.saturating_add(1);
        if literals > LITERALS_MAX || distances > DISTANCES_MAX {
            return Err(End::Damaged);
        }
        let count = self.bits(4)?.saturating_add(4);
        let mut lengths = [0; ORDER.len()];
        for symbol in ORDER.iter().take(count) {
            let length = u8::try_from(self.bits(3)?).unwrap_or_default();
            lengths
                .iter_mut()
                .skip(*symbol)
                .take(1)
                .for_each(|it| *it = length);
        }
        let packing = Code::new(&lengths)?;
        let mut lengths = [0; LITERALS_MAX + DISTANCES_MAX];
        let all = literals.saturating_add(distances);
        let mut at = 0usize;
        let mut previous = None;
        while at < all {
            let (length, times) = match packing.next(self)? {
                16 => (
                    previous.ok_or(End::Damaged)?,
                    self.bits(2)?.saturating_add(3),
                ),
                17 => (0, self.bits(3)?.saturating_add(3)),
                18 => (0, self.bits(7)?.saturating_add(11)),
                length => (u8::try_from(length).unwrap_or_default(), 1),
            };
            previous = Some(length);
            let end = at.saturating_add(times);
            if end > all {
                return Err(End::Damaged);
            }
            lengths.get_mut(at..end).unwrap_or_default().fill(length);
            at = end;
        }
        let (first, second) = lengths.split_at_checked(literals).ok_or(End::Damaged)?;
        if first.get(END_OF_BLOCK).is_none_or(|length| *length == 0) {
            return Err(End::Damaged);
        }
        let second = second.get(..distances).unwrap_or_default();
        Ok((Code::new(first)?, Code::new(second)?))
    }

    /// Unpacks the symbols of a block.
    fn symbols(&mut self, literals: &Code, distances: &Code) -> Result<(), End> {
        loop {
            let symbol = literals.next(self)?;
            if symbol == END_OF_BLOCK {
                return Ok(());
            }
            if let Ok(byte) = u8::try_from(symbol) {
                self.push(byte)?;
                continue;
            }
            let length = match symbol.saturating_sub(END_OF_BLOCK + 1) {
                28 => 258,
                step @ 0..28 => self.number(step, 4)?.saturating_add(3),
                _ => return Err(End::Damaged),
            };
            let distance = match distances.next(self)? {
                step @ 0..DISTANCES_MAX => self.number(step, 2)?.saturating_add(1),
                _ => return Err(End::Damaged),
            };
            for _ in 0..length {
                let from = self.written.checked_sub(distance).ok_or(End::Damaged)?;
                let byte = self.out.get(from).copied().ok_or(End::Damaged)?;
                self.push(byte)?;
            }
        }
    }

    /// Reads the extra bits of a length or distance; `steps` symbols share a number of
    /// such bits.
    fn number(&mut self, step: usize, steps: usize) -> Result<usize, End> {
        let doublings = step.checked_div(steps).unwrap_or_default();
        let Some(extra) = doublings.checked_sub(1) else {
            return Ok(step);
        };
        let within = step.checked_rem(steps).unwrap_or_default();
        let base = steps.saturating_add(within) << extra.min(16);
        Ok(base.saturating_add(self.bits(extra)?))
    }
}

/// A Huffman code.
struct Code {
    /// The number of symbols of each length.
    counts: [usize; LENGTH_BITS_MAX + 1],
    /// The symbols, by length.
    symbols: [u16; SYMBOLS_MAX],
}

impl Code {
    /// Makes the code whose symbols have these lengths.
    fn new(lengths: &[u8]) -> Result<Code, End> {
        let mut code = Code {
            counts: [0; LENGTH_BITS_MAX + 1],
            symbols: [0; SYMBOLS_MAX],
        };
        let mut places = code.symbols.iter_mut();
        let mut left = 1usize;
        for (bits, count) in (1u8..).zip(code.counts.iter_mut().skip(1)) {
            let with = lengths
                .iter()
                .zip(0u16..)
                .filter(|(length, _)| **length == bits);
            for (_, symbol) in with {
                *places.next().ok_or(End::Damaged)? = symbol;
                *count = count.saturating_add(1);
            }
            // More symbols than codes of this length.
            left = left
                .saturating_mul(2)
                .checked_sub(*count)
                .ok_or(End::Damaged)?;
        }
        Ok(code)
    }

    /// Reads the next symbol.
    fn next(&self, stream: &mut Stream<'_>) -> Result<usize, End> {
        let (mut code, mut first, mut index) = (0usize, 0usize, 0usize);
        for count in self.counts.iter().skip(1) {
            code |= stream.bit()?;
            let within = code.saturating_sub(first);
            if within < *count {
                let symbol = self.symbols.get(index.saturating_add(within));
                return Ok(usize::from(*symbol.ok_or(End::Damaged)?));
            }
            index = index.saturating_add(*count);
            first = first.saturating_add(*count).saturating_mul(2);
            code = code.saturating_mul(2);
        }
        Err(End::Damaged)
    }
}
