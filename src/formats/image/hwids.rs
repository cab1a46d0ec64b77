// SPDX-License-Identifier: GPL-2.0-or-later
//! `.hwids`: the machines that a UKI has device trees for, by their hardware IDs.
//! Layer: pure.
//!
//! Spec: UAPI.5 Unified Kernel Image; for the table, systemd's src/boot/chid.h; for the
//! IDs, fwupd's docs/hwids.md: RFC 4122 version 5 UUIDs of SMBIOS strings in UTF-16, as
//! little-endian GUIDs.
use super::sha1::sha1;
use crate::formats::field::{bytes_at, u32_at};
use crate::formats::source::{FileOffset, FileSlice, ReadAt, ReadError};
use alloc::vec::Vec;

/// The size of an entry: type (4 bits) and size (28 bits), GUID, offsets of name and
/// `compatible`.
const ENTRY_BYTES: u32 = 28;
const DEVICE_TREE: u32 = 1 << 28 | ENTRY_BYTES;
/// Type and size of an entry for a firmware update, which kexec has no use for.
const FIRMWARE: u32 = 2 << 28 | ENTRY_BYTES;
/// Limit on the entries that are read; systemd's own database has about 100.
const ENTRIES_MAX: u32 = 4096;
const NAME_MAX_BYTES: usize = 128;
const NAMESPACE: [u8; 16] = *b"\x70\xff\xd8\x12\x4c\x7f\x4c\x7d\0\0\0\0\0\0\0\0";

pub type Guid = [u8; 16];

/// SMBIOS strings, in the order in which an ID joins them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Smbios {
    /// Manufacturer, family, product name, product SKU, and the board's manufacturer and
    /// product.
    pub fields: [Vec<u8>; 6],
}

/// The sets of fields that make up an ID, as bits, from the most to the least specific.
/// The three of systemd's list that need the display's EDID are left out.
const PRIORITY: [u8; 9] = [
    0b11_1111, 0b11_1001, 0b11_0101, 0b11_0011, 0b00_1111, 0b00_0111, 0b00_1001, 0b00_0101,
    0b00_0011,
];

impl Smbios {
    /// Returns the ID of the fields whose bits are set.
    fn guid(&self, fields: u8) -> Guid {
        let mut text = NAMESPACE.to_vec();
        let numbered = self.fields.iter().enumerate();
        for (number, field) in numbered.filter(|(number, _)| fields >> number & 1 != 0) {
            if number > 0 {
                text.extend(b"&\0");
            }
            for byte in trimmed(field) {
                text.extend([*byte, 0]);
            }
        }
        let hash = sha1(&text);
        let mut guid: Guid = hash.first_chunk().copied().unwrap_or_default();
        // Sets version and variant, then converts the first three fields to
        // little-endian.
        let [a, b, c, d, e, f, g, h, i, ..] = &mut guid;
        *g = *g & 0x0f | 0x50;
        *i = *i & 0x3f | 0x80;
        (*a, *b, *c, *d) = (*d, *c, *b, *a);
        (*e, *f, *g, *h) = (*f, *e, *h, *g);
        guid
    }
}

fn trimmed(field: &[u8]) -> &[u8] {
    let start = |byte: u8| move |at: &[u8]| at.iter().position(|other| *other != byte);
    let mut rest = field;
    for byte in [b' ', b'0'] {
        let skip = start(byte)(rest).unwrap_or(rest.len());
        rest = rest.get(skip..).unwrap_or_default();
    }
    let end = rest.iter().rposition(|byte| *byte != b' ');
    let end = end.map_or(0, |last| last.saturating_add(1));
    rest.get(..end).unwrap_or_default()
}

/// Looks up the machine in the table and returns the `compatible` of its device tree.
/// `Ok(None)` when the table is damaged or does not have the machine.
pub fn compatible<R: ReadAt + ?Sized>(
    source: &R,
    table: FileSlice,
    machine: &Smbios,
) -> Result<Option<Vec<u8>>, ReadError> {
    for fields in PRIORITY {
        let guid = machine.guid(fields);
        for number in 0..ENTRIES_MAX {
            let mut entry = [0; ENTRY_BYTES as usize];
            if !read(
                source,
                table,
                number.saturating_mul(ENTRY_BYTES),
                &mut entry,
            )? {
                break;
            }
            match u32_at(&entry, 0) {
                Some(DEVICE_TREE) => {}
                Some(FIRMWARE) => continue,
                Some(0) => break,
                _ => return Ok(None),
            }
            if bytes_at(&entry, 4) == Some(guid) {
                return string(source, table, u32_at(&entry, 24).unwrap_or(0));
            }
        }
    }
    Ok(None)
}

/// Fills `buffer` from `at`; returns `false` when that is not all in the table.
fn read<R: ReadAt + ?Sized>(
    source: &R,
    table: FileSlice,
    at: u32,
    buffer: &mut [u8],
) -> Result<bool, ReadError> {
    let bytes = crate::formats::source::as_u64(buffer.len());
    let inside = FileSlice::within(FileOffset(at.into()), bytes, table.bytes);
    let Some(offset) = inside.and(table.offset.checked_add(at.into())) else {
        return Ok(false);
    };
    source.read_at(offset, buffer).map(|()| true)
}

/// Reads the NUL-terminated string at `at`; an offset of 0 means that there is none.
fn string<R: ReadAt + ?Sized>(
    source: &R,
    table: FileSlice,
    at: u32,
) -> Result<Option<Vec<u8>>, ReadError> {
    let mut buffer = [0; NAME_MAX_BYTES];
    let left = usize::try_from(table.bytes.saturating_sub(at.into())).unwrap_or(usize::MAX);
    let text = buffer
        .get_mut(..left.min(NAME_MAX_BYTES))
        .unwrap_or_default();
    if at == 0 || !read(source, table, at, text)? {
        return Ok(None);
    }
    let end = text.iter().position(|byte| *byte == 0);
    Ok(end.and_then(|end| text.get(..end)).map(<[u8]>::to_vec))
}

#[cfg(test)]
mod tests {
    use super::{PRIORITY, Smbios};

    /// Uses the example of fwupd's docs/hwids.md, which has no strings of a board.
    #[test]
    fn ids_are_those_of_fwupd() {
        let fields = [
            "LENOVO ",
            "ThinkPad T440s",
            " 0020ARS19C0C",
            "LENOVO_MT_20AR_BU_Think_FM_ThinkPad T440s",
            "",
            "",
        ];
        let machine = Smbios {
            fields: fields.map(|field| field.as_bytes().to_vec()),
        };
        let text = |fields| {
            let guid = machine.guid(fields);
            let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
            order.map(|at: usize| format!("{:02x}", guid[at])).concat()
        };
        assert_eq!(text(1), "6de5d951d755576bbd09c5cf66b27234");
        assert_eq!(text(0b0011), "db73af4c461250f7b8a7787cf4871847");
        assert_eq!(text(0b0101), "0cf8618d9eff537c9f3546861406eb9c");
        assert_eq!(text(0b0111), "8dc9b7c5f5d558509ab3bd6f0549d814");
        assert_eq!(text(0b1001), "da1da9b662f55f228aaa14db7eeda2a4");
        assert_eq!(text(0b1111), "660ccba81b785a3380e69fb8354ee873");
        assert!(PRIORITY.iter().all(|fields| fields & 1 == 1));
    }
}
