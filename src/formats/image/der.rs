// SPDX-License-Identifier: GPL-2.0-or-later
//! DER, as far as signatures need it: a reader for consecutive elements. Layer: pure.
//!
//! Spec: ITU-T X.690. It is strict: lengths must be definite and minimal, and tags have
//! one byte. Nothing is copied, and nothing recurses.
use core::fmt;

pub const INTEGER: u8 = 0x02;
pub const OCTET_STRING: u8 = 0x04;
pub const OID: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;
/// `[0]`, explicit or of a constructed type.
pub const CONTEXT_0: u8 = 0xa0;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DerError {
    /// An element is longer than its container.
    Truncated,
    /// A length that is indefinite, not minimal, or over 4 GiB.
    Length {
        first: u8,
    },
    /// A tag of several bytes.
    LongTag,
    Unexpected {
        wanted: u8,
        found: u8,
    },
    /// More bytes follow where the container should end.
    Trailing {
        bytes: usize,
    },
}

impl fmt::Display for DerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DerError::Truncated => f.write_str("an element is cut short"),
            DerError::Length { first } => write!(f, "length {first:#04x} is not DER"),
            DerError::LongTag => f.write_str("a tag of several bytes"),
            DerError::Unexpected { wanted, found } => {
                write!(f, "tag {found:#04x} where {wanted:#04x} belongs")
            }
            DerError::Trailing { bytes } => write!(f, "{bytes} bytes too many"),
        }
    }
}

/// An element: its tag and its contents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Element<'a> {
    pub tag: u8,
    pub contents: &'a [u8],
}

/// A reader of the elements that have not been read yet.
#[derive(Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the next element, whatever its tag.
    pub fn element(&mut self) -> Result<Element<'a>, DerError> {
        let (&tag, rest) = self.0.split_first().ok_or(DerError::Truncated)?;
        if tag & 0x1f == 0x1f {
            return Err(DerError::LongTag);
        }
        let (&first, mut rest) = rest.split_first().ok_or(DerError::Truncated)?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let count = usize::from(first & 0x7f);
            if !(1..=4).contains(&count) {
                return Err(DerError::Length { first });
            }
            let (bytes, after) = rest.split_at_checked(count).ok_or(DerError::Truncated)?;
            rest = after;
            // At most 4 bytes, so nothing is shifted out.
            length = bytes
                .iter()
                .fold(0, |length, byte| (length << 8) | usize::from(*byte));
            if length < 0x80 || bytes.first() == Some(&0) {
                return Err(DerError::Length { first });
            }
        }
        let (contents, rest) = rest.split_at_checked(length).ok_or(DerError::Truncated)?;
        self.0 = rest;
        Ok(Element { tag, contents })
    }

    /// Reads the next element and returns all of its bytes, including tag and length,
    /// because hashes cover these, too.
    pub fn whole(&mut self) -> Result<&'a [u8], DerError> {
        let bytes = self.0;
        self.element()?;
        let used = bytes.len().saturating_sub(self.0.len());
        bytes.get(..used).ok_or(DerError::Truncated)
    }

    /// Reads the next element, which must have the tag `wanted`, and returns its
    /// contents.
    pub fn take(&mut self, wanted: u8) -> Result<&'a [u8], DerError> {
        let Element { tag, contents } = self.element()?;
        if tag == wanted {
            return Ok(contents);
        }
        Err(DerError::Unexpected { wanted, found: tag })
    }

    /// Like [`Reader::take`], for an element that contains elements.
    pub fn open(&mut self, wanted: u8) -> Result<Reader<'a>, DerError> {
        self.take(wanted).map(Reader)
    }

    /// Reads the next element if it has the tag `wanted`; otherwise reads nothing.
    pub fn optional(&mut self, wanted: u8) -> Result<Option<&'a [u8]>, DerError> {
        if self.0.first() != Some(&wanted) {
            return Ok(None);
        }
        self.take(wanted).map(Some)
    }
}
