// SPDX-License-Identifier: GPL-2.0-or-later
//! Initrds: joining archives, and making new ones.
//!
//! Layer: pure. Contents of files never come here: [`concat::Part`] names them by slice,
//! and only headers are bytes on the heap.

pub mod concat;
pub mod extra;
pub mod newc;

#[cfg(test)]
mod tests;
