// SPDX-License-Identifier: GPL-2.0-or-later
//! Boot entries: how they are sorted, counted and chosen, and which partitions they are
//! read from. Layer: pure.
//!
//! `formats::entries` parses their texts; `run::entries` reads the files, `run::boot`
//! boots one.

pub mod choose;
pub mod device;
pub mod entry;
pub mod error;
pub mod hook;
pub mod menu;
pub mod partitions;

#[cfg(test)]
mod tests;
