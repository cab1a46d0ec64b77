// SPDX-License-Identifier: GPL-2.0-or-later
//! The record in /run of a loaded crash image. It is needed because the kernel says
//! neither which image is loaded, nor since when. Layer: pure.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

/// The limit on a record's size; longer ones are not read.
pub const MAX_BYTES: usize = 8 << 10;

/// A record. It counts only as long as the kernel says that a crash image is loaded.
/// Another program may have loaded another image since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrashRecord {
    /// The time of the load (CLOCK_BOOTTIME), in seconds.
    pub loaded_at_s: u64,
    /// The smallest reservation that was called enough, in MiB; `None` when not known.
    pub enough_mib: Option<u64>,
    /// The path of the image.
    pub image: Vec<u8>,
}

impl CrashRecord {
    /// Returns the contents of the file. The path comes last, because it may contain any
    /// byte.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let enough = self.enough_mib.map_or("-".into(), |mib| mib.to_string());
        let mut text = format!("1 {} {enough} ", self.loaded_at_s).into_bytes();
        text.extend(&self.image);
        text.push(b'\n');
        text
    }

    /// Parses the contents of the file. Returns `None` for anything that
    /// [`CrashRecord::to_bytes`] does not write.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<CrashRecord> {
        let mut fields = text.strip_suffix(b"\n")?.splitn(4, |byte| *byte == b' ');
        let mut field = || core::str::from_utf8(fields.next()?).ok();
        if field()? != "1" {
            return None;
        }
        let loaded_at_s = field()?.parse().ok()?;
        let enough_mib = match field()? {
            "-" => None,
            mib => Some(mib.parse().ok()?),
        };
        Some(CrashRecord {
            loaded_at_s,
            enough_mib,
            image: fields.next()?.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::CrashRecord;

    #[test]
    fn stamps_come_back() {
        for (enough_mib, path) in [
            (Some(153), &b"/a b\n"[..]),
            (None, b"/\xff"),
            (Some(1), b""),
        ] {
            let record = CrashRecord {
                loaded_at_s: 42,
                enough_mib,
                image: path.to_vec(),
            };
            assert_eq!(CrashRecord::parse(&record.to_bytes()), Some(record));
        }
        for text in [
            &b""[..],
            b"1 2 3 /a",
            b"2 3 4 /a\n",
            b"1 x 3 /a\n",
            b"1 2\n",
        ] {
            assert_eq!(CrashRecord::parse(text), None);
        }
    }
}
