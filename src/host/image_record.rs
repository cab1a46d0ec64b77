// SPDX-License-Identifier: GPL-2.0-or-later
//! The record in /run of the image that was loaded for `exec`: the kernel says only that
//! one is loaded. Layer: pure.

use alloc::string::String;
use alloc::vec::Vec;

/// The limit on a record's size; longer ones are not read. A path has at most 4 KiB, and
/// no architecture's command line is longer than that.
pub const MAX_BYTES: usize = 16 << 10;
/// The field that begins a record; another one means another form.
const FORM: &[u8] = b"1";
const FIELDS: usize = 6;

/// The record of a load: fields that end with a NUL, which none of them can contain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImageRecord(Vec<u8>);

/// The fields of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fields<'record> {
    /// The kernel's calls at the load, [`super::Host::calls`].
    pub calls: &'record [u8],
    /// The time of the load (CLOCK_BOOTTIME), in seconds.
    pub loaded_at_s: &'record [u8],
    /// The kernel's release.
    pub release: &'record [u8],
    /// The route, and what happened to the kernel's digest.
    pub way: &'record [u8],
    /// The path of the image.
    pub image: &'record [u8],
    /// The next kernel's command line.
    pub cmdline: &'record [u8],
}

impl ImageRecord {
    /// Makes the record.
    #[must_use]
    pub fn new(fields: &Fields<'_>) -> ImageRecord {
        let Fields {
            calls,
            loaded_at_s,
            release,
            way,
            image,
            cmdline,
        } = fields;
        let mut bytes = Vec::new();
        for field in [FORM, calls, loaded_at_s, release, way, image, cmdline] {
            bytes.extend(field);
            bytes.push(0);
        }
        ImageRecord(bytes)
    }

    /// Takes the contents of the file. Returns `None` for a record that was not written
    /// whole.
    #[must_use]
    pub fn parse(bytes: Vec<u8>) -> Option<ImageRecord> {
        let ends = bytes.iter().filter(|byte| **byte == 0).count();
        let form = bytes.split(|byte| *byte == 0).next();
        let is_whole = form == Some(FORM) && bytes.ends_with(b"\0");
        (is_whole && ends == FIELDS + 1).then_some(ImageRecord(bytes))
    }

    /// Returns the contents of the file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns whether the record was written in the boot of these calls: a /run on a disk
    /// may hold that of another boot.
    #[must_use]
    pub fn is_of_boot(&self, calls: &str) -> bool {
        boot_id(self.fields().calls) == boot_id(calls.as_bytes())
    }

    /// Returns the fields.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        let mut fields = self.0.split(|byte| *byte == 0).skip(1);
        let mut next = || fields.next().unwrap_or_default();
        Fields {
            calls: next(),
            loaded_at_s: next(),
            release: next(),
            way: next(),
            image: next(),
            cmdline: next(),
        }
    }
}

fn boot_id(calls: &[u8]) -> Option<&[u8]> {
    calls.split(|byte| *byte == b' ').next()
}

/// Returns the seconds of a field; 0 for what is no number.
#[must_use]
pub fn seconds(field: &[u8]) -> u64 {
    let text = core::str::from_utf8(field).unwrap_or_default();
    text.parse().unwrap_or(0)
}

/// Returns the text for [`super::Host::calls`]: the boot's random identifier, and the
/// kernel's count of the loads that are left.
#[must_use]
pub fn calls(boot_id: &str, loads_left: &str) -> String {
    [boot_id, " ", loads_left].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Fields<'static> = Fields {
        calls: b"0-1 -1",
        loaded_at_s: b"42",
        release: b"6.12.0 x",
        way: b"native",
        image: b"/a b\n\xff",
        cmdline: b"root=/dev/vda \"x\ny\"",
    };

    #[test]
    fn records_come_back() {
        let empty = Fields {
            calls: b"",
            loaded_at_s: b"",
            release: b"",
            way: b"",
            image: b"",
            cmdline: b"",
        };
        for fields in [RECORD, empty] {
            let record = ImageRecord::new(&fields);
            assert_eq!(record.fields(), fields);
            let read = ImageRecord::parse(record.as_bytes().to_vec());
            assert_eq!(read, Some(record));
        }
    }

    #[test]
    fn what_is_damaged_is_no_record() {
        let whole = ImageRecord::new(&RECORD).0;
        for bytes in 0..whole.len() {
            assert_eq!(ImageRecord::parse(whole[..bytes].to_vec()), None, "{bytes}");
        }
        for bad in [
            [&whole[..], b"x"].concat(),
            [&whole[..], b"\0"].concat(),
            [b"2", &whole[1..]].concat(),
            [b"10", &whole[1..]].concat(),
        ] {
            assert_eq!(ImageRecord::parse(bad), None);
        }
    }

    #[test]
    fn a_record_belongs_to_one_boot() {
        let record = ImageRecord::new(&RECORD);
        for (calls, is) in [
            ("0-1 -1", true),
            ("0-1 5", true),
            ("0-2 -1", false),
            ("", false),
        ] {
            assert_eq!(record.is_of_boot(calls), is, "{calls}");
        }
    }

    #[test]
    fn seconds_are_read() {
        for (field, read) in [(&b"42"[..], 42), (b"", 0), (b"x", 0), (b"\xff", 0)] {
            assert_eq!(seconds(field), read);
        }
    }
}
