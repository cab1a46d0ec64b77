// SPDX-License-Identifier: GPL-2.0-or-later
//! The ways in which a person names a block device. Layer: pure.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::formats::disk::partition::Partition;
use crate::formats::disk::superblock::Filesystem;

/// The name of a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeviceName {
    PartUuid(String),
    PartLabel(String),
    Uuid(String),
    Label(Vec<u8>),
    /// The path of its node or of a link to that, and what the links of udev stand for,
    /// where udev does not run.
    Path {
        path: String,
        stands_for: Option<Box<DeviceName>>,
    },
}

impl DeviceName {
    /// Reads a name as `--device` has it: `KEY=VALUE`, as in fstab(5), a path, or the
    /// kernel's name, with or without quotes and blanks around it.
    #[must_use]
    pub fn parse(text: &[u8]) -> DeviceName {
        let text = String::from_utf8_lossy(text);
        let text = bare(&text);
        if let Some((key, value)) = text.split_once('=')
            && let Some(name) = DeviceName::of_key(key, bare(value))
        {
            return name;
        }
        let path = match text.contains('/') {
            true => text.to_string(),
            // As sysfs, which has no slash in names, writes it.
            false => ["/dev/", &text.replace('!', "/")].concat(),
        };
        let stands_for = path.strip_prefix("/dev/disk/by-").and_then(|link| {
            let (key, value) = link.split_once('/')?;
            DeviceName::of_key(&key.to_ascii_uppercase(), &unescaped(value)).map(Box::new)
        });
        DeviceName::Path { path, stands_for }
    }

    /// Returns whether a device has this UUID or label, of its partition or of the file
    /// system on it; only the one that is asked for is read. A path is neither.
    pub fn describes(
        &self,
        partition: &dyn Fn() -> Option<Partition>,
        filesystem: &dyn Fn() -> Option<Filesystem>,
    ) -> bool {
        match self {
            DeviceName::PartUuid(uuid) => partition().is_some_and(|one| same(&one.uuid, uuid)),
            DeviceName::PartLabel(label) => {
                !label.is_empty() && partition().is_some_and(|one| one.label == *label)
            }
            DeviceName::Uuid(uuid) => filesystem().is_some_and(|one| same(&one.uuid, uuid)),
            DeviceName::Label(label) => {
                !label.is_empty() && filesystem().is_some_and(|one| one.label == *label)
            }
            DeviceName::Path { .. } => false,
        }
    }

    fn of_key(key: &str, value: &str) -> Option<DeviceName> {
        let value = value.to_string();
        match key {
            "PARTUUID" => Some(DeviceName::PartUuid(value)),
            "PARTLABEL" => Some(DeviceName::PartLabel(value)),
            "UUID" => Some(DeviceName::Uuid(value)),
            "LABEL" => Some(DeviceName::Label(value.into_bytes())),
            _ => None,
        }
    }
}

/// Returns whether two UUIDs are the same; none is never that.
fn same(uuid: &str, wanted: &str) -> bool {
    !wanted.is_empty() && uuid.eq_ignore_ascii_case(wanted)
}

/// Takes blanks and then one pair of quotes off both ends.
fn bare(text: &str) -> &str {
    let text = text.trim_ascii();
    for quote in ['"', '\''] {
        let inside = text
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inside) = inside {
            return inside;
        }
    }
    text
}

/// Decodes the name of a link of udev, in which `\x20` is a blank.
fn unescaped(name: &str) -> String {
    let mut pieces = name.split('\\');
    let mut bytes = Vec::from(pieces.next().unwrap_or_default());
    for piece in pieces {
        let decoded = piece
            .strip_prefix('x')
            .and_then(|piece| piece.split_at_checked(2))
            .and_then(|(hex, rest)| Some((u8::from_str_radix(hex, 16).ok()?, rest)));
        let (byte, rest) = decoded.unwrap_or((b'\\', piece));
        bytes.push(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
