// SPDX-License-Identifier: GPL-2.0-or-later
//! PURE. What is noted in /run of a crash image that was loaded, because the
//! kernel does not tell which one it has, nor since when.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Longer notes are not read.
pub const MAX_BYTES: usize = 8 << 10;

/// A note. It counts only as long as the kernel says that a crash image is
/// loaded; another program may have loaded another one since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// CLOCK_BOOTTIME of the load.
    pub loaded_at_s: u64,
    /// The least reservation that was called enough; `None` when not known.
    pub enough_mib: Option<u64>,
    /// The image's path.
    pub image: Vec<u8>,
}

impl Stamp {
    /// The file's contents. The path comes last: it may hold any byte.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let enough = self.enough_mib.map_or("-".into(), |mib| mib.to_string());
        let mut text = format!("1 {} {enough} ", self.loaded_at_s).into_bytes();
        text.extend(&self.image);
        text.push(b'\n');
        text
    }

    /// `None` for anything else than [`Stamp::to_bytes`] makes.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Stamp> {
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
        Some(Stamp {
            loaded_at_s,
            enough_mib,
            image: fields.next()?.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn stamps_come_back() {
        for (enough_mib, path) in [
            (Some(153), &b"/a b\n"[..]),
            (None, b"/\xff"),
            (Some(1), b""),
        ] {
            let stamp = Stamp {
                loaded_at_s: 42,
                enough_mib,
                image: path.to_vec(),
            };
            assert_eq!(Stamp::parse(&stamp.to_bytes()), Some(stamp));
        }
        for text in [
            &b""[..],
            b"1 2 3 /a",
            b"2 3 4 /a\n",
            b"1 x 3 /a\n",
            b"1 2\n",
        ] {
            assert_eq!(Stamp::parse(text), None);
        }
    }
}
