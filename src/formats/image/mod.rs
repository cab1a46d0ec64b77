// SPDX-License-Identifier: GPL-2.0-or-later
//! Boot images: hostile bytes in, structure out. Layer: pure.
//!
//! Files are reached only through [`crate::formats::source::ReadAt`], and only their
//! headers are read. Payloads are [`crate::formats::source::FileSlice`]s, which are
//! proved to lie inside the file, so that `run` can copy them from descriptor to
//! descriptor.
//!
//! Start at [`detect::detect`].

pub mod addon;
pub mod authenticode;
pub mod bzimage;
mod der;
pub mod detect;
pub mod devicetree;
pub mod env_file;
pub mod error;
pub mod fdt;
pub mod hwids;
pub mod linux_image;
pub mod osrel;
pub mod pe;
pub mod pkcs7;
pub mod profile;
pub mod revocation;
mod sha1;
pub mod thin;
pub mod uki;
pub mod zboot;

#[cfg(test)]
pub(crate) mod build;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::signed_uki;
